/** When a task started, as far as Marathon's word or its id says. */
import type { Task } from './model.ts';

/** From the calendar of UUIDs, which begins on 15 October 1582, to 1970; in milliseconds. */
const uuidEpoch = 12_219_292_800_000;

/** @returns milliseconds since 1970; -Infinity where nothing is known */
export function startOf({ startedAt, id }: Pick<Task, 'startedAt' | 'id'>): number {
  return startedAt ?? launchOf(id) ?? -Infinity;
}

/** [marathon] Task.Id, Instance.Id: an id ends with a time-based UUID (version 1), made when it was to be launched */
function launchOf(id: string): number | undefined {
  const [, low = '', middle, high] = /([0-9a-f]{8})-([0-9a-f]{4})-1([0-9a-f]{3})-[0-9a-f]{4}-/.exec(id) ?? [];
  if (middle === undefined || high === undefined) return undefined;
  // In steps of 100 ns.
  return Number.parseInt(`${high}${middle}${low}`, 16) / 10_000 - uuidEpoch;
}
