/** What the fuzzer has found stays mended, and a short run finds nothing new. `npm run fuzz` runs longer. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fuzz, judge } from './fuzz.ts';
import type { Json } from './mutate.ts';

const seeds = join(import.meta.dirname, 'seeds');

test.each(readdirSync(seeds))('%s crashes nothing and brings in no line', (name) => {
  expect(judge(JSON.parse(readFileSync(join(seeds, name), 'utf8')) as Json[])).toBeUndefined();
});

test('two thousand random documents crash nothing and bring in no line', () => {
  expect(fuzz(2000, 1)).toEqual([]);
});
