/** What Marathon refuses, with the body of its answer, and what is beside it and taken. */
import { describe, expect, it } from 'vitest';
import { call, simulate } from './support.ts';

type Wrong = readonly [what: string, definition: object, path: string, error: string | RegExp];

const docker = (parts: object = {}, more: object = {}) => ({
  container: { type: 'DOCKER', docker: { image: 'x', ...parts }, ...more },
});
const bridge = { networks: [{ mode: 'container/bridge' }] };
const volume = (parts: object = {}, persistent: object = { size: 10 }) => ({
  container: { type: 'MESOS', volumes: [{ containerPath: 'data', mode: 'RW', ...parts, persistent }] },
});
const seccomp = (linuxInfo: object) => ({ container: { type: 'MESOS', linuxInfo } });

const malformed: readonly Wrong[] = [
  ['an unknown killSelection', { killSelection: 'RANDOM' }, '/killSelection', 'error.unknown.enum.literal'],
  [
    'an unknown kind of network',
    { networks: [{ mode: 'bridge' }] },
    '/networks(0)/mode',
    'error.unknown.enum.literal',
  ],
  ['an unknown engine', { container: { type: 'RKT' } }, '/container/type', 'error.unknown.enum.literal'],
  [
    'an unknown protocol of a check',
    { healthChecks: [{ protocol: 'FTP' }] },
    '/healthChecks(0)/protocol',
    'error.unknown.enum.literal',
  ],
  [
    'a minimumHealthCapacity over 1',
    { upgradeStrategy: { minimumHealthCapacity: 1.5 } },
    '/upgradeStrategy/minimumHealthCapacity',
    'error.max',
  ],
  [
    'a negative maximumOverCapacity',
    { upgradeStrategy: { maximumOverCapacity: -1 } },
    '/upgradeStrategy/maximumOverCapacity',
    'error.min',
  ],
];

const operators = /^operator must be one of the following UNIQUE/;
const portIndex = /^Health check port indices must address/;

