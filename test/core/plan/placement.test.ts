/** Which backend serves which service: as a reload makes it, and from then on without one. */
import { describe, expect, test } from 'vitest';
import type { AppId, BackendName } from '../../../src/core/model/ids.ts';
import {
  carriersOf,
  freshPlacement,
  isSpare,
  nextPlacement,
  sparesInUse,
  withBefore,
  type Placeable,
  type Placement,
} from '../../../src/core/plan/placement.ts';

/** `a`: an app of the profile that many have; `a:x`: one of profile x; `a:x:group`: a deployment group. */
function service(text: string): Placeable {
  const [id = '', profile = 'm', group] = text.split(':');
  return {
    own: `${id}_1` as BackendName,
    name: `/${id}` as AppId,
    profile: `pacer_profile_${profile}`,
    keepsName: group === 'group',
    listens: group === 'listens',
  };
}
const placed = (before: Placement, all: readonly Placeable[]) => {
  const { placement, homeless } = nextPlacement(before, all);
  return homeless.size === 0 ? placement : undefined;
};
const services = (text: string) => text.split(' ').map(service);
const fresh = (text: string, spares: number, taken: string[] = []) =>
  freshPlacement(services(text), new Map(), spares, new Set(taken as BackendName[]));
const next = (before: Placement | undefined, text: string) => {
  if (before === undefined) throw new Error('there was no placement');
  return placed(before, services(text));
};
const spares = ({ layout }: Placement) => [...layout.keys()].filter(isSpare);
const carried = (placement: Placement | undefined) =>
  placement && [...carriersOf(placement)].map((it) => it.join(' in '));

describe('a reload', () => {
  test.each<[string, string, number, string[]]>([
    ['declares no spare where none is asked for', 'a b', 0, []],
    ['gives all spares to the only profile', 'a b', 2, ['pacer_spare_m_1', 'pacer_spare_m_2']],
    [
      'gives each profile one, and more to that of many',
      'a b c d:x',
      5,
      [...['pacer_spare_m_1', 'pacer_spare_m_2', 'pacer_spare_m_3', 'pacer_spare_m_4'], 'pacer_spare_x_1'],
    ],
    ['gives them to the profiles of most where there are too few', 'a:x b c:y d', 1, ['pacer_spare_m_1']],
    [
      'declares none for what only deployment groups have',
      'a:x:group b',
      2,
      ['pacer_spare_m_1', 'pacer_spare_m_2'],
    ],
    ['declares them for what has a listener, too', 'a:x:listens', 1, ['pacer_spare_x_1']],
    ['declares none where nobody has a profile', 'a:x:group', 3, []],
  ])('%s', (_, apps, count, expected) => {
    const placement = fresh(apps, count);
    expect(spares(placement)).toEqual(expected);
    expect(carried(placement)).toEqual([]);
  });

  test('gives no spare a name that a service has', () => {
    expect(spares(fresh('a', 2, ['pacer_spare_m_1']))).toEqual(['pacer_spare_m_2', 'pacer_spare_m_3']);
  });

  test('of the same services in another order declares the same spares', () => {
    expect(spares(fresh('a b:x c', 7))).toEqual(spares(fresh('c b:x a', 7)));
  });
});

describe('without a reload', () => {
  test.each<[string, string, string, string[] | 'reload']>([
    ['a new app takes the first spare of its profile', 'a b:x', 'a b:x c:x', ['c_1 in pacer_spare_x_1']],
    ['two new apps take two', 'a', 'a b c', ['b_1 in pacer_spare_m_1', 'c_1 in pacer_spare_m_2']],
    ['one more than there are spares does not fit', 'a', 'a b c d e', 'reload'],
    ['one of a profile that nobody has does not fit', 'a', 'a b:x', 'reload'],
    ['a new deployment group does not fit: tools look for its name', 'a', 'a b:m:group', 'reload'],
    ['a new app with a listener does not fit', 'a', 'a b:m:listens', 'reload'],
    ['an app that is gone leaves its backend empty', 'a b', 'a', []],
    ['an app of another profile than before moves', 'a b:x', 'a:x b:x', ['a_1 in pacer_spare_x_1']],
    [
      'a deployment group of another profile than before does not fit',
      'a:m:group b:x',
      'a:x:group b:x',
      'reload',
    ],
  ])('%s', (_, before, after, expected) => {
    expect(carried(next(fresh(before, 3), after)) ?? 'reload').toEqual(expected);
  });

  test('who is in a spare stays there, whatever comes before it', () => {
    const one = next(fresh('c', 3), 'c d');
    expect(carried(next(one, 'a b c d'))).toEqual([
      'd_1 in pacer_spare_m_1',
      'a_1 in pacer_spare_m_2',
      'b_1 in pacer_spare_m_3',
    ]);
  });

  test('nothing new is the same placement', () => {
    const one = next(fresh('a b', 3), 'a b c');
    expect(next(one, 'a b c')).toBe(one);
    expect(next(one, 'c b a')).toBe(one);
  });

  test('an app that comes back has its own backend again', () => {
    expect(carried(next(next(fresh('a b', 1), 'a'), 'a b c'))).toEqual(['c_1 in pacer_spare_m_1']);
  });

  test('a spare is nobody else’s while routes may still lead to it', () => {
    const before = next(fresh('a', 1), 'a b');
    expect(next(before, 'a c')).toBeUndefined();
    expect(carried(next(next(before, 'a'), 'a c'))).toEqual(['c_1 in pacer_spare_m_1']);
  });

  test('a backend of the same name that serves another app is not taken', () => {
    const other = (name: string): Placeable => ({ ...service('x'), name: name as AppId });
    const before = placed(fresh('a x', 2), [service('a'), other('/x')]);
    expect(before && placed(before, [service('a'), other('/X')])).toBeUndefined();
  });

  test('both backends of an app that moves are held until the first is let go', () => {
    const before = fresh('a b:x', 2);
    const after = next(before, 'a:x b:x');
    const both = after && withBefore(after, before);
    expect(
      [...(both?.held ?? [])].filter(([, { name }]) => name === '/a').map(([backend]) => backend),
    ).toEqual(['a_1', 'pacer_spare_x_1']);
    expect(carried(both)).toEqual(['a_1 in pacer_spare_x_1']);
    // It goes on moving where it was to move.
    expect(carried(next(both, 'a:x b:x'))).toEqual(['a_1 in pacer_spare_x_1']);
    expect(sparesInUse(both)?.free).toBe(1);
  });
});
