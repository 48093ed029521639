/** What old workers still have to do: how many connections keep each of them alive. */
import type { OldWorker, Running } from './control.ts';
import { parseInfo } from '../replies/info.ts';
import { runtimeBatch } from '../cli/runtime-socket.ts';

/** So many are asked; a HAProxy with more has another problem. */
const mostAsked = 10;

export async function withConnections(
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

/** Undefined where the worker does not answer: it may just have ended. */
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
