/** Names and ids that tools parse, exactly as marathon-lb makes them. */
import { asAppId, type AppId, type BackendName, type ServerName } from './ids.ts';

/** Digests as lower-case hex. They arrive as arguments: the core imports nothing. */
export interface Digests {
  readonly sha1: (text: string) => string;
  readonly sha256: (text: string) => string;
}

/** `/team/web` on 10001: `team_web_10001`. */
export function backendName(appId: AppId, servicePort: number): BackendName {
  return `${asAppId(appId).slice(1).replaceAll('/', '_')}_${servicePort}` as BackendName;
}

/** `<host>_<ip>_<port>`, or `<ip>_<port>` where host and address are the same. */
export function serverName(host: string, address: string, port: number): ServerName {
  const text = host === address ? `${address}_${port}` : `${host}_${address}_${port}`;
  return text.replace(/[^A-Za-z0-9-]/g, '_') as ServerName;
}

/** A number that HAProxy takes as a server's id; another one where it is 0 or taken. */
export function serverId(name: string, taken: ReadonlySet<number>, digests: Digests): number {
  let text = name;
  for (;;) {
    const digest = digests.sha256(text);
    const id = remainder(digest, 32767);
    if (id !== 0 && !taken.has(id)) return id;
    text = `${text} ${digest}`;
  }
}

/** Of a number in hex digits, six of them at a time: a big integer takes ten times as long. */
function remainder(hex: string, divisor: number): number {
  let rest = 0;
  for (let at = 0; at < hex.length; at += 6) {
    const digits = hex.slice(at, at + 6);
    rest = (rest * 16 ** digits.length + Number.parseInt(digits, 16)) % divisor;
  }
  return rest;
}

/** The sticky cookie's value for a server. */
export const serverCookie = (name: string, digests: Digests): string => digests.sha1(name).slice(0, 10);
