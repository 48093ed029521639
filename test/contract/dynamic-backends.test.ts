/** `--dynamic-backends`: new services without a reload, where HAProxy can add a backend; elsewhere by a reload that says why. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { capabilitiesOf } from '../../src/haproxy/machine/capabilities.ts';
import { haproxyProgram, installedVersion } from '../support/haproxy.ts';
import { httpApp, startStack, type Stack } from '../support/stack.ts';
import { createTraffic } from '../support/traffic.ts';

const { addBackend, version } = capabilitiesOf(installedVersion);
let stack: Stack;

beforeEach(async () => {
  stack = await startStack({
    flags: ['--dynamic-backends', '--service-ports', 'none', '--haproxy-bin', haproxyProgram],
  });
  await stack.daemon().ready();
});
afterEach(() => stack.close());

const app = (id: string, labels: Record<string, string> = {}) =>
  httpApp(id, 0, { labels: { HAPROXY_0_VHOST: `${id.slice(1)}.example`, ...labels } });
const serves = async (host: string) => (await stack.ask({ host: `${host}.example` })).status === 200;
const reloads = async () => (await stack.status()).haproxy.running?.reloads ?? 0;
/** Why HAProxy was reloaded, oldest first. */
const reasons = async () =>
  ((await stack.daemon().get('/revisions')) as { plan: { kind: string; reasons?: unknown } }[])
    .flatMap(({ plan }) => (plan.kind === 'reload' ? [JSON.stringify(plan.reasons)] : []))
    .reverse();
const deploy = async (id: string, labels?: Record<string, string>) => {
  await stack.marathon.deploy(app(id, labels));
  await stack.until(`${id} serves`, () => serves(id.slice(1)));
  await stack.inStep(id);
};

test.runIf(addBackend)('a service like one that is there comes and goes without a reload', async () => {
  await deploy('/first');
  const before = await reloads();
  const traffic = createTraffic({
    port: stack.ports.http,
    keepAlive: 4,
    close: 4,
    target: () => ({ host: 'first.example', path: '/' }),
  });
  traffic.start();
  await deploy('/second');
  await stack.marathon.scale('/second', 3);
  await stack.inStep('/second');
  await deploy('/third');
  await stack.marathon.remove('/second');
  await stack.until('/second is nobody any more', async () => {
    return (await stack.ask({ host: 'second.example' })).status === 404;
  });
  await deploy('/second');
  const { failures, ok } = await traffic.stop();
  expect(failures).toEqual({});
  expect(ok).toBeGreaterThan(0);
  expect((await reasons()).slice(2)).toEqual([]);
  expect(await reloads()).toBe(before);
  // The text on disk has them too.
  await stack.until('the text has followed', async () => {
    const { haproxy, failure } = await stack.status();
    return haproxy.inSync && failure === null;
  });
  await deploy('/other-kind', { HAPROXY_0_USE_HSTS: 'true' });
  expect(await reloads()).toBe(before + 1);
  for (const host of ['first', 'second', 'third', 'other-kind']) expect(await serves(host)).toBe(true);
});

test.runIf(addBackend)(
  'after a restart of the daemon the next service comes without a reload again',
  async () => {
    await deploy('/first');
    await deploy('/second');
    const before = await reloads();
    await stack.daemon().stop('SIGKILL');
    stack.startPacer();
    await stack.daemon().ready();
    await deploy('/third');
    // The one that the kill may have come before the text had followed.
    expect(await reloads()).toBeLessThanOrEqual(before + 1);
    const settled = await reloads();
    await deploy('/fourth');
    expect(await reloads()).toBe(settled);
  },
);

test.runIf(!addBackend)('a HAProxy that adds no backend is reloaded, with that reason', async () => {
  await deploy('/first');
  const before = await reloads();
  await deploy('/second');
  expect(await reloads()).toBe(before + 1);
  expect(JSON.stringify(await stack.daemon().get('/revisions'))).toContain(
    `HAProxy ${version} adds no backend at runtime`,
  );
});
