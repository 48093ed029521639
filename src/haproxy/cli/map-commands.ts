/** Steps for maps as commands of the runtime socket. Pure. */
import type { RouteEntry } from '../../core/routing/routes.ts';
import { payloadCommand, type RuntimeCommand } from './runtime-command.ts';

/** Entries in one payload: the longest keys are some 2,300 bytes, usual ones 50. */
const payloadBytes = 6000;

/**
 * Keys go as payload, since on a command line some of their characters would mean something.
 * [haproxy] management.txt 9.3 "add map", "del map"
 */
export function editCommands(
  map: string,
  add: readonly RouteEntry[],
  remove: readonly string[],
): RuntimeCommand[] {
  return [...addCommands(`add map ${map}`, add), ...remove.map((ref) => `del map ${map} #${ref}`)];
}

/** @param version from the reply to `prepare map` */
export function swapCommands(map: string, version: number, entries: readonly RouteEntry[]): RuntimeCommand[] {
  return [...addCommands(`add map @${version} ${map}`, entries), `commit map @${version} ${map}`];
}

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
