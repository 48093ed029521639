import { describe, expect, it } from 'vitest';
import { asAppId } from '../../../src/core/model/ids.ts';
import type { Deployment, GroupChanged } from '../../../src/marathon/decode/event-types.ts';
import { Plans } from '../../../src/marathon/mirror/plans.ts';
import { deployment, groupChanged } from '../mirror-build.ts';

const [a, b] = [asAppId('/a'), asAppId('/b')];
const info = (version: number, ...apps: (typeof a)[]) => deployment(version, apps) as Deployment;
const success = (version: number, ...apps: (typeof a)[]) => deployment(version, apps, 'end') as Deployment;
const failed = (version: number, ...apps: (typeof a)[]): Deployment => ({
  ...success(version, ...apps),
  type: 'deployment_failed',
});
const changed = (version: number) => groupChanged(version, '/team') as GroupChanged;
const none = { apps: [], groups: [] };

describe('the apps of a plan', () => {
  it('wait until their group has changed, and are then fetched once', () => {
    const plans = new Plans();
    expect(plans.deployment(info(1, a, b), 0)).toEqual(none);
    expect(plans.overdue(29_000)).toEqual(none);
    expect(plans.groupChanged(changed(1), 29_000)).toEqual({ apps: [a, b], groups: [] });
    expect(plans.deployment(info(1, a, b), 29_001)).toEqual(none);
    expect(plans.overdue(29_500)).toEqual(none);
  });

  it('are fetched once more when the deployment is over, and then forgotten', () => {
    const plans = new Plans();
    plans.deployment(info(1, a), 0);
    plans.groupChanged(changed(1), 0);
    expect(plans.deployment(success(1, a), 10).apps).toEqual([a]);
    expect(plans.dueAt).toBeUndefined();
  });

  it('are fetched when the group changes after the deployment is over', () => {
    const plans = new Plans();
    plans.deployment(info(1, a), 0);
    expect(plans.deployment(success(1, a), 0).apps).toEqual([a]);
    expect(plans.groupChanged(changed(1), 1).apps).toEqual([a]);
    expect(plans.dueAt).toBeUndefined();
  });

  it('are fetched at once if the plan arrives after the group has changed', () => {
    const plans = new Plans();
    expect(plans.groupChanged(changed(1), 0)).toEqual(none);
    expect(plans.deployment(info(1, a), 100)).toEqual({ apps: [a], groups: [] });
    expect(plans.overdue(1_000)).toEqual(none);
  });

  it('are fetched even if the group never changes', () => {
    const plans = new Plans();
    plans.deployment(info(1, a), 0);
    expect(plans.dueAt).toBe(30_000);
    expect(plans.overdue(30_000)).toEqual({ apps: [a], groups: [] });
    expect(plans.overdue(31_000)).toEqual(none);
  });

  it('are fetched and forgotten if the plan is refused', () => {
    const plans = new Plans();
    plans.deployment(info(1, a), 0);
    expect(plans.deployment(failed(1, a), 1).apps).toEqual([a]);
    expect(plans.dueAt).toBeUndefined();
  });

  it('of different plans are kept separate', () => {
    const plans = new Plans();
    plans.deployment(info(1, a), 0);
    plans.deployment(info(2, b), 0);
    expect(plans.groupChanged(changed(2), 0).apps).toEqual([b]);
    expect(plans.groupChanged(changed(1), 0).apps).toEqual([a]);
  });
});

describe('a group that changes', () => {
  it('without a plan is fetched completely after a moment', () => {
    const plans = new Plans();
    plans.groupChanged(changed(1), 1_000);
    expect(plans.dueAt).toBe(1_250);
    expect(plans.overdue(1_249)).toEqual(none);
    expect(plans.overdue(1_250)).toEqual({ apps: [], groups: ['/team'] });
    expect(plans.overdue(2_000)).toEqual(none);
  });

  it('with an empty plan, as after a request that changes nothing, is not fetched', () => {
    const plans = new Plans();
    expect(plans.deployment(success(1), 0)).toEqual(none);
    expect(plans.groupChanged(changed(1), 0)).toEqual(none);
    expect(plans.dueAt).toBeUndefined();
  });
});

it('a plan that never ends is forgotten in the end', () => {
  const plans = new Plans();
  plans.deployment(info(1, a), 0);
  plans.groupChanged(changed(1), 0);
  plans.overdue(600_000);
  expect(plans.dueAt).toBeUndefined();
});

describe('a change that names nothing', () => {
  it('has everything fetched where no plan explains it', () => {
    const plans = new Plans();
    expect(plans.unnamed(5_000)).toEqual(none);
    expect(plans.dueAt).toBe(6_000);
    expect(plans.overdue(5_999)).toEqual(none);
    expect(plans.overdue(6_000)).toEqual({ apps: [], groups: ['/'] });
    expect(plans.overdue(9_000)).toEqual(none);
    expect(plans.dueAt).toBeUndefined();
  });

  it.each([
    ['before', 4_500],
    ['after', 5_500],
  ])('is explained by a plan whose definitions became visible a moment %s it', (_, at) => {
    const plans = new Plans();
    plans.deployment(info(1, a), 0);
    if (at < 5_000) plans.groupChanged(changed(1), at);
    plans.unnamed(5_000);
    if (at > 5_000) expect(plans.groupChanged(changed(1), at).apps).toEqual([a]);
    expect(plans.overdue(7_000).groups).toEqual([]);
  });

  it('is not explained by one of long ago', () => {
    const plans = new Plans();
    plans.deployment(info(1, a), 0);
    plans.groupChanged(changed(1), 0);
    plans.unnamed(5_000);
    expect(plans.overdue(6_000).groups).toEqual(['/']);
  });
});
