/** Map steps as commands for the runtime socket. Pure. */
import type { RouteEntry } from '../../core/routing/routes.ts';
import { payloadCommand, type RuntimeCommand } from './runtime-command.ts';

/** Bytes of entries in one payload. The longest keys have some 2,300 bytes, usual ones 50. */
const payloadBytes = 6000;

/**
 * The commands for a list of changes. Keys are sent as payload, because some of their characters have a meaning on a
 * command line.
 * [haproxy] management.txt 9.3 "add map", "del map"
 */
export function editCommands(
  map: string,
  add: readonly RouteEntry[],
  remove: readonly string[],
): RuntimeCommand[] {
  return [...addCommands(`add map ${map}`, add), ...remove.map((ref) => `del map ${map} #${ref}`)];
}

/** The commands that replace the whole map. @param version from the reply to `prepare map` */
export function swapCommands(map: string, version: number, entries: readonly RouteEntry[]): RuntimeCommand[] {
  return [...addCommands(`add map @${version} ${map}`, entries), `commit map @${version} ${map}`];
}

/** The command that makes a new version of a map. [haproxy] management.txt 9.3 "prepare map" */
export const prepareCommand = (map: string): string => `prepare map ${map}`;

function addCommands(line: string, entries: readonly RouteEntry[]): RuntimeCommand[] {
  const payloads: string[] = [];
  let current = '';
  for (const { key, backend } of entries) {
    const text = `${key} ${backend}\n`;
    if (current.length + text.length > payloadBytes && current !== '') {
      payloads.push(current);
      current = '';
    }
    current += text;
  }
  if (current !== '') payloads.push(current);
  return payloads.map((payload) => payloadCommand(line, payload));
}