const invalid: readonly Wrong[] = [
  ['cmd with args', { args: ['x'] }, '/', /^AppDefinition must either contain one of 'cmd' or 'args'/],
  ['an empty name in env', { env: { '': 'x' } }, '/env/keys(0)', 'must not be empty'],
  ['an empty container', { container: {} }, '/container/docker', 'not defined'],
  ['a container without an image', docker({ image: '' }), '/container/docker/image', 'must not be empty'],
  [
    'ports with portDefinitions',
    { ports: [10001], portDefinitions: [{ port: 10002 }] },
    '/',
    'cannot specify both ports and port definitions',
  ],
  [
    'ports with ipAddress',
    { ports: [10001], ipAddress: {} },
    '/',
    'cannot specify both an IP address and port',
  ],
  ['a port twice', { ports: [10001, 10001] }, '/', 'ports must be unique'],
  [
    'networks with ipAddress',
    { ...bridge, ipAddress: {} },
    '/',
    'must not specify both networks and ipAddress',
  ],
  [
    'networks with the old network of a container',
    { ...bridge, ...docker({ network: 'BRIDGE' }) },
    '/',
    'must not specify both container.docker.network and networks',
  ],
  [
    'uris with fetch',
    { uris: ['http://x/a'], fetch: [{ uri: 'http://x/b' }] },
    '/uris',
    'may not be set in conjunction with fetch',
  ],
  [
    'a credential of Docker',
    docker({ credential: { principal: 'x' } }),
    '/container/docker/credential',
    'must be empty',
  ],
  [
    'portMappings of an image of Mesos',
    { container: { type: 'MESOS', docker: { image: 'x', portMappings: [{ containerPort: 80 }] } } },
    '/container/docker/portMappings',
    'must be empty',
  ],
  [
    'portMappings with portDefinitions',
    {
      ...bridge,
      ...docker({}, { portMappings: [{ containerPort: 80 }] }),
      portDefinitions: [{ port: 10001 }],
    },
    '/',
    'portDefinitions are only allowed with host-networking',
  ],
  [
    'portMappings on the network of the host',
    { networks: [{ mode: 'host' }], ...docker({}, { portMappings: [{ containerPort: 80 }] }) },
    '/',
    'portMappings are not allowed with host-networking',
  ],
  [
    'portMappings without a network',
    docker({}, { portMappings: [{ containerPort: 80 }] }),
    '/',
    'portMappings are not allowed with host-networking',
  ],
  [
    'a name of two ports',
    {
      portDefinitions: [
        { port: 0, name: 'http' },
        { port: 0, name: 'http' },
      ],
    },
    '/portDefinitions',
    'Port names must be unique.',
  ],
  [
    'networks of different kinds',
    { networks: [{ mode: 'host' }, { mode: 'container', name: 'x' }] },
    '/networks',
    /^May specify a single host network/,
  ],
  [
    'a network twice',
    {
      networks: [
        { mode: 'container', name: 'x' },
        { mode: 'container', name: 'x' },
      ],
    },
    '/networks',
    'Duplicate networks are not allowed',
  ],
  ['a foreign role', { id: '/team/web', role: 'other' }, '/role', 'got other, expected one of: *, team'],
  ['a role at the root', { role: 'team' }, '/role', 'got team, expected one of: *'],
  [
    'a path of a persistent volume',
    volume({ containerPath: '/data' }),
    '/container/volumes(0)/containerPath',
    'value must not contain "/"',
  ],
  [
    'a persistent volume of no size',
    volume({}, { size: 0 }),
    '/container/volumes(0)/persistent/size',
    'got 0, expected more than 0',
  ],
  [
    'a persistent volume that may only be read',
    volume({ mode: 'RO' }),
    '/container/volumes(0)/mode',
    'got RO, expected RW',
  ],
  [
    'a limit of a volume that is no mount',
    volume({}, { size: 10, maxSize: 20 }),
    '/container/volumes(0)/persistent',
    'Only mount volumes can have maxSize',
  ],
  [
    'residency without a persistent volume',
    { residency: {} },
    '/',
    'App must contain persistent volumes and define residency',
  ],
  [
    'a resident app that may be above its number',
    { ...volume(), upgradeStrategy: { maximumOverCapacity: 0.5 } },
    '/upgradeStrategy/maximumOverCapacity',
    'got 0.5, expected 0.0',
  ],
  [
    'a resident app that is taken for lost',
    { ...volume(), unreachableStrategy: { inactiveAfterSeconds: 0 } },
    '/',
    'unreachableStrategy must be disabled for resident tasks',
  ],
  [
    'seccomp with a profile, and unconfined',
    seccomp({ seccomp: { profileName: 'x', unconfined: true } }),
    '/container/linuxInfo/seccomp',
    'Seccomp unconfined can NOT be true when Profile is defined',
  ],
  [
    'seccomp with neither',
    seccomp({ seccomp: { unconfined: false } }),
    '/container/linuxInfo/seccomp',
    'Seccomp unconfined must be true when Profile is NOT defined',
  ],
  [
    'a size of memory that is shared with the parent',
    seccomp({ ipcInfo: { mode: 'SHARE_PARENT', shmSize: 16 } }),
    '/container/linuxInfo/ipcInfo',
    'ipcInfo shmSize can NOT be set when mode is SHARE_PARENT',
  ],
  ['an unknown operator', { constraints: [['hostname', 'NEAR', 'x']] }, '/constraints(0)', operators],
  [
    'a property of every object as operator',
    { constraints: [['a', 'constructor']] },
    '/constraints(0)',
    operators,
  ],
  [
    'a constraint without an operator',
    { constraints: [['hostname']] },
    '/constraints(0)',
    'Each constraint must have either 2 or 3 fields',
  ],
  [
    'UNIQUE with a value',
    { constraints: [['hostname', 'UNIQUE', 'x']] },
    '/constraints(0)',
    'UNIQUE does not accept a value',
  ],
  [
    'LIKE with no regular expression',
    { constraints: [['hostname', 'LIKE', '(']] },
    '/constraints(0)',
    'is not a valid regular expression',
  ],
  [
    'a portIndex out of range',
    { healthChecks: [{ protocol: 'HTTP', portIndex: 1 }] },
    '/healthChecks(0)',
    portIndex,
  ],
  [
    'a check of a port that is not there',
    { portDefinitions: [], healthChecks: [{ protocol: 'TCP' }] },
    '/healthChecks(0)',
    portIndex,
  ],
  [
    'two checks by Mesos',
    { healthChecks: [{ protocol: 'MESOS_TCP' }, { protocol: 'MESOS_HTTP' }] },
    '/',
    'AppDefinition can contain at most one Mesos health check',
  ],
  [
    'an IPv6 check by Marathon',
    { healthChecks: [{ protocol: 'HTTP', ipProtocol: 'IPv6' }] },
    '/healthChecks(0)',
    /^IPv6 can only be used/,
  ],
  ['an id that the API needs itself', { id: '/web/tasks' }, '/id', /reserved keywords/],
  [
    'several instances of what may have one',
    { instances: 2, labels: { MARATHON_SINGLE_INSTANCE_APP: 'true' } },
    '/',
    'Single instance app may only have one instance',
  ],
];

