/**
 * The master's own commands. While 2.6 and 3.0 parse a new configuration, the master does not answer (ECONNREFUSED,
 * EAGAIN, ECONNRESET, or a closed connection), so reads are retried for a while.
 */
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { PacerError } from '../../errors.ts';
import { assertSocketPath } from './cli-session.ts';
import { parseEnv } from '../replies/info.ts';
import { parseProc, type ProcTable, servingWorker } from '../replies/proc.ts';
import { runtimeBatch } from './runtime-socket.ts';

/** A variable that our configuration sets, so that a worker can be asked which configuration it runs. */
export const hashVariable = 'PACER_HASH';

/** What the master and its worker report. */
export interface MasterState extends ProcTable {
  /** What the serving worker answers for PACER_HASH; undefined if none answers, or the variable is not set. */
  readonly hash: string | undefined;
  /** False while a new worker is listed but does not answer yet (3.1 and later: it is still parsing). */
  readonly workerAnswers: boolean;
}

/**
 * Reads `show proc` and the hash of the serving worker, once.
 * @throws PacerError HAPROXY_UNREACHABLE, SOCKET_PATH_TOO_LONG
 */
export async function readMaster(path: string, timeoutMs = 5_000): Promise<MasterState> {
  const [proc] = await runtimeBatch(path, ['show proc'], { master: true, timeoutMs });
  const table = parseProc(proc?.text ?? '');
  if (table === undefined) {
    throw new PacerError(
      'HAPROXY_UNREACHABLE',
      `${path} does not answer "show proc" like a HAProxy master`,
      'name the socket that HAProxy was started with: haproxy -W -S <socket>',
    );
  }
  const worker = servingWorker(table);
  const env = worker === undefined ? undefined : await askForHash(path, worker.pid, timeoutMs);
  return { ...table, hash: parseEnv(env ?? '', hashVariable), workerAnswers: env !== undefined };
}

/** By pid, not `@1`: between two commands another worker may have become the first. */
async function askForHash(path: string, worker: number, timeoutMs: number): Promise<string | undefined> {
  try {
    const [env] = await runtimeBatch(path, [`show env ${hashVariable}`], { master: true, worker, timeoutMs });
    // 3.x says "Can't find the target PID" and continues.
    return env?.text.startsWith("Can't") === true ? undefined : env?.text;
  } catch {
    // 2.6 says the same and closes the connection.
    return undefined;
  }
}

/**
 * Reads again and again until `until` returns a result, the signal aborts or the time is over.
 * @returns what `until` returned; undefined if the time was over
 */
export async function pollMaster<T>(
  path: string,
  { deadlineMs, signal }: { readonly deadlineMs: number; readonly signal?: AbortSignal | undefined },
  until: (state: MasterState) => T | undefined,
): Promise<T | undefined> {
  const begun = performance.now();
  const deadline = begun + deadlineMs;
  // Most reloads take less than a second, and the next change waits for them. Longer pauses only after that.
  const longest = () => (performance.now() - begun < 5_000 ? 20 : 250);
  for (
    let pause = 5;
    performance.now() < deadline && signal?.aborted !== true;
    pause = Math.min(pause * 2, longest())
  ) {
    const left = Math.max(1, deadline - performance.now());
    const state = await readMaster(path, Math.min(5_000, left)).catch((error: unknown) => {
      if (error instanceof PacerError && error.code === 'HAPROXY_UNREACHABLE') return undefined;
      throw error;
    });
    const result = state === undefined ? undefined : until(state);
    if (result !== undefined) return result;
    await sleep(Math.min(pause, left));
  }
  return undefined;
}

/** [haproxy] 3.2.26: "Success=0 -- Another reload is still in progress." */
export const anotherReload = 'Another reload is still in progress';

/**
 * Sends `reload` and collects what the master says until it closes the connection: nothing on 2.6, which closes at
 * once; from 2.7 on `Success=0|1` and its messages, after the reload.
 * @returns `sent` is false if the master could not be reached, so that no reload can have begun
 */
export function sendReload(
  path: string,
  timeoutMs: number,
): Promise<{ readonly sent: boolean; readonly text: string }> {
  assertSocketPath(path);
  return new Promise((resolve) => {
    const socket = connect({ path });
    let sent = false;
    let text = '';
    const finish = () => {
      socket.destroy();
      clearTimeout(timer);
      resolve({ sent, text });
    };
    const timer = setTimeout(finish, timeoutMs);
    socket.setEncoding('utf8');
    socket.on('connect', () => {
      sent = true;
      // The connection is not half-closed: the master would take the end of input for the end of the session.
      socket.write('reload\n');
    });
    socket.on('data', (chunk: string) => {
      text += chunk;
      // The only reply after which 3.2 leaves the connection open.
      if (text.includes(anotherReload)) finish();
    });
    socket.on('error', finish);
    socket.on('close', finish);
  });
}
