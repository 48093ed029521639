/** A TCP pass-through before Marathon that counts what Pacer fetches: event stream, lists of all apps, and the rest. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export type WireCounts = Record<'fetchedBytes' | 'requests' | 'listBytes' | 'lists' | 'streamBytes', number>;

export interface CountingProxy {
  readonly port: number;
  readonly counts: () => WireCounts;
  readonly close: () => void;
}

export async function startCountingProxy(target: number): Promise<CountingProxy> {
  const counts: WireCounts = { fetchedBytes: 0, requests: 0, listBytes: 0, lists: 0, streamBytes: 0 };
  const open = new Set<Socket>();
  const server = createServer({ noDelay: true }, (client) => {
    const upstream = connect({ port: target, host: '127.0.0.1', noDelay: true });
    // What an answer belongs to is told by the request before it: there is no pipelining.
    let kind: 'fetched' | 'list' | 'stream' = 'fetched';
    client.on('data', (chunk: Buffer) => {
      const start = chunk.toString('latin1', 0, 40);
      if (!/^[A-Z]{3,7} \//.test(start)) return;
      kind = start.startsWith('GET /v2/events')
        ? 'stream'
        : start.startsWith('GET /v2/apps?')
          ? 'list'
          : 'fetched';
      if (kind === 'fetched') counts.requests += 1;
      if (kind === 'list') counts.lists += 1;
    });
    upstream.on('data', (chunk: Buffer) => (counts[`${kind}Bytes`] += chunk.length));
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(from);
      from.pipe(to);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        open.delete(from);
        to.destroy();
      });
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    counts: () => ({ ...counts }),
    close: () => {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}
