/** A reload as each mode asks for it and judges it. */
import type { ControlMode, ReloadResult } from '../../../src/haproxy/control/control.ts';
import { readMessages } from './messages.ts';
import type { FakeProcesses, ReloadOutcome } from './processes.ts';
import { frozenText, hashOf } from './running.ts';

/** How long a new worker with another hash may be one that somebody else's reload made. */
const foreignReloadMs = 2_000;

interface FakeReload {
  readonly desiredHash: string;
  readonly deadlineMs: number;
  /** Ends the waiting. */
  readonly signal: AbortSignal | undefined;
  readonly command: ((reload: () => Promise<unknown>) => Promise<string | undefined>) | undefined;
  /** Whether the worker can be asked. */
  readonly sees: boolean;
}

type Verdict = ReloadResult extends infer R ? (R extends unknown ? Omit<R, 'durationMs'> : never) : never;

export async function reloadFake(
  haproxy: FakeProcesses,
  mode: ControlMode,
  options: FakeReload,
): Promise<Verdict> {
  if (mode === 'command') return byCommand(haproxy, options);
  const { desiredHash, deadlineMs } = options;
  const refused = (reason: string): Verdict => ({ kind: 'failed', reason, messages: [] });
  const { master } = haproxy;
  if (options.signal?.aborted === true) return refused('Pacer stopped waiting for the reload');
  if (master?.frozen === true) return refused(frozenText(master.pid));
  if (master === undefined)
    return refused(`the master socket ${haproxy.disk.stateDir}/run/master.sock does not answer`);
  const outcome = await within(haproxy, options, haproxy.reload());
  if (outcome === 'aborted') return refused('Pacer stopped waiting for the reload');
  if (outcome === 'late' || outcome.kind === 'gone')
    return refused(`HAProxy has not finished the reload within ${deadlineMs} ms`);
  if (outcome.kind === 'refused')
    return {
      ...refused('HAProxy refused the configuration'),
      messages: readMessages(haproxy, outcome.alerts),
    } as Verdict;
  const { worker } = outcome;
  if (hashOf(worker) === desiredHash)
    return { kind: 'done', workerPid: worker.pid, oldWorkers: haproxy.old.length };
  await haproxy.clock.sleep(foreignReloadMs);
  return refused(`the new worker runs ${hashOf(worker) ?? 'no revision of ours'}, not ${desiredHash}`);
}

async function byCommand(haproxy: FakeProcesses, options: FakeReload): Promise<Verdict> {
  const { desiredHash, deadlineMs, command, sees } = options;
  const failed = (reason: string): Verdict => ({ kind: 'failed', reason, messages: [] });
  if (options.signal?.aborted === true) return failed('Pacer stopped waiting for the reload command');
  const answered = sees && haproxy.current !== undefined;
  const run =
    command ??
    (async (reload) => {
      await reload();
      return undefined;
    });
  const ended = await within(
    haproxy,
    options,
    run(() => haproxy.reload()).then((why) => ({ why })),
  );
  if (ended === 'aborted') return failed('Pacer stopped waiting for the reload command');
  if (ended === 'late') return failed(`the reload command took longer than ${deadlineMs} ms`);
  if (ended.why !== undefined) return failed(ended.why);
  if (!answered && haproxy.current === undefined) return { kind: 'done', oldWorkers: 0 };
  if (!sees) return { kind: 'done', oldWorkers: 0 };
  const look = () => {
    const { current } = haproxy;
    return current !== undefined && !current.frozen && hashOf(current) === desiredHash ? current : undefined;
  };
  const worker = await haproxy.waitFor(look, deadlineMs);
  if (worker !== undefined) return { kind: 'done', workerPid: worker.pid, oldWorkers: 0 };
  const { current } = haproxy;
  const but =
    current === undefined || current.frozen
      ? 'HAProxy no longer answers'
      : `HAProxy runs ${hashOf(current) ?? 'no revision of ours'}, not ${desiredHash}`;
  return failed(`the reload command succeeded, but ${but}`);
}

/** What was begun goes on, whatever becomes of the waiting. */
function within<T extends ReloadOutcome | { why: string | undefined }>(
  { clock }: FakeProcesses,
  { deadlineMs, signal }: FakeReload,
  work: Promise<T>,
): Promise<T | 'late' | 'aborted'> {
  return new Promise((resolve, reject) => {
    const end = (value: T | 'late' | 'aborted') => {
      cancel();
      signal?.removeEventListener('abort', abort);
      resolve(value);
    };
    const abort = () => end('aborted');
    const cancel = clock.after(deadlineMs, () => end('late'));
    if (signal?.aborted === true) abort();
    signal?.addEventListener('abort', abort, { once: true });
    work.then(end, reject);
  });
}
