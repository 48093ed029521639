import { fc, test as property } from '@fast-check/vitest';
import { expect, test } from 'vitest';
import { withReplaced } from '../../../src/core/collections/replaced-map.ts';

const key = fc.nat(99);

property.prop([fc.array(fc.array(fc.tuple(key, fc.integer()), { maxLength: 9 }), { maxLength: 30 })])(
  'reads as a copy with the values replaced does, and the maps before it stay as they were',
  (rounds) => {
    const first = new Map(Array.from({ length: 100 }, (_, i): [number, number] => [(i * 7) % 100, -1]));
    let copy = new Map(first);
    let map: ReadonlyMap<number, number> = first;
    const earlier: [ReadonlyMap<number, number>, [number, number][]][] = [];
    for (const round of rounds) {
      earlier.push([map, [...copy]]);
      copy = new Map(copy);
      for (const [k, v] of round) copy.set(k, v);
      map = withReplaced(map, new Map(round));
      expect([...map]).toEqual([...copy]);
      expect([...map.values()]).toEqual([...copy.values()]);
      expect([map.size, map.get(3), map.has(3), map.has(100)]).toEqual([100, copy.get(3), true, false]);
    }
    for (const [before, entries] of earlier) expect([...before]).toEqual(entries);
  },
);

test('a key that is not there cannot be replaced', () => {
  expect(() => withReplaced(new Map([['a', 1]]), new Map([['b', 2]]))).toThrow('no such key');
});
