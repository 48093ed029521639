/** `pacer lint` judges the app that Marathon would run, with what the daemon would run it behind. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { lint } from '../../../src/cli/lint/lint.ts';

const folder = mkdtempSync(join(tmpdir(), 'pacer-judged-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(() => vi.unstubAllEnvs());

interface Result {
  readonly exit: number;
  readonly codes: readonly string[];
  readonly ports: readonly string[];
}

async function judge(definition: unknown, options: Record<string, unknown> = {}): Promise<Result> {
  const file = join(folder, 'app.json');
  writeFileSync(file, JSON.stringify(definition));
  let text = '';
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    text += String(chunk);
    return true;
  });
  onTestFinished(() => write.mockRestore());
  const exit = await lint(file, { format: 'json', failOn: 'error', groups: 'external', ...options }).finally(
    () => write.mockRestore(),
  );
  const { findings, apps } = JSON.parse(text) as {
    findings: { code: string; appId: string; portIndex?: number }[];
    apps: { appId: string; portIndex: number; service?: unknown }[];
  };
  return {
    exit,
    codes: findings.map(({ code, appId, portIndex }) => `${code} ${appId} ${portIndex ?? ''}`.trim()),
    ports: apps.map(({ appId, portIndex, service }) => `${appId} ${portIndex}${service ? '' : ' -'}`),
  };
}

const labels = (more: Record<string, string> = {}) => ({ HAPROXY_GROUP: 'external', ...more });
const app = (more: Record<string, string> = {}, rest: Record<string, unknown> = {}) => ({
  id: '/web',
  labels: labels(more),
  ...rest,
});

describe('--check finds what lint finds without it', () => {
  test.each([
    ["Pacer's statistics port", '9090', {}],
    ["Pacer's app id port", '9091', {}],
    ["Pacer's HTTP port where it is another", '8080', { httpPort: '8080' }],
    ["Pacer's HTTPS port where it is another", '8443', { httpsPort: '8443' }],
  ])('%s', async (_, port, flags) => {
    const definition = app({ HAPROXY_0_PORT: port });
    const plain = await judge(definition, flags);
    expect(plain).toMatchObject({ exit: 1, codes: ['PORT_RESERVED /web 0'] });
    expect(await judge(definition, { ...flags, check: true })).toEqual(plain);
  });

  test('a port that is free only without HTTP and HTTPS listeners is free then', async () => {
    const definition = app({ HAPROXY_0_PORT: '8080' });
    const flags = { httpPort: '8080', dontBindHttpHttps: true, check: true };
    expect(await judge(definition, flags)).toMatchObject({ exit: 0, codes: [] });
  });
});

describe('--check asks HAProxy about', () => {
  test('the listeners that the daemon has, HTTPS by vhost among them', async () => {
    const definition = app({ HAPROXY_0_VHOST: 'shop.example' });
    expect(await judge(definition, { check: true })).toMatchObject({ exit: 0, codes: [] });
    expect(await judge(definition, { check: true, groupHttpsByVhost: true })).toMatchObject({ exit: 0 });
  });

  const template = 'server {serverName} {host_ipv4}:{port} frobnicate';

  test('the server lines of an app, which has no task yet', async () => {
    const definition = app({ HAPROXY_0_BACKEND_SERVER_OPTIONS: template });
    expect((await judge(definition)).exit).toBe(0);
    expect(await judge(definition, { check: true })).toMatchObject({
      exit: 1,
      codes: ['HAPROXY_REFUSES /web 0'],
      ports: ['/web 0 -'],
    });
  });

  test('all apps: one that is refused does not hide the next', async () => {
    const bad = (id: string) => ({
      id,
      labels: labels({ HAPROXY_0_BACKEND_SERVER_OPTIONS: template }),
    });
    const good = { id: '/good', labels: labels() };
    expect(await judge([bad('/a'), bad('/b'), good], { check: true })).toEqual({
      exit: 1,
      codes: ['HAPROXY_REFUSES /a 0', 'HAPROXY_REFUSES /b 0'],
      ports: ['/a 0 -', '/b 0 -', '/good 0'],
    });
  });
});

describe('the ports are those that Marathon would give', () => {
  const bogus = { HAPROXY_0_MODE: 'bogus' };
  const docker = (more: Record<string, unknown> = {}) => ({
    type: 'DOCKER',
    docker: { image: 'x', ...more },
  });
  test.each<[string, Record<string, unknown>]>([
    ['none is said', { cmd: 'x' }],
    ['a bridge without mappings', { networks: [{ mode: 'container/bridge' }], container: docker() }],
    ['a bridge without a container', { networks: [{ mode: 'container/bridge' }] }],
    [
      'a bridge with a mapping',
      {
        networks: [{ mode: 'container/bridge' }],
        container: { ...docker(), portMappings: [{ containerPort: 80 }] },
      },
    ],
    [
      "Docker's bridge as it was written before 1.5",
      { container: docker({ network: 'BRIDGE', portMappings: [{ containerPort: 80, hostPort: 0 }] }) },
    ],
    [
      "mappings on the host's network, which Marathon drops",
      { container: docker({ portMappings: [{ containerPort: 80 }, { containerPort: 81 }] }) },
    ],
    ['a network of its own', { networks: [{ mode: 'container', name: 'net' }], container: docker() }],
    ['a port as before 1.5', { ports: [0] }],
  ])('%s', async (_, rest) => {
    expect(await judge(app(bogus, rest))).toEqual({
      exit: 1,
      codes: ['LABEL_INVALID /web 0'],
      ports: ['/web 0 -'],
    });
  });

  test('an address for each task, as before 1.5, has the ports that it announces', async () => {
    const ports = [{ number: 80, name: 'http', protocol: 'tcp' }, { number: 81 }];
    const result = await judge(app({}, { ipAddress: { discovery: { ports } } }));
    expect(result.ports).toEqual(['/web 0', '/web 1']);
  });

  test('more port definitions than mappings make mappings of the rest', async () => {
    const rest = { networks: [{ mode: 'container/bridge' }], container: docker(), ports: [0, 0, 0] };
    expect((await judge(app({}, rest))).ports).toEqual(['/web 0', '/web 1', '/web 2']);
  });

  test('a pod has its endpoints, and a service port only from its labels', async () => {
    const pod = (more: Record<string, string>) => ({
      id: '/pod',
      labels: labels(more),
      networks: [{ mode: 'container/bridge' }],
      containers: [{ name: 'c', endpoints: [{ name: 'http', containerPort: 80, hostPort: 0 }] }],
    });
    expect(await judge(pod({ HAPROXY_0_PORT: '10001' }), { check: true })).toMatchObject({
      exit: 0,
      ports: ['/pod 0'],
    });
    expect((await judge(pod({}))).ports).toEqual(['/pod 0 -']);
  });
});

describe('nothing to check is an error', () => {
  test.each<[string, unknown]>([
    ['an empty list', []],
    ['an app that has no port', app({}, { portDefinitions: [] })],
    ['an app of another group', { id: '/web', labels: { HAPROXY_GROUP: 'internal' } }],
    ['an app whose label is misspelt', { id: '/web', labels: { HAPROXY_GRUOP: 'external' } }],
    ['an app that is switched off', app({ HAPROXY_0_ENABLED: 'false' })],
  ])('%s', async (_, definition) => {
    await expect(judge(definition)).rejects.toMatchObject({ code: 'NOTHING_TO_CHECK' });
    expect((await judge(definition, { allowEmpty: true })).exit).toBe(0);
  });

  test('one app of several that is exposed is enough', async () => {
    const other = { id: '/other', labels: { HAPROXY_GROUP: 'internal' } };
    expect((await judge([other, app()])).exit).toBe(0);
  });
});

describe("the daemon's settings count", () => {
  const internal = { id: '/web', labels: { HAPROXY_GROUP: 'internal' } };
  const settings = { groups: undefined };

  test('the group of the settings file', async () => {
    const config = join(folder, 'pacer.yaml');
    writeFileSync(config, 'group: external\n');
    await expect(judge(internal, { ...settings, config })).rejects.toMatchObject({
      code: 'NOTHING_TO_CHECK',
    });
  });

  test('the group of the environment', async () => {
    vi.stubEnv('PACER_GROUP', 'external');
    await expect(judge(internal, settings)).rejects.toMatchObject({ code: 'NOTHING_TO_CHECK' });
  });

  test('without any, every app is judged', async () => {
    expect(await judge(internal, settings)).toMatchObject({ exit: 0, ports: ['/web 0'] });
  });
});

test.each([
  ['--fail-on', { failOn: 'nothing' }],
  ['--format', { format: 'xml' }],
  ['--against', { against: 'nowhere' }],
])('%s with a value that is none is refused with its name', async (flag, options) => {
  await expect(judge(app(), options)).rejects.toMatchObject({
    code: 'SETTINGS_INVALID',
    message: expect.stringContaining(flag) as unknown,
  });
});
