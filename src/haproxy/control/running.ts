/** What runs, as a `RunningAnswer`, from what a master or a worker reports. */
import type { OldWorker, Running, RunningAnswer } from './control.ts';
import { currentWorkerBatch } from '../cli/current-worker.ts';
import { PacerError } from '../../errors.ts';
import { hashVariable, readMaster, type MasterState } from '../cli/master-socket.ts';
import { isFrozen } from '../process/proc-fs.ts';
import { signOfLife, type SignOfLife } from './presence.ts';
import { parseEnv, parseInfo } from '../replies/info.ts';
import { servingWorker } from '../replies/proc.ts';
import { runtimeBatch } from '../cli/runtime-socket.ts';

/** What runs; undefined for every other answer. */
export function runningOf(answer: RunningAnswer): Running | undefined {
  return answer.kind === 'running' ? answer.running : undefined;
}

/** Whether only the current worker is left, as far as the master knows. */
export const hasOneWorker = (running: Running | undefined): boolean =>
  running?.masterPid !== undefined && running.oldWorkers.length === 0;

/** Milliseconds for each question. */
const askMs = 2_000;

/** Asks the master, then the worker, then looks for a living process or socket. */
export async function whatRuns(
  sockets: { readonly masterSocket?: string; readonly runtimeSocket?: string | undefined },
  masterPid?: number,
): Promise<RunningAnswer> {
  const { masterSocket, runtimeSocket } = sockets;
  let sign: SignOfLife | undefined;
  const frozen = masterPid !== undefined && (await isFrozen(masterPid));
  if (masterSocket !== undefined && !frozen) {
    try {
      const state = await readMaster(masterSocket, askMs);
      const found = state.workerAnswers ? runningFromMaster(state) : undefined;
      const running = await withConnections(found, masterSocket);
      if (running !== undefined) return { kind: 'running', running };
      sign = { reason: `the master (pid ${state.master.pid}) answers, but its worker does not` };
    } catch (error) {
      if (error instanceof PacerError && error.code === 'SOCKET_PATH_TOO_LONG')
        sign = { reason: error.message };
    }
  }
  if (runtimeSocket !== undefined) {
    const running = await runningFromWorker(runtimeSocket, askMs).catch(() => undefined);
    if (running !== undefined) return { kind: 'running', running };
  }
  const paths = [masterSocket, runtimeSocket].filter((path) => path !== undefined);
  sign ??= await signOfLife({ sockets: paths, masterPid, ...(masterSocket && { masterSocket }) });
  return sign === undefined ? { kind: 'absent' } : { kind: 'silent', ...sign };
}

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

/** At most this many old workers are asked. A HAProxy with more has another problem. */
const mostAsked = 10;

async function withConnections(
  running: Running | undefined,
  masterSocket: string,
): Promise<Running | undefined> {
  if (running === undefined || running.oldWorkers.length === 0) return running;
  const ask = async (worker: OldWorker): Promise<OldWorker> => {
    const connections = await connectionsOf(masterSocket, worker.pid);
    return connections === undefined ? worker : { ...worker, connections };
  };
  const [asked, rest] = [running.oldWorkers.slice(0, mostAsked), running.oldWorkers.slice(mostAsked)];
  return { ...running, oldWorkers: [...(await Promise.all(asked.map(ask))), ...rest] };
}

/** Undefined if the worker does not answer: it may just have ended. */
async function connectionsOf(masterSocket: string, worker: number): Promise<number | undefined> {
  try {
    const [info] = await runtimeBatch(masterSocket, ['show info'], { master: true, worker, timeoutMs: 1000 });
    const { pid, currentConnections } = parseInfo(info?.text ?? '');
    // The connection that asks is one of them.
    return pid === worker ? Math.max(0, currentConnections) : undefined;
  } catch {
    return undefined;
  }
}
