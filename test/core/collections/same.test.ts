/** Equality of plain values: a change that it misses is a change that HAProxy never gets. */
import { fc, test as property } from '@fast-check/vitest';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from 'vitest';
import { keepSame, sameValue } from '../../../src/core/collections/same.ts';

describe('sameValue', () => {
  test('tells Maps apart by their entries, whatever their order', () => {
    const map = new Map([
      ['/a.pem', 'one'],
      ['/b.pem', 'two'],
    ]);
    expect(sameValue(map, new Map([...map].reverse()))).toBe(true);
    expect(sameValue(map, new Map(map).set('/b.pem', 'three'))).toBe(false);
    expect(sameValue(map, new Map(map).set('/c.pem', 'three'))).toBe(false);
    expect(sameValue(new Map([['/a.pem', undefined]]), new Map([['/b.pem', undefined]]))).toBe(false);
    expect(sameValue({ frame: { digests: map } }, { frame: { digests: new Map() } })).toBe(false);
  });

  test('tells Sets apart by their members', () => {
    expect(sameValue(new Set([1, 2]), new Set([2, 1]))).toBe(true);
    expect(sameValue(new Set([1, 2]), new Set([1, 3]))).toBe(false);
    expect(sameValue(new Set([1]), new Set([1, 2]))).toBe(false);
  });

  test('never takes two kinds of values, or two objects it knows nothing of, for the same', () => {
    const values = [
      {},
      [],
      new Map(),
      new Set(),
      new Date(0),
      new Date(1),
      Buffer.from('a'),
      /a/,
      null,
      0,
      '',
    ];
    for (const [i, a] of values.entries())
      for (const [j, b] of values.entries()) expect([a, b, sameValue(a, b)]).toEqual([a, b, i === j]);
    expect(sameValue(Object.create(null), {})).toBe(true);
  });

  const plain = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom(0, 1, '', 'a', null, undefined, true),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('value'), { maxKeys: 3, noNullPrototype: true }),
      fc
        .array(fc.tuple(fc.constantFrom('a', 'b', 'c'), tie('value')), { maxLength: 3 })
        .map((it) => new Map(it)),
      fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 3 }).map((it) => new Set(it)),
    ),
  })).value;

  property.prop([plain, plain], { numRuns: 2000 })('says what Node says of any two plain values', (a, b) => {
    expect(sameValue(a, b)).toBe(isDeepStrictEqual(a, b));
    expect(sameValue(a, structuredClone(a))).toBe(true);
  });
});

test('keepSame keeps the previous object where nothing changed', () => {
  const before = { files: new Map([['/a', '1']]) };
  expect(keepSame(before, { files: new Map([['/a', '1']]) })).toBe(before);
  const next = { files: new Map([['/a', '2']]) };
  expect(keepSame(before, next)).toBe(next);
});
