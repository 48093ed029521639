/** When a task started, from what Marathon says or from its id. */
import type { Task } from './model.ts';

/** Milliseconds between the start of the UUID calendar, 15 October 1582, and 1970. */
const uuidEpoch = 12_219_292_800_000;

/** @returns milliseconds since the epoch; -Infinity if nothing is known */
export function startOf({ startedAt, id }: Pick<Task, 'startedAt' | 'id'>): number {
  return startedAt ?? launchOf(id) ?? -Infinity;
}

/**
 * [marathon] Task.Id, Instance.Id: an id ends with a time-based UUID (version 1), made when the task was to be launched
 */
function launchOf(id: string): number | undefined {
  const [, low = '', middle, high] = /([0-9a-f]{8})-([0-9a-f]{4})-1([0-9a-f]{3})-[0-9a-f]{4}-/.exec(id) ?? [];
  if (middle === undefined || high === undefined) return undefined;
  // UUIDs count in steps of 100 ns.
  return Number.parseInt(`${high}${middle}${low}`, 16) / 10_000 - uuidEpoch;
}