describe('an app is refused for', () => {
  it.each([
    ...malformed.map((row) => ['Invalid JSON', ...row] as const),
    ...invalid.map((row) => ['Object is not valid', ...row] as const),
  ])('%s: %s', async (message, _, definition, path, error) => {
    const { url } = await simulate({ tasks: 'none' });
    const { status, body } = await call(`${url}/v2/apps`, 'POST', { id: '/web', cmd: 'x', ...definition });
    expect(status).toBe(422);
    expect(body.message).toBe(message);
    const details = (body as unknown as { details: { path: string; errors: string[] }[] }).details;
    const errors = details.find((it) => it.path === path)?.errors ?? [];
    expect(errors, JSON.stringify(details)).toEqual([
      typeof error === 'string' ? error : expect.stringMatching(error),
    ]);
    expect((await call(`${url}/v2/apps`, 'GET')).body.apps).toEqual([]);
  });

  it('the same as a change of one that runs, which stays as it was', async () => {
    const simulator = await simulate({ tasks: 'none' });
    await simulator.deploy({ id: '/web', portDefinitions: [{ port: 10_001 }] });
    const before = (await call(`${simulator.url}/v2/apps//web`, 'GET')).body.app;
    for (const change of [
      { killSelection: 'RANDOM' },
      { args: ['x'] },
      { ports: [1], portDefinitions: [{ port: 2 }] },
      { healthChecks: [{ protocol: 'HTTP', portIndex: 4 }] },
      { constraints: [['hostname', 'NEAR']] },
    ]) {
      const { status } = await call(`${simulator.url}/v2/apps//web?force=true`, 'PUT', change);
      expect([change, status]).toEqual([change, 422]);
    }
    expect((await call(`${simulator.url}/v2/apps//web`, 'GET')).body.app).toEqual(before);
  });
});

describe('an app is taken with', () => {
  it.each<[string, object]>([
    ['args alone', { cmd: undefined, args: ['x'] }],
    ['an image alone', { cmd: undefined, ...docker() }],
    ['ports that are those of its portDefinitions', { ports: [10001], portDefinitions: [{ port: 10001 }] }],
    ['the old network of a container', docker({ network: 'BRIDGE', portMappings: [{ containerPort: 80 }] })],
    ['an IP address of its own', { ipAddress: { networkName: 'x' } }],
    ['a role of its group', { id: '/team/web', role: 'team' }],
    ['a persistent volume', volume()],
    ['a profile of seccomp', seccomp({ seccomp: { profileName: 'x', unconfined: false } })],
    [
      'constraints',
      {
        constraints: [
          ['hostname', 'UNIQUE'],
          ['rack', 'GROUP_BY', '3'],
        ],
      },
    ],
    ['words in any case', { killSelection: 'oldest_first' }],
    ['a check of another port', { healthChecks: [{ protocol: 'HTTP', port: 8080 }] }],
    ['uris', { uris: ['http://x/a.tgz'] }],
  ])('%s', async (_, definition) => {
    const { url } = await simulate({ tasks: 'none' });
    const { status, body } = await call(`${url}/v2/apps`, 'POST', { id: '/web', cmd: 'x', ...definition });
    expect([status, JSON.stringify(body)]).toEqual([201, expect.any(String)]);
  });

  it('another network than before, and the ports of it', async () => {
    const simulator = await simulate({ tasks: 'none' });
    await simulator.deploy({ id: '/web', portDefinitions: [{ port: 10_001 }] });
    const change = { ...bridge, ...docker({}, { portMappings: [{ containerPort: 80 }] }) };
    expect((await call(`${simulator.url}/v2/apps//web?force=true`, 'PUT', change)).status).toBe(200);
    const back = { networks: [{ mode: 'host' }], portDefinitions: [{ port: 10_002 }] };
    expect((await call(`${simulator.url}/v2/apps//web?force=true`, 'PUT', back)).status).toBe(200);
  });
});

