/** What goes wrong around a HAProxy: its socket in bad hands, a program that refuses, and a look at what it really serves. */
import { readFileSync } from 'node:fs';
import { chmod, rename, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { execa } from 'execa';
import { parseServersState, type ServerState } from '../../src/haproxy/replies/servers-state.ts';
import { runtimeBatch } from '../../src/haproxy/cli/runtime-socket.ts';
import { masterSocketOf } from './own-haproxy.ts';
import type { Stack } from './stack.ts';

export const runtimeSocketOf = ({ directory }: Stack): string => join(directory, 'run', 'haproxy.sock');

/** What stands between Pacer and the runtime socket does with a reply. */
export type SocketFault =
  /** Each reply comes so much later. */
  | { readonly kind: 'slow'; readonly ms: number }
  /** The replies to `show servers state` end after so many bytes, connection and all. */
  | { readonly kind: 'cut'; readonly bytes: number }
  /** HAProxy does what it is told, but its answer to `add server` never comes: the connection ends. */
  | { readonly kind: 'cut-after-add' }
  /** Takes everything and answers nothing. */
  | { readonly kind: 'silent' }
  /** Something that is no HAProxy answers. */
  | { readonly kind: 'garbage' };

/** Puts a listener of the test in the place of the runtime socket. @returns the way to put things right again */
export async function replaceSocket(path: string, fault: SocketFault): Promise<() => Promise<void>> {
  const real = `${path}.real`;
  await rename(path, real);
  const open = new Set<Socket>();
  const server = createServer((client) => {
    open.add(client);
    client.on('error', () => undefined);
    client.on('close', () => open.delete(client));
    if (fault.kind === 'silent') {
      client.resume();
      return;
    }
    if (fault.kind === 'garbage') {
      client.on('data', () => client.write('\u0000%$ \uFFFD no HAProxy lives here\n> \n> '));
      return;
    }
    relay(client, connect({ path: real }), fault);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return async () => {
    for (const client of open) client.destroy();
    // Closing removes the name.
    await new Promise((resolve) => server.close(resolve));
    await rename(real, path);
  };
}

/** What the reply to `show servers state` begins with. */
const stateHead = '# be_id';

function relay(
  client: Socket,
  haproxy: Socket,
  fault: Exclude<SocketFault, { kind: 'garbage' | 'silent' }>,
): void {
  haproxy.on('error', () => client.destroy());
  haproxy.on('close', () => client.destroy());
  client.on('close', () => haproxy.destroy());
  client.on('data', (chunk: Buffer) => haproxy.write(chunk));
  haproxy.on('data', (chunk: Buffer) => {
    if (fault.kind === 'slow') setTimeout(() => client.write(chunk), fault.ms);
    else if (fault.kind === 'cut' && chunk.includes(stateHead))
      client.end(chunk.subarray(0, chunk.indexOf(stateHead) + fault.bytes));
    else if (fault.kind === 'cut-after-add' && chunk.includes('New server registered')) client.destroy();
    else client.write(chunk);
  });
}

/** A HAProxy program that fails `haproxy -c`, or everything, while it is told so. */
export interface FickleProgram {
  readonly path: string;
  readonly refuse: (what: 'check' | 'everything') => Promise<void>;
  readonly serveAgain: () => Promise<void>;
}

export async function fickleProgram(folder: string): Promise<FickleProgram> {
  const path = join(folder, 'haproxy-fickle');
  const flag = (what: string) => `${path}.${what}`;
  const real = process.env['PACER_HAPROXY_BIN'] ?? '/usr/sbin/haproxy';
  const lines = [
    '#!/bin/sh',
    `refuse() { echo "[ALERT]    ($$) : config : the moon is in the wrong house" >&2; exit 1; }`,
    `[ -e '${flag('everything')}' ] && refuse`,
    `[ "$1" = -c ] && [ -e '${flag('check')}' ] && refuse`,
    `exec '${real}' "$@"`,
  ];
  await writeFile(path, `${lines.join('\n')}\n`);
  await chmod(path, 0o755);
  return {
    path,
    refuse: (what) => writeFile(flag(what), ''),
    serveAgain: async () => {
      for (const what of ['check', 'everything']) await rm(flag(what), { force: true });
    },
  };
}

/** A file system of its own that is soon full; undefined where the test may not mount one. */
export async function smallDisk(
  folder: string,
): Promise<
  { fill: () => Promise<void>; free: () => Promise<void>; unmount: () => Promise<void> } | undefined
> {
  const options = { reject: false } as const;
  const mounted = await execa('mount', ['-t', 'tmpfs', '-o', 'size=4m,mode=700', 'tmpfs', folder], options);
  if (mounted.exitCode !== 0) return undefined;
  const ballast = join(folder, 'ballast');
  return {
    // Until nothing fits any more.
    fill: async () => {
      await execa('dd', ['if=/dev/zero', `of=${ballast}`, 'bs=4k'], options);
    },
    free: () => rm(ballast, { force: true }),
    unmount: async () => {
      await execa('umount', ['-l', folder], options);
    },
  };
}

/** All servers of apps, as HAProxy's current worker has them, asked for on the master's socket. */
export async function serversOf(stack: Stack, backend = ''): Promise<ServerState[]> {
  const [reply] = await runtimeBatch(masterSocketOf(stack), [`show servers state ${backend}`.trim()], {
    master: true,
    worker: 'current',
  });
  // Pacer's own answers on the statistics port are no servers of apps.
  return parseServersState(reply?.text ?? '').filter(
    (server) => server.backend !== 'pacer_endpoints' && server.backend !== 'pacer_statistics',
  );
}

/** The addresses that HAProxy sends requests of a backend to. */
export async function servedBy(stack: Stack, backend: string): Promise<string[]> {
  return (await serversOf(stack, backend))
    .filter(({ admin }) => admin === 'ready')
    .map(({ address, port }) => `${address}:${port}`)
    .sort();
}

/** Megabytes of memory that a process has. */
export function residentMegabytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024;
}
