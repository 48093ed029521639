/**
 * Brings HAProxy's maps to the desired content over the runtime socket: reads them, edits or replaces them, reads them
 * back.
 */
import { planMap, type MapPlan } from '../../core/plan/map-plan.ts';
import type { RouteEntry } from '../../core/routing/routes.ts';
import type { RuntimeAccess } from '../../haproxy/control/control.ts';
import { editCommands, prepareCommand, swapCommands } from '../../haproxy/cli/map-commands.ts';
import { parseMap, parseNewVersion } from '../../haproxy/replies/maps.ts';
import type { RuntimeCommand } from '../../haproxy/cli/runtime-command.ts';

/** The result of changing maps. */
export type MapsOutcome =
  | { readonly kind: 'done'; /** Maps that were changed. */ readonly changed: readonly string[] }
  | { readonly kind: 'impossible'; readonly reason: string };

/** Rejects if HAProxy cannot be asked. */
export async function bringMaps(
  control: RuntimeAccess,
  maps: ReadonlyMap<string, readonly RouteEntry[]>,
): Promise<MapsOutcome> {
  const changed: string[] = [];
  for (const [name, entries] of maps) {
    const plan = await compare(control, name, entries);
    if (plan.kind === 'none') continue;
    const commands = await commandsOf(control, name, plan);
    for (const { kind, text } of await control.runtime(commands)) {
      if (kind === 'failed') return { kind: 'impossible', reason: `map ${name}: ${text}` };
    }
    if ((await compare(control, name, entries)).kind !== 'none') {
      return { kind: 'impossible', reason: `map ${name} does not have the content it was given` };
    }
    changed.push(name);
  }
  return { kind: 'done', changed };
}

async function compare(
  control: RuntimeAccess,
  name: string,
  entries: readonly RouteEntry[],
): Promise<MapPlan> {
  const [reply] = await control.runtime([`show map ${name}`]);
  return planMap(parseMap(reply?.text ?? ''), entries);
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
