/** Commands that must reach the worker that serves, on a socket that an old worker may still answer for a moment. */
import { setTimeout as sleep } from 'node:timers/promises';
import { PacerError } from '../../errors.ts';
import { CliSession, promptMode, type SessionOptions } from './cli-session.ts';
import { parseInfo } from '../replies/info.ts';
import type { RuntimeCommand, RuntimeReply } from './runtime-command.ts';
import { judgeReply } from './runtime-reply.ts';
import { askAll, encodeAll } from './runtime-socket.ts';

const attempts = 20;

/**
 * Like `runtimeBatch` on a runtime socket, but the answer of a stopping worker does not count: the commands are sent
 * again. Both workers share the listening socket until the old one has handled its signal. That the old worker has also
 * executed the commands does no harm.
 * @throws PacerError HAPROXY_UNREACHABLE
 */
export async function currentWorkerBatch(
  path: string,
  commands: readonly RuntimeCommand[],
  options: SessionOptions = {},
): Promise<RuntimeReply[]> {
  const encoded = encodeAll(commands);
  if (encoded.length === 0) return [];
  // A command with a payload waits for the replies before it; all commands before the first payload are sent at once.
  const first = encoded.findIndex(({ payload }) => payload);
  const eager = first < 0 ? encoded : encoded.slice(0, first);
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const session = CliSession.connect(path, options);
    try {
      const [, , info = '', ...replies] = await session.askEach([
        promptMode,
        'set severity-output number\n',
        'show info\n',
        ...eager.map(({ wire }) => wire),
      ]);
      // [haproxy] management.txt 9.3 "show info": Stopping is 1 from the soft stop on.
      const { pid, stopping } = parseInfo(info);
      if (pid === 0) throw notHaproxy(path);
      if (!stopping) {
        const judged = eager.map(({ line }, i) => judgeReply(line, replies[i] ?? ''));
        return [...judged, ...(await askAll(session, encoded.slice(eager.length)))];
      }
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
    `the program that answers on ${path} is not HAProxy`,
    'check that no other program has taken this socket',
  );
}
