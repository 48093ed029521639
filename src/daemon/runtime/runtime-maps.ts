/**
 * Brings HAProxy's maps to the desired content over the runtime socket: reads them, edits or replaces them, reads them
 * back.
 */
import { planMap, type MapPlan } from '../../core/plan/map-plan.ts';
import type { BackendName } from '../../core/model/ids.ts';
import type { RouteEntry } from '../../core/routing/routes.ts';
import type { RuntimeAccess } from '../../haproxy/control/control.ts';
import { editCommands, prepareCommand, swapCommands } from '../../haproxy/cli/map-commands.ts';
import { parseMap, parseNewVersion, type MapEntry } from '../../haproxy/replies/maps.ts';
import type { RuntimeCommand } from '../../haproxy/cli/runtime-command.ts';

/** The result of changing maps. */
export type MapsOutcome =
  | { readonly kind: 'done'; /** Maps that were changed. */ readonly changed: readonly string[] }
  | { readonly kind: 'impossible'; readonly reason: string };

/**
 * Rejects if HAProxy cannot be asked.
 * @param others whether what HAProxy has under other keys stays
 */
export async function bringMaps(
  control: RuntimeAccess,
  maps: ReadonlyMap<string, readonly RouteEntry[]>,
  others: 'remove others' | 'keep others' = 'remove others',
): Promise<MapsOutcome> {
  const changed: string[] = [];
  // All in one go: a connection costs more than a command.
  const looks = await control.runtime([...maps.keys()].map(look));
  for (const [i, [name, wanted]] of [...maps].entries()) {
    const running = parseMap(looks[i]?.text ?? '');
    const entries = others === 'remove others' ? wanted : withOthers(wanted, running);
    const plan = planMap(running, entries);
    if (plan.kind === 'none') continue;
    const commands = await commandsOf(control, name, plan);
    const replies = await control.runtime([...commands, look(name)]);
    for (const { kind, text } of replies.slice(0, commands.length)) {
      if (kind === 'failed') return { kind: 'impossible', reason: `map ${name}: ${text}` };
    }
    if (planMap(parseMap(replies.at(-1)?.text ?? ''), entries).kind !== 'none') {
      return { kind: 'impossible', reason: `map ${name} does not have the content it was given` };
    }
    changed.push(name);
  }
  return { kind: 'done', changed };
}

const look = (name: string): string => `show map ${name}`;

function withOthers(wanted: readonly RouteEntry[], running: readonly MapEntry[]): RouteEntry[] {
  const entries = new Map(running.map(({ key, value }) => [key, { key, backend: value as BackendName }]));
  for (const entry of wanted) entries.set(entry.key, entry);
  return [...entries.values()];
}

async function commandsOf(control: RuntimeAccess, name: string, plan: MapPlan): Promise<RuntimeCommand[]> {
  if (plan.kind === 'none') return [];
  if (plan.kind === 'edit') return editCommands(name, plan.add, plan.remove);
  const [reply] = await control.runtime([prepareCommand(name)]);
  const version = parseNewVersion(reply?.text ?? '');
  if (version === undefined)
    throw new Error(`map ${name} accepts no new version: ${reply?.text ?? 'no answer'}`);
  return swapCommands(name, version, plan.entries);
}
