/** Small parts of the simulator by themselves. */
import { describe, expect, it } from 'vitest';
import { Agents, networkNumber } from '../../src/simulator/cluster/agents.ts';
import { VersionClock } from '../../src/simulator/cluster/clock.ts';
import {
  instanceIdOf,
  isValidId,
  parentOf,
  pathId,
  resolveId,
  runSpecOfTask,
  taskIdOf,
} from '../../src/simulator/definitions/ids.ts';
import { labelTest } from '../../src/simulator/selectors.ts';
import { Uuids } from '../../src/simulator/definitions/uuids.ts';

describe('ids', () => {
  it('lose doubled and trailing slashes', () => {
    expect(pathId('//web/front/')).toBe('/web/front');
    expect(resolveId('/team', 'web')).toBe('/team/web');
    expect(resolveId('/team', '/web')).toBe('/web');
    expect(parentOf('/team/web')).toBe('/team');
    expect(parentOf('/web')).toBe('/');
  });

  it('of tasks lead back to the app, in all shapes there have been', () => {
    const uuid = '8a2b6c1e-7a77-11eb-9d3c-0242ac110005';
    for (const id of [
      `web_front.instance-${uuid}._app.1`,
      `web_front.instance-${uuid}._app`,
      `web_front.marathon-${uuid}`,
      `web_front.${uuid}`,
      `web_front.${uuid}.3`,
    ]) {
      expect(runSpecOfTask(id)).toBe('/web/front');
    }
    expect(runSpecOfTask('nonsense')).toBeUndefined();
  });

  it('of tasks are made of instance, container and incarnation, or of app and uuid', () => {
    expect(taskIdOf(instanceIdOf('/web/front', 'u', true), '_app', 2)).toBe('web_front.instance-u._app.2');
    expect(taskIdOf(instanceIdOf('/web/front', 'u', false), '_app', 1)).toBe('web_front.u');
  });

  it('are valid as Marathon says', () => {
    for (const id of ['/a', '/a-b/c1', '/a.b/c']) expect(isValidId(id)).toBe(true);
    for (const id of ['/', '/A', '/a_b', '/-a', '/a-', '/a..b']) expect(isValidId(id)).toBe(false);
  });
});

describe('uuids', () => {
  it('are of version 1 and repeat with their seed', () => {
    const uuids = new Uuids(7);
    const first = [uuids.next(), uuids.next()];
    expect(first[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-1[0-9a-f]{3}-9d3c-024200000007$/);
    expect(first[0]).not.toBe(first[1]);
    const again = new Uuids(7);
    expect([again.next(), again.next()]).toEqual(first);
  });
});

describe('versions', () => {
  it('never repeat, however fast they are taken', () => {
    const clock = new VersionClock();
    const versions = Array.from({ length: 100 }, () => clock.next());
    expect(new Set(versions).size).toBe(100);
    expect(versions.toSorted()).toEqual(versions);
  });
});

describe('agents', () => {
  const agents = (): Agents =>
    new Agents({ network: networkNumber('127.0.1'), count: 2, ports: [31_000, 31_001] });

  it('take turns, and more come when they are full', () => {
    const all = agents();
    const offers = Array.from({ length: 5 }, () => all.offer([0])!);
    expect(offers.map(({ agent, ports }) => `${agent.host}:${ports[0] ?? 0}`)).toEqual([
      '127.0.1.1:31000',
      '127.0.1.2:31000',
      '127.0.1.1:31001',
      '127.0.1.2:31001',
      '127.0.1.3:31000',
    ]);
  });

  it('give a fixed port once, and a released one last', () => {
    const all = agents();
    expect(new Set([1, 2, 3].map(() => all.offer([31_001])!.agent.host)).size).toBe(3);
    const { agent, ports } = agents().offer([0])!;
    expect(agent.used).toEqual(new Set(ports));
  });

  it('offer nothing where none fits, and are no more for it', () => {
    const all = agents();
    expect(all.offer([0], () => false)).toBeUndefined();
    expect(all.offer([0, 0, 0])).toBeUndefined();
    expect(all.hosts()).toHaveLength(2);
    expect(all.offer([0], ({ host }) => host === '127.0.1.2')?.agent.host).toBe('127.0.1.2');
  });

  it('use the addresses of containers in turn', () => {
    const all = agents();
    const first = all.takeAddress();
    all.giveAddress(first);
    expect(first).toBe('127.0.1.100');
    expect(all.takeAddress()).toBe('127.0.1.101');
  });

  it('refuse a network that is none', () => {
    expect(() => networkNumber('10.0.0')).toThrow('127.0.1');
  });
});

describe('label selectors', () => {
  const labels = { 'com.x/a': '1', b: 'two', c: '' };

  it.each([
    ['b', true],
    ['d', false],
    ['b==two', true],
    ['b!=two', false],
    ['d!=two', false],
    ['b in (one, two)', true],
    ['b notin (one, three)', true],
    ['d notin (one)', false],
    [String.raw`com.x\/a==1`, true],
    ['b,c', true],
    ['b, d', false],
  ])('%s is %s', (selector, expected) => {
    expect(labelTest(selector)(labels)).toBe(expected);
  });
});
