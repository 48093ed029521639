/** Commands to the current worker: on its runtime socket, or through the master where that one does not answer. */
import { messageOf, PacerError } from '../../errors.ts';
import { currentWorkerBatch } from './current-worker.ts';
import type { RuntimeCommand, RuntimeReply } from './runtime-command.ts';
import { runtimeBatch } from './runtime-socket.ts';

export interface WorkerCommands {
  /** @throws PacerError HAPROXY_UNREACHABLE when neither way leads to a worker */
  readonly send: (commands: readonly RuntimeCommand[]) => Promise<RuntimeReply[]>;
  /** Why the runtime socket is not used, while it is not. */
  readonly socketFault: () => string | undefined;
}

/** Milliseconds after which a runtime socket that failed is tried again: one that hangs costs seconds each time. */
const retryMs = 5_000;

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
        // Some may have been done; whoever sends commands reads back what came of them.
        const replies = await throughMaster();
        fault = { message: messageOf(error), since: performance.now() };
        return replies;
      }
    },
  };
}
