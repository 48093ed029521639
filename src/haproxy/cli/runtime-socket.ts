/**
 * Commands to a HAProxy: to the worker behind its runtime socket, or through the master socket to the current worker
 * (`@1`), an old one (`@!<pid>`) or the master itself. Each batch uses a fresh connection: a kept connection stays with
 * the old worker after a reload, answers, and keeps that worker alive.
 */
import { CliSession, type SessionOptions } from './cli-session.ts';
import { encodeCommand, type RuntimeCommand, type RuntimeReply } from './runtime-command.ts';
import { judgeReply } from './runtime-reply.ts';

export { payloadCommand, type RuntimeCommand, type RuntimeReply } from './runtime-command.ts';

/** Where a batch is sent. */
export interface BatchOptions extends SessionOptions {
  /** On a master socket: the worker to address. Undefined there means the master itself. */
  readonly worker?: 'current' | number;
  /** The socket is a master socket. */
  readonly master?: boolean;
}

/**
 * Sends commands in order, each after the reply to the one before.
 * @returns one reply per command; a failed command does not stop the others
 * @throws PacerError HAPROXY_UNREACHABLE if not all were answered, SOCKET_PATH_TOO_LONG; TypeError for a malformed
 * command
 */
export async function runtimeBatch(
  path: string,
  commands: readonly RuntimeCommand[],
  options: BatchOptions = {},
): Promise<RuntimeReply[]> {
  const wires = encodeAll(commands, options);
  if (wires.length === 0) return [];
  const session = await CliSession.open(path, options);
  try {
    // The master passes each command to the worker in a separate session, so the setting would be lost there, and what
    // follows a `;` goes to the master. Observed on 2.6 and 3.0.
    if (options.master !== true) await session.ask('set severity-output number\n');
    return await askAll(session, wires);
  } finally {
    session.close();
  }
}

/** A command ready to be sent. */
export interface EncodedCommand {
  readonly line: string;
  readonly wire: string;
  /** Whether it has a payload. */
  readonly payload: boolean;
}

/** Encodes commands for the runtime or the master socket. @throws TypeError for a malformed command */
export function encodeAll(commands: readonly RuntimeCommand[], options: BatchOptions = {}): EncodedCommand[] {
  const { worker } = options;
  const prefix = worker === undefined ? '' : worker === 'current' ? '@1 ' : `@!${worker} `;
  return commands.map((command) => ({
    line: typeof command === 'string' ? command : command.line,
    wire: encodeCommand(command, prefix),
    payload: typeof command !== 'string',
  }));
}

/**
 * Sends encoded commands over an open session, each after the reply to the one before.
 * @throws PacerError HAPROXY_UNREACHABLE
 */
export async function askAll(
  session: CliSession,
  commands: readonly EncodedCommand[],
): Promise<RuntimeReply[]> {
  const replies: RuntimeReply[] = [];
  for (const { line, wire } of commands) replies.push(judgeReply(line, await session.ask(wire)));
  return replies;
}
