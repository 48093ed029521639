/** A TCP pass-through before Marathon that counts what Pacer fetches; the event stream apart from the rest. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface CountingProxy {
  readonly port: number;
  readonly counts: () => { fetchedBytes: number; streamBytes: number; requests: number };
  readonly close: () => void;
}

export async function startCountingProxy(target: number): Promise<CountingProxy> {
  const counts = { fetchedBytes: 0, streamBytes: 0, requests: 0 };
  const open = new Set<Socket>();
  const server = createServer({ noDelay: true }, (client) => {
    const upstream = connect({ port: target, host: '127.0.0.1', noDelay: true });
    // What an answer belongs to is told by the request before it: there is no pipelining.
    let isStream = false;
    client.on('data', (chunk: Buffer) => {
      if (!/^[A-Z]{3,7} \//.test(chunk.toString('latin1', 0, 10))) return;
      isStream = chunk.toString('latin1', 0, 40).startsWith('GET /v2/events');
      counts.requests += 1;
    });
    upstream.on('data', (chunk: Buffer) => {
      if (isStream) counts.streamBytes += chunk.length;
      else counts.fetchedBytes += chunk.length;
    });
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