describe('a group is refused', () => {
  it.each([
    ['for an app of elsewhere', { apps: [{ id: '/other/web', cmd: 'x' }] }, '/apps(0)/id', '/team'],
    ['for a group of elsewhere', { groups: [{ id: '/other', apps: [] }] }, '/groups(0)/id', '/team'],
    [
      'for an app of elsewhere below it',
      { groups: [{ id: 'a', apps: [{ id: '/team/web', cmd: 'x' }] }] },
      '/groups(0)/apps(0)/id',
      '/team/a',
    ],
  ])('%s, and leaves nothing', async (_, parts, path, parent) => {
    const { url } = await simulate({ tasks: 'none' });
    const { status, body } = await call(`${url}/v2/groups`, 'POST', { id: '/team', ...parts });
    expect(status).toBe(422);
    expect(body).toEqual({
      message: 'Object is not valid',
      details: [{ path, errors: [`Identifier is not child of '${parent}'`] }],
    });
    expect((await call(`${url}/v2/groups//team`, 'GET')).status).toBe(404);
  });
});

describe('a pod is refused for', () => {
  const front = { name: 'front', endpoints: [{ name: 'http', containerPort: 8080 }] };
  const networks = [{ mode: 'container', name: 'x' }];

  it.each<Wrong>([
    ['no container', { containers: [] }, '/containers', 'must not be empty'],
    [
      'a name of two containers',
      { containers: [front, { name: 'front' }] },
      '/containers',
      'container names are unique',
    ],
    [
      'a name of two endpoints',
      { containers: [front, { name: 'b', endpoints: [{ name: 'http', containerPort: 1 }] }] },
      '/',
      'Endpoint names are unique',
    ],
    [
      'a port that the host’s network does not map',
      { networks: [{ mode: 'host' }] },
      '/containers(0)/endpoints(0)/containerPort',
      'is not allowed when using host-mode networking',
    ],
    [
      'an endpoint without a port',
      { containers: [{ name: 'a', endpoints: [{ name: 'http' }] }] },
      '/containers(0)/endpoints(0)/containerPort',
      'is required when using container-mode networking',
    ],
    [
      'a check of an endpoint that is not there',
      { containers: [{ ...front, healthCheck: { http: { endpoint: 'x' } } }] },
      '/containers(0)/healthCheck/http/endpoint',
      'contained in the container endpoints',
    ],
    [
      'seccomp of the executor',
      { linuxInfo: { seccomp: { unconfined: true } } },
      '/linuxInfo/seccomp',
      'Seccomp configuration on executor level is not supported',
    ],
    [
      'an empty name in the environment',
      { environment: { '': 'x' } },
      '/environment/keys(0)',
      'must not be empty',
    ],
    [
      'an unknown operator',
      { scheduling: { placement: { constraints: [{ fieldName: 'hostname', operator: 'NEAR' }] } } },
      '/scheduling/placement/constraints(0)',
      operators,
    ],
  ])('%s', async (_, parts, path, error) => {
    const { url } = await simulate({ tasks: 'none' });
    const pod = { id: '/pod', networks, containers: [front], ...parts };
    const { status, body } = await call(`${url}/v2/pods`, 'POST', pod);
    expect(status).toBe(422);
    expect(body).toMatchObject({
      message: 'Object is not valid',
      details: expect.arrayContaining([
        { path, errors: [typeof error === 'string' ? error : expect.stringMatching(error)] },
      ]) as unknown,
    });
  });

  it('another id than that of its address', async () => {
    const { url } = await simulate({ tasks: 'none' });
    const pod = { id: '/pod', networks, containers: [front] };
    expect((await call(`${url}/v2/pods`, 'POST', pod)).status).toBe(201);
    const { status, body } = await call(`${url}/v2/pods//pod`, 'PUT', { ...pod, id: '/other' });
    expect([status, body]).toEqual([400, { message: "'/pod' does not match definition's id ('/other')" }]);
  });
});
