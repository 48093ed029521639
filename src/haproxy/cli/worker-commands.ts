/** Commands to the current worker: over its runtime socket, or through the master if that socket does not answer. */
import { messageOf, PacerError } from '../../errors.ts';
import { currentWorkerBatch } from './current-worker.ts';
import type { RuntimeCommand, RuntimeReply } from './runtime-command.ts';
import { runtimeBatch } from './runtime-socket.ts';

/** Sends commands to the current worker. */
export interface WorkerCommands {
  /** @throws PacerError HAPROXY_UNREACHABLE if neither way reaches a worker */
  readonly send: (commands: readonly RuntimeCommand[]) => Promise<RuntimeReply[]>;
  /** Why the runtime socket is not used; undefined while it is. */
  readonly socketFault: () => string | undefined;
}

/** Milliseconds until a runtime socket that failed is tried again: one that hangs costs seconds each time. */
const retryMs = 5_000;

/** @param runtimeSocket undefined: all commands go through the master */
export function workerCommands(masterSocket: string, runtimeSocket: string | undefined): WorkerCommands {
  let fault: { readonly message: string; readonly since: number } | undefined;
  return {
    socketFault: () => fault?.message,
    send: async (commands) => {
      const throughMaster = () => runtimeBatch(masterSocket, commands, { master: true, worker: 'current' });
      if (runtimeSocket === undefined) return throughMaster();
      if (fault !== undefined && performance.now() - fault.since < retryMs) return throughMaster();
      try {
        const replies = await currentWorkerBatch(runtimeSocket, commands);
        fault = undefined;
        return replies;
      } catch (error) {
        if (!(error instanceof PacerError) || error.code !== 'HAPROXY_UNREACHABLE') throw error;
        // Some commands may have been executed already; the caller reads back the result.
        const replies = await throughMaster();
        fault = { message: messageOf(error), since: performance.now() };
        return replies;
      }
    },
  };
}
