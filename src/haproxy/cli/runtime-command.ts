/** Commands for HAProxy's sockets and their replies, as values. Pure. */

/** One line, or a command made by `payloadCommand`. */
export type RuntimeCommand = string | PayloadCommand;

/** A command followed by lines of data. */
export interface PayloadCommand {
  readonly line: string;
  /** Ends with a newline and contains no empty line. */
  readonly payload: string;
}

/** HAProxy's reply to one command. */
export interface RuntimeReply {
  readonly kind: 'ok' | 'failed';
  /** Without prompt, severity and surrounding newlines. Most commands reply with an empty text if they succeed. */
  readonly text: string;
  /** The syslog level, if HAProxy sent one. */
  readonly severity?: number;
}

/** Bytes. [haproxy] 2.6 silently truncates a `;` command longer than bufsize (16,384); 3.4.0 never stops answering. */
export const maxLine = 8192;

/**
 * A command with a payload, such as `add map @3 hosts.map` and the lines to add. Empty lines are left out, because the
 * first one would end the payload; PEM files mean the same without them.
 * [haproxy] management.txt 9.3 "<<"
 */
export function payloadCommand(line: string, payload: string): PayloadCommand {
  const lines = payload.split(/\r?\n/).filter((each) => each.trim() !== '');
  return { line, payload: `${lines.join('\n')}\n` };
}

/** Escapes a word of a command, such as a path: blanks, `;` and backslashes. [haproxy] management.txt 9.3 */
export const cliWord = (text: string): string => text.replaceAll(/[\\ \t;]/g, (c) => `\\${c}`);

/**
 * The text to send for a command.
 * @param prefix `@1 ` or `@!<pid> ` on a master socket
 * @throws TypeError if the text would be two commands, or is too long: a bug in the caller
 */
export function encodeCommand(command: RuntimeCommand, prefix = ''): string {
  const line = typeof command === 'string' ? command : command.line;
  if (/[\n\r\0]/.test(line) || line.replaceAll(/\\./g, '').includes(';'))
    throw new TypeError(`a runtime command contains a line end, NUL or ";": ${JSON.stringify(line)}`);
  if (line.includes('<<')) throw new TypeError(`a payload needs payloadCommand(): ${JSON.stringify(line)}`);
  if (line.trim() === '') throw new TypeError('a runtime command is empty');
  const wire =
    typeof command === 'string' ? `${prefix}${line}\n` : `${prefix}${line} <<\n${command.payload}\n`;
  const size = Buffer.byteLength(wire);
  if (size > maxLine)
    throw new TypeError(`a runtime command of ${size} bytes is longer than ${maxLine}: ${line.slice(0, 80)}`);
  return wire;
}
