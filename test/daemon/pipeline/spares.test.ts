/** Services in spare backends, as the whole loop brings them to a fake HAProxy. */
import { afterEach, expect, test } from 'vitest';
import { asAppId } from '../../../src/core/model/ids.ts';
import { anApp, aPort, aTask } from '../../support/apps.ts';
import { fakeHaproxy, type FakeHaproxy } from '../../support/fake-haproxy/fake-haproxy.ts';
import { fakePipeline, type FakePipeline } from '../../support/fake-pipeline.ts';

let fake: FakeHaproxy;
let loop: FakePipeline;
afterEach(() => loop.close());

const app = (name: string, labels: Record<string, string> = {}) =>
  anApp(`/${name}`, {
    ports: [aPort(10_000 + name.charCodeAt(0))],
    labels: { HAPROXY_GROUP: 'external', HAPROXY_0_VHOST: `${name}.example`, ...labels },
    tasks: [aTask(`/${name}`, 1, { host: `10.0.0.${name.charCodeAt(0)}` })],
  });
const leastconn = { HAPROXY_0_BALANCE: 'leastconn' };

async function start(flags: Record<string, unknown>, ...apps: ReturnType<typeof app>[]) {
  fake = fakeHaproxy({ version: '2.6.12-1+deb12u4' });
  loop = fakePipeline(fake, { apps: new Map(apps.map((it) => [it.id, it])), flags });
  await settled();
}
const settled = async () => {
  await fake.clock.advance(50);
  const done = await fake.clock.until(() => loop.pipeline.state().inSync, 60_000);
  expect([done, loop.pipeline.state().failure]).toEqual([true, undefined]);
};
const deploy = (name: string, labels?: Record<string, string>) => {
  const made = app(name, labels);
  loop.mirror(made.id, made);
};
const remove = (name: string) => loop.mirror(asAppId(`/${name}`), undefined);
const reached = (name: string) => fake.reached({ host: `${name}.example` });
const isServed = (name: string) => reached(name).length === 1;
const reloads = () => fake.calls.filter(({ kind }) => kind === 'reload').length;

test('new services are served while a reload that others need has to wait', async () => {
  await start({ spareBackends: 3, settleAfter: 'never' }, app('a'));
  // The fake's budget is three.
  for (const name of ['b', 'c', 'd']) {
    deploy(name, { HAPROXY_0_USE_HSTS: name === 'b' ? 'true' : 'false' });
    await settled();
  }
  const before = reloads();
  deploy('e');
  await fake.clock.advance(200);
  expect(isServed('e')).toBe(true);
  deploy('f', leastconn);
  await fake.clock.advance(200);
  expect(isServed('f')).toBe(false);
  deploy('g');
  await fake.clock.advance(200);
  expect(isServed('g')).toBe(true);
  expect(reloads()).toBe(before);
  await settled();
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) expect(isServed(name)).toBe(true);
  expect(reloads()).toBe(before + 1);
});

const ownPorts = { servicePorts: 'none' };
const backends = () => [...(fake.haproxy.current?.backends ?? [])].map(([, backend]) => backend);
const inSpares = () =>
  backends().flatMap(({ name, servers }) =>
    name.startsWith('pacer_spare_') && servers.length > 0 ? [name] : [],
  );

test('a spare that a removed service leaves has no servers, and serves the next', async () => {
  await start({ ...ownPorts, spareBackends: 1, settleAfter: 'never' }, app('a'));
  const before = reloads();
  for (const name of ['b', 'c', 'd']) {
    deploy(name);
    await settled();
    expect(isServed(name)).toBe(true);
    expect(inSpares()).toHaveLength(1);
    remove(name);
    await settled();
    expect(reached(name)).toEqual([]);
    expect(inSpares()).toEqual([]);
  }
  // Of the configuration's own it is the same.
  remove('a');
  await settled();
  expect(backends().flatMap(({ name, servers }) => (name.startsWith('a_') ? servers : []))).toEqual([]);
  expect(reloads()).toBe(before);
});

test('a reload by somebody else that brings back what a spare served before makes nobody be answered by another app', async () => {
  await start({ ...ownPorts, spareBackends: 1, settleAfter: 'never' }, app('a'));
  deploy('b');
  await settled();
  expect(inSpares()).toHaveLength(1);
  await fake.clock.advance(2_000);
  remove('b');
  await settled();
  deploy('c');
  await settled();
  expect(isServed('c')).toBe(true);
  // The text on disk is of the time of /b.
  void fake.haproxy.reload();
  const wrong: string[] = [];
  fake.faults = () => {
    wrong.push(...reached('b').filter((address) => !address.startsWith('10.0.0.98:')));
    wrong.push(...reached('c').filter((address) => !address.startsWith('10.0.0.99:')));
    return undefined;
  };
  await fake.clock.advance(20_000);
  await settled();
  expect(wrong).toEqual([]);
  expect(reached('b')).toEqual([]);
  expect(isServed('c')).toBe(true);
});

test('a quiet while after the last new service, one reload gives all their own names', async () => {
  await start({ ...ownPorts, spareBackends: 3, settleAfter: 30 }, app('a'));
  const before = reloads();
  for (const name of ['b', 'c', 'd']) {
    deploy(name);
    await settled();
    await fake.clock.advance(25_000);
  }
  expect(inSpares()).toHaveLength(3);
  expect(reloads()).toBe(before);
  await fake.clock.advance(10_000);
  await settled();
  expect(reloads()).toBe(before + 1);
  expect(inSpares()).toEqual([]);
  for (const name of ['a', 'b', 'c', 'd']) expect(isServed(name)).toBe(true);
  await fake.clock.advance(120_000);
  expect(reloads()).toBe(before + 1);
});
