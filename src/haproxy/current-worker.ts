/** Commands that must reach the worker that serves, on a socket that for a moment an old worker may still answer. */
import { setTimeout as sleep } from 'node:timers/promises';
import { PacerError } from '../errors.ts';
import { CliSession, type SessionOptions } from './cli-session.ts';
import { parseInfo } from './replies/info.ts';
import type { RuntimeCommand, RuntimeReply } from './runtime-command.ts';
import { askAll, encodeAll } from './runtime-socket.ts';

const attempts = 20;

/**
 * Like `runtimeBatch` on a runtime socket, but sends nothing to a worker that is stopping: new and old worker
 * share the listening socket until the old one has handled its signal.
 * @throws PacerError HAPROXY_UNREACHABLE
 */
export async function currentWorkerBatch(
  path: string,
  commands: readonly RuntimeCommand[],
  options: SessionOptions = {},
): Promise<RuntimeReply[]> {
  const encoded = encodeAll(commands);
  if (encoded.length === 0) return [];
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const session = await CliSession.open(path, options);
    try {
      await session.ask('set severity-output number\n');
      // [haproxy] management.txt 9.3 "show info": Stopping is 1 from the soft stop on.
      const { pid, stopping } = parseInfo(await session.ask('show info\n'));
      if (pid === 0) throw notHaproxy(path);
      if (!stopping) return await askAll(session, encoded);
    } finally {
      session.close();
    }
    await sleep(attempt * 10);
  }
  throw new PacerError(
    'HAPROXY_UNREACHABLE',
    `only a stopping HAProxy answers on ${path}`,
    'check that HAProxy runs and that no other HAProxy uses this socket',
  );
}

function notHaproxy(path: string): PacerError {
  return new PacerError(
    'HAPROXY_UNREACHABLE',
    `what answers on ${path} is no HAProxy`,
    'check that no other program has taken this socket',
  );
}
