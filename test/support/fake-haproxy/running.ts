/** What each mode learns of the fake processes when it asks what runs, and how long that takes. */
import { hashVariable } from '../../../src/haproxy/cli/master-socket.ts';
import type { ControlMode, OldWorker, RunningAnswer } from '../../../src/haproxy/control/control.ts';
import { sessionsOf } from './commands/process.ts';
import type { FakeMaster, FakeProcesses } from './processes.ts';
import type { FakeWorker } from './worker.ts';

/** Milliseconds for each question. */
const askMs = 2_000;

export const hashOf = ({ environment }: FakeWorker): string | undefined => environment.get(hashVariable);

/** What a control knows. */
export interface Asking {
  readonly mode: ControlMode;
  /** It knows the runtime socket. */
  readonly seesWorker: boolean;
  /** The pids that it has seen. */
  readonly masterPid: number | undefined;
  readonly workerPid: number | undefined;
}

export async function whatRunsNow(haproxy: FakeProcesses, asking: Asking): Promise<RunningAnswer> {
  return asking.mode === 'command' ? byWorker(haproxy, asking) : byMaster(haproxy, asking);
}

async function byWorker(haproxy: FakeProcesses, { seesWorker, workerPid }: Asking): Promise<RunningAnswer> {
  if (!seesWorker) return { kind: 'blind' };
  const { sockets } = haproxy;
  const worker = await answering(haproxy, () => (sockets.runtime ? haproxy.current : undefined));
  if (worker !== undefined) return { kind: 'running', running: fromWorker(haproxy, worker) };
  if (haproxy.current !== undefined && sockets.runtime)
    return { kind: 'silent', reason: `a program listens on ${socketOf(haproxy)}, and does not answer` };
  if (workerPid === undefined) return { kind: 'blind' };
  return haproxy.current?.pid === workerPid
    ? {
        kind: 'silent',
        reason: `HAProxy (pid ${workerPid}) runs, but does not answer on ${socketOf(haproxy)}`,
      }
    : { kind: 'absent' };
}

async function byMaster(haproxy: FakeProcesses, { seesWorker, masterPid }: Asking): Promise<RunningAnswer> {
  const { sockets } = haproxy;
  let reason: string | undefined;
  // One that is known to be frozen is not asked.
  const known = haproxy.master?.pid === masterPid && haproxy.master?.frozen === true;
  // While the master of 2.6 or 3.0 reads a configuration nobody listens on its socket.
  const away = haproxy.reloading && haproxy.current?.capabilities.masterUnreachableInReload === true;
  if (!known && !away && sockets.master) {
    const master = await answering(haproxy, () => haproxy.master);
    if (master !== undefined) {
      const worker = await answering(haproxy, () => haproxy.current);
      if (worker !== undefined) return { kind: 'running', running: fromMaster(haproxy, master, worker) };
      if (haproxy.current !== undefined)
        reason = `the master (pid ${master.pid}) answers, but its worker does not`;
    }
  }
  if (seesWorker && sockets.runtime) {
    const worker = await answering(haproxy, () => haproxy.current);
    if (worker !== undefined) return { kind: 'running', running: fromWorker(haproxy, worker) };
  }
  const { master } = haproxy;
  if (reason !== undefined) return { kind: 'silent', reason };
  if (master === undefined) return { kind: 'absent' };
  if (master.frozen) return { kind: 'silent', reason: frozenText(master.pid) };
  const runs = `HAProxy (pid ${master.pid}) runs`;
  return sockets.master
    ? { kind: 'silent', reason: `${runs}, and does not answer` }
    : { kind: 'silent', reason: `${runs}, but its socket was removed`, socketsGone: true };
}

export const frozenText = (pid: number): string =>
  `HAProxy (pid ${pid}) is frozen; "kill -CONT ${pid}" wakes it`;

const socketOf = ({ disk }: FakeProcesses): string => `${disk.stateDir}/run/haproxy.sock`;

/** Undefined at once when nobody is there, and after a while when it is frozen. */
async function answering<T extends { readonly frozen: boolean }>(
  haproxy: FakeProcesses,
  find: () => T | undefined,
): Promise<T | undefined> {
  const look = () => {
    const found = find();
    if (found === undefined) return 'nobody' as const;
    return found.frozen ? undefined : found;
  };
  const found = await haproxy.waitFor(look, askMs);
  return found === 'nobody' ? undefined : found;
}

function fromWorker({ clock }: FakeProcesses, worker: FakeWorker) {
  return {
    ...{ hash: hashOf(worker), version: worker.versionText, workerPid: worker.pid },
    uptimeSeconds: Math.floor((clock.now() - worker.startedAt) / 1000),
    oldWorkers: [] as readonly OldWorker[],
    ...{ reloads: 0, failedReloads: 0 },
  };
}

function fromMaster(haproxy: FakeProcesses, master: FakeMaster, worker: FakeWorker) {
  const now = haproxy.clock.now();
  const oldWorkers = haproxy.old.map((each) => ({
    ...{ pid: each.pid, uptimeSeconds: Math.floor((now - each.startedAt) / 1000) },
    ...{ reloads: master.reloads - each.loadedAt, connections: sessionsOf(each) },
  }));
  return {
    ...fromWorker(haproxy, worker),
    ...{ version: master.versionText, masterPid: master.pid, oldWorkers },
    ...{ reloads: master.reloads, failedReloads: master.failed },
  };
}
