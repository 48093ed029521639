/** What runs, in the words of control.ts, from what a master or a worker says. */
import type { Running } from './control.ts';
import { currentWorkerBatch } from './current-worker.ts';
import { hashVariable, type MasterState } from './master-socket.ts';
import { parseEnv, parseInfo } from './replies/info.ts';
import { servingWorker } from './replies/proc.ts';

/** Undefined while no worker serves. */
export function runningFromMaster(state: MasterState): Running | undefined {
  const worker = servingWorker(state);
  if (worker === undefined) return undefined;
  return {
    hash: state.hash,
    version: state.master.version,
    masterPid: state.master.pid,
    workerPid: worker.pid,
    uptimeSeconds: worker.uptimeSeconds,
    oldWorkers: state.oldWorkers.filter(({ pid }) => pid !== worker.pid),
    reloads: state.master.reloads,
    failedReloads: state.master.failed,
  };
}

/**
 * Asks the worker behind a runtime socket.
 * @throws PacerError HAPROXY_UNREACHABLE
 */
export async function runningFromWorker(runtimeSocket: string, timeoutMs: number): Promise<Running> {
  const [info, env] = await currentWorkerBatch(runtimeSocket, ['show info', `show env ${hashVariable}`], {
    timeoutMs,
  });
  const { version, pid, uptimeSeconds } = parseInfo(info?.text ?? '');
  return {
    hash: parseEnv(env?.text ?? '', hashVariable),
    version,
    workerPid: pid,
    uptimeSeconds,
    oldWorkers: [],
    reloads: 0,
    failedReloads: 0,
  };
}
