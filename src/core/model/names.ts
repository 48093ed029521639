/** Names and ids that tools parse, exactly as marathon-lb makes them. */
import { asAppId, type AppId, type BackendName, type ServerName } from './ids.ts';

/** Digests as lower-case hex. They are arguments, because the core imports nothing. */
export interface Digests {
  readonly sha1: (text: string) => string;
  readonly sha256: (text: string) => string;
}

/** `/team/web` on 10001: `team_web_10001`. */
export function backendName(appId: AppId, servicePort: number): BackendName {
  return `${asAppId(appId).slice(1).replaceAll('/', '_')}_${servicePort}` as BackendName;
}

/** The name of a service's backend ends with its port, unlike those of Pacer's own backends. */
export const isServiceBackend = (backend: string): boolean => /_\d+$/.test(backend);

/** `<host>_<ip>_<port>`, or `<ip>_<port>` if host and address are the same. */
export function serverName(host: string, address: string, port: number): ServerName {
  const text = host === address ? `${address}_${port}` : `${host}_${address}_${port}`;
  return text.replace(/[^A-Za-z0-9-]/g, '_') as ServerName;
}

/** The value of a server's sticky cookie. */
export const serverCookie = (name: string, digests: Digests): string => digests.sha1(name).slice(0, 10);
