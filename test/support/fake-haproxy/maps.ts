/** Maps of a worker, as its file and its commands fill them. Pure. */
import type { MapEntry } from './worker.ts';

/** [haproxy] a line is a key, blanks and a value; `#` begins a comment at a line's start alone. */
export function readMap(text: string, ref: () => number): MapEntry[] {
  const entries: MapEntry[] = [];
  for (const raw of text.split('\n')) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const blank = line.search(/[ \t]/);
    const key = blank < 0 ? line : line.slice(0, blank);
    entries.push({ ref: ref(), key, value: blank < 0 ? '' : line.slice(blank).trim(), version: 0 });
  }
  return entries;
}

/**
 * The pairs of a payload. [haproxy] map.c cli_parse_add_map: a key ends at a blank, not at the end of its line.
 * @returns the pairs before the first wrong one, and what is wrong with that
 */
export function readPayload(payload: string): {
  readonly pairs: [key: string, value: string][];
  readonly wrong?: string;
} {
  const pairs: [string, string][] = [];
  let rest = payload.replace(/\n$/, '');
  while (rest !== '') {
    const blank = rest.search(/[ \t]/);
    if (blank < 0) return { pairs, wrong: `Missing value for key '${rest}'.` };
    const key = rest.slice(0, blank);
    const after = rest.slice(blank).replace(/^[ \t]+/, '');
    const end = after.indexOf('\n');
    pairs.push([key, end < 0 ? after : after.slice(0, end)]);
    rest = end < 0 ? '' : after.slice(end + 1);
  }
  return { pairs };
}

export const refText = (ref: number): string => `0x${(0x7f0000000000 + ref * 0x60).toString(16)}`;
