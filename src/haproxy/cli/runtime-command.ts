/** Commands for HAProxy's sockets and their replies, as values. Pure. */

/** One line, or one made by `payloadCommand`. */
export type RuntimeCommand = string | PayloadCommand;

export interface PayloadCommand {
  readonly line: string;
  /** Ends with a newline; holds no empty line. */
  readonly payload: string;
}

export interface RuntimeReply {
  readonly kind: 'ok' | 'failed';
  /** Without prompt, severity and the newlines around it. Empty is what most commands say when all is well. */
  readonly text: string;
  /** A syslog level, where HAProxy gave one. */
  readonly severity?: number;
}

/** [haproxy] a `;` command longer than bufsize (16,384) is cut off in silence by 2.6; 3.4.0 never stops answering. */
export const maxLine = 8192;

/**
 * A command with a payload, such as `add map @3 hosts.map` and lines of it. Empty lines are left out,
 * since the first one would end the payload; PEM files read the same without.
 * [haproxy] management.txt 9.3 "<<"
 */
export function payloadCommand(line: string, payload: string): PayloadCommand {
  const lines = payload.split(/\r?\n/).filter((each) => each.trim() !== '');
  return { line, payload: `${lines.join('\n')}\n` };
}

/** A word of a command, such as a path, in which blanks, `;` and backslashes stand for themselves. [haproxy] management.txt 9.3 */
export const cliWord = (text: string): string => text.replaceAll(/[\\ \t;]/g, (c) => `\\${c}`);

/**
 * What goes over the wire for a command.
 * @param prefix `@1 ` or `@!<pid> ` on a master socket
 * @throws TypeError for a command that would be two, or does not fit: such a command is a bug of its maker
 */
export function encodeCommand(command: RuntimeCommand, prefix = ''): string {
  const line = typeof command === 'string' ? command : command.line;
  if (/[\n\r\0]/.test(line) || line.replaceAll(/\\./g, '').includes(';'))
    throw new TypeError(`a runtime command holds a line end, NUL or ";": ${JSON.stringify(line)}`);
  if (line.includes('<<')) throw new TypeError(`a payload needs payloadCommand(): ${JSON.stringify(line)}`);
  if (line.trim() === '') throw new TypeError('a runtime command is empty');
  const wire =
    typeof command === 'string' ? `${prefix}${line}\n` : `${prefix}${line} <<\n${command.payload}\n`;
  const size = Buffer.byteLength(wire);
  if (size > maxLine)
    throw new TypeError(`a runtime command of ${size} bytes is longer than ${maxLine}: ${line.slice(0, 80)}`);
  return wire;
}
