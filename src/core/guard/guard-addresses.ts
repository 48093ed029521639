/** Where a label's fragment may send HAProxy: not to this node, its sockets, or what answers it because it is this node. */
import type { Objection } from './objection.ts';
import { plainAddress } from '../collections/same-address.ts';
import { isIp } from '../labels/address.ts';

const addressAfter: ReadonlySet<string> = new Set([
  'server',
  'dispatch',
  'addr',
  'agent-addr',
  'socks4',
  'log',
  'source',
]);

/** Lines whose addresses HAProxy connects to: what a name leads to, nobody can judge here. */
const connecting: ReadonlySet<string> = new Set([
  'server',
  'dispatch',
  'default-server',
  'http-check',
  'tcp-check',
]);

/** Sockets, and the machine itself, where the status server and others trust whoever asks. */
export function wrongAddress(
  words: readonly string[],
  ownAddresses: readonly string[],
): Objection | undefined {
  const own = ownAddresses.map(plainAddress);
  for (const [i, word] of words.entries()) {
    if (!addressAfter.has(word)) continue;
    // The name of a server may be any of these words.
    if (i === 1 && words[0] === 'server') continue;
    const address = words[word === 'server' && i === 0 ? 2 : i + 1] ?? '';
    if (/^[a-z0-9]*@/i.test(address) || /^[/.]/.test(address))
      return { reason: `${address} is a socket of the machine`, remedy: 'write an address and a port' };
    const hosts = hostsOf(address);
    const remedy = 'write the address of a server';
    if (hosts.some((host) => isOwnMachine(host) || own.includes(host)))
      return { reason: `${address} is the load balancer itself`, remedy };
    if (hosts.some(isAboutThisNode))
      return { reason: `${address} answers for the node that asks, as its cloud's metadata`, remedy };
    if (connecting.has(words[0] ?? '') && !hosts.some(isIp))
      return { reason: `${address} is not an address`, remedy: 'write an IP address and a port' };
  }
  return undefined;
}

/** What HAProxy may take for the host: the end of a bare IPv6 address may be a port. */
function hostsOf(address: string): string[] {
  const bracketed = /^\[(.*)\](?::\d*)?$/.exec(address)?.[1];
  if (bracketed !== undefined) return [plainAddress(bracketed)];
  const host = plainAddress(address.replace(/:\d*$/, ''));
  return isIp(address) ? [host, plainAddress(address)] : [host];
}

const isOwnMachine = (host: string): boolean =>
  /^(?:127\.|0\.|0x|localhost|::1$|::$|::ffff:(?:127|7f)|\*)/i.test(host) ||
  /^0*\d{1,3}$|^\d{5,}$/.test(host);

/** Link-local addresses, and those of other clouds' metadata: what they answer is the node's identity. */
const isAboutThisNode = (host: string): boolean =>
  /^(?:169\.254\.|fe[89ab][0-9a-f]:|64:ff9b::a9fe:)/i.test(host) || metadata.has(host);

const metadata: ReadonlySet<string> = new Set([
  'fd00:ec2::254',
  'fd20:ce::254',
  '100.100.100.200',
  '168.63.129.16',
  '192.0.0.192',
]);
