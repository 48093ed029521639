/** The listening TCP sockets of a network namespace, from /proc/PID/net/tcp and tcp6. */
import { readFile } from 'node:fs/promises';
import { isIP, SocketAddress } from 'node:net';
import { endianness } from 'node:os';

/** One listening socket. */
export interface Listener {
  /** In the notation of `SocketAddress`. */
  readonly address: string;
  readonly port: number;
  /** The user who created the socket. */
  readonly uid: number;
  /** Identifies the socket: /proc/PID/fd of the process that has it contains a link to `socket:[inode]`. */
  readonly inode: string;
}

/**
 * @param of a pid, or this process
 * @returns undefined if it cannot be read, which says nothing
 */
export async function readListeners(of: number | 'self'): Promise<Listener[] | undefined> {
  const read = (table: string) => readFile(`/proc/${of}/net/${table}`, 'utf8');
  const tcp = await read('tcp').catch(() => undefined);
  // Without IPv6 there is no tcp6.
  const tcp6 = await read('tcp6').catch(() => '');
  return tcp === undefined ? undefined : [...parseListeners(tcp), ...parseListeners(tcp6)];
}

/** @param table the text of /proc/net/tcp or tcp6 */
export function parseListeners(table: string): Listener[] {
  return table.split('\n').flatMap((line) => {
    // sl local_address rem_address st tx:rx tr:tm retrnsmt uid timeout inode; state 0A is LISTEN. [linux]
    // proc_net_tcp.txt
    const [, local = '', , state, , , , uid, , inode = ''] = line.trim().split(/\s+/);
    const [address = '', port = ''] = local.split(':');
    if (state !== '0A') return [];
    return [{ address: decoded(address), port: Number.parseInt(port, 16), uid: Number(uid), inode }];
  });
}

/** The listeners that keep others from binding this address. Those on `::` may not block IPv4, so they come last. */
export function inTheWay(
  listeners: readonly Listener[],
  { address, port }: { readonly address: string; readonly port: number },
): Listener[] {
  const samePort = listeners.filter((it) => it.port === port);
  const wanted = normalized(address);
  // `::` also takes IPv4. For a host name, nothing is certain.
  if (wanted === '::' || wanted === undefined) return samePort;
  const sameFamily = samePort.filter((it) => isIP(it.address) === isIP(wanted));
  const exact = sameFamily.filter((it) => it.address === wanted || [it.address, wanted].includes('0.0.0.0'));
  return exact.length > 0 ? exact : samePort.filter((it) => it.address === '::');
}

function normalized(address: string): string | undefined {
  if (address === '*') return '0.0.0.0';
  const version = isIP(address);
  if (version === 0) return undefined;
  return new SocketAddress({ address, family: version === 4 ? 'ipv4' : 'ipv6' }).address;
}

/** Words of 32 bits in the byte order of the machine. */
function decoded(hex: string): string {
  const words = hex.match(/.{8}/g) ?? [];
  const bytes = words.flatMap((word) => {
    const four = word.match(/../g) ?? [];
    return endianness() === 'LE' ? four.reverse() : four;
  });
  if (bytes.length === 4) return bytes.map((byte) => Number.parseInt(byte, 16)).join('.');
  const address = bytes.join('').match(/.{4}/g)?.join(':') ?? '::';
  const mapped = /^(?:0{4}:){5}ffff:/i.test(address);
  // `::ffff:127.0.0.1` blocks IPv4's 127.0.0.1.
  if (mapped)
    return bytes
      .slice(12)
      .map((byte) => Number.parseInt(byte, 16))
      .join('.');
  return new SocketAddress({ address, family: 'ipv6' }).address;
}
