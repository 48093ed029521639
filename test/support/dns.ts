/** A DNS server on a free port of loopback that says what a test wants: A, AAAA and SRV records. */
import { createSocket, type RemoteInfo } from 'node:dgram';
import { onTestFinished } from 'vitest';

export interface Zone {
  /** Addresses by name, of both kinds. */
  addresses?: Readonly<Record<string, readonly string[]>>;
  /** Names that get no answer. */
  hangs?: (name: string) => boolean;
  /** Seconds that addresses hold; 60 unless told. */
  ttl?: number;
  services?: Readonly<
    Record<string, readonly { target: string; port: number; priority?: number; weight?: number }[]>
  >;
}

export interface DnsServer {
  /** For `--marathon-dns`. */
  readonly address: string;
  /** Names that were asked for. */
  readonly asked: string[];
  set(zone: Zone): void;
  /** Nobody answers any more. */
  silence(silent: boolean): void;
  readonly close: () => Promise<void>;
}

const types = { A: 1, AAAA: 28, SRV: 33 } as const;

/** For one test. */
export async function startDns(zone: Zone = {}): Promise<DnsServer> {
  const server = await openDns(zone);
  onTestFinished(server.close);
  return server;
}

export async function openDns(zone: Zone = {}): Promise<DnsServer> {
  const socket = createSocket('udp4');
  const asked: string[] = [];
  let current = zone;
  let silent = false;
  socket.on('message', (query, from: RemoteInfo) => {
    if (silent) return;
    const { name, type, end } = questionOf(query);
    asked.push(name);
    if (current.hangs?.(name) === true) return;
    const answers = recordsOf(current, name.toLowerCase(), type);
    // [rfc1035] 4.1.1: an answer, recursion desired and available; 3 = there is no such name.
    const header = Buffer.alloc(12);
    query.copy(header, 0, 0, 2);
    header.writeUInt16BE(answers === undefined ? 0x8183 : 0x8180, 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(answers?.length ?? 0, 6);
    const records = (answers ?? []).map((data) => record(type, data, current.ttl ?? 60));
    socket.send(Buffer.concat([header, query.subarray(12, end), ...records]), from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${socket.address().port}`,
    asked,
    set: (next) => (current = next),
    silence: (wanted) => (silent = wanted),
    close: () => new Promise<void>((resolve) => socket.close(() => resolve())),
  };
}

function questionOf(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at]!; length > 0; length = query[at]!) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += length + 1;
  }
  return { name: labels.join('.'), type: query.readUInt16BE(at + 1), end: at + 5 };
}

/** Undefined for a name of which nothing is known. */
function recordsOf(
  { addresses = {}, services = {} }: Zone,
  name: string,
  type: number,
): Buffer[] | undefined {
  const known = addresses[name];
  const service = services[name];
  if (known === undefined && service === undefined) return undefined;
  if (type === types.A) return (known ?? []).filter((it) => !it.includes(':')).map(v4);
  if (type === types.AAAA)
    return (known ?? [])
      .filter((it) => it === '::1')
      .map(() => Buffer.from([...Array<number>(15).fill(0), 1]));
  if (type !== types.SRV) return [];
  return (service ?? []).map(({ target, port, priority = 0, weight = 0 }) => {
    const head = Buffer.alloc(6);
    head.writeUInt16BE(priority, 0);
    head.writeUInt16BE(weight, 2);
    head.writeUInt16BE(port, 4);
    return Buffer.concat([head, ...target.split('.').map(label), Buffer.from([0])]);
  });
}

const v4 = (address: string): Buffer => Buffer.from(address.split('.').map(Number));
const label = (text: string): Buffer =>
  Buffer.concat([Buffer.from([text.length]), Buffer.from(text, 'latin1')]);

/** The name of the question, a class, seconds to live, the data. */
function record(type: number, data: Buffer, ttl: number): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt16BE(0xc00c, 0);
  head.writeUInt16BE(type, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt32BE(ttl, 6);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}
