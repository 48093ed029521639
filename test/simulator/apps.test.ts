/** /v2/apps as clients use it. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { request } from 'node:http';
import { describe, expect, it } from 'vitest';
import { call, eventually, list, simulate, type AnswerJson } from './support.ts';

const plain = { id: '/web', cmd: 'x' };

function fixture(name: string): Record<string, unknown> {
  const path = new URL(`../fixtures/${name}`, import.meta.url);
  return JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
}

describe('an app that is posted', () => {
  it('is answered with 201, the deployment, and service ports that are not assigned yet', async () => {
    const { url } = await simulate();
    const { status, headers, body } = await call(`${url}/v2/apps`, 'POST', plain);
    expect(status).toBe(201);
    expect(headers.get('location')).toBe('/web');
    expect(headers.get('marathon-deployment-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(body).toMatchObject({ id: '/web', tasksRunning: 0, portDefinitions: [{ port: 0 }] });
  });

  it('has every default of Marathon in GET, and a service port from 10000 up', async () => {
    const { url } = await simulate();
    await call(`${url}/v2/apps`, 'POST', plain);
    const { body } = await call(`${url}/v2/apps//web`, 'GET');
    expect(body.app).toMatchObject({
      id: '/web',
      backoffFactor: 1.15,
      backoffSeconds: 1,
      instances: 1,
      labels: {},
      networks: [{ mode: 'host' }],
      requirePorts: false,
      killSelection: 'YOUNGEST_FIRST',
      portDefinitions: [{ port: 10_000, name: 'default', protocol: 'tcp' }],
      upgradeStrategy: { minimumHealthCapacity: 1, maximumOverCapacity: 1 },
      unreachableStrategy: { inactiveAfterSeconds: 0, expungeAfterSeconds: 0 },
    });
    expect(body.app.healthChecks).toBeUndefined();
    expect(body.app.container).toBeUndefined();
  });

  it('is refused where its id is taken', async () => {
    const { url } = await simulate();
    await call(`${url}/v2/apps`, 'POST', plain);
    const { status, body } = await call(`${url}/v2/apps`, 'POST', plain);
    expect(status).toBe(409);
    expect(body).toEqual({ message: 'An app with id [/web] already exists.' });
  });

  it.each([
    ['{"id": "/web"', 400, 'Invalid JSON'],
    ['{"id": "/web", "cmd": "x", "instances": "two"}', 422, 'Invalid JSON'],
    ['{"id": "/web"}', 422, 'Object is not valid'],
    ['{"id": "/Web_1", "cmd": "x"}', 422, 'Object is not valid'],
    ['{"id": "/web", "cmd": "x", "instances": -1}', 422, 'Object is not valid'],
    ['{"id": "/web", "cmd": "x", "instances": 1000000000}', 422, 'Object is not valid'],
    ['{"id": "/web", "cmd": "x", "ports": [70000]}', 422, 'Object is not valid'],
    ['{"id": "/web", "cmd": "x", "portDefinitions": [{"port": 65536}]}', 422, 'Object is not valid'],
  ])('is refused when it is %s', async (text, status, message) => {
    const { url } = await simulate();
    const answer = await call(`${url}/v2/apps`, 'POST', text);
    expect(answer.status).toBe(status);
    expect(answer.body.message).toBe(message);
  });
});

describe('ports', () => {
  it('are unique, and an app keeps those it has', async () => {
    const simulator = await simulate({ tasks: 'none' });
    const two = { cmd: 'x', portDefinitions: [{ port: 0 }, { port: 0 }] };
    await simulator.deploy({ id: '/a', ...two });
    await simulator.deploy({ id: '/b', ...two });
    await simulator.update('/a', { labels: { new: 'label' } });
    await simulator.update('/a', { portDefinitions: [{ port: 0 }, { port: 0 }, { port: 0 }] });
    const { body } = await call(`${simulator.url}/v2/apps`, 'GET');
    const ports = body.apps.map((app) => app.portDefinitions.map(({ port }) => port));
    expect(ports.sort()).toEqual([
      [10_000, 10_001, 10_004],
      [10_002, 10_003],
    ]);
  });

  it('of a list of new apps differ', async () => {
    const { url } = await simulate({ tasks: 'none' });
    await call(`${url}/v2/apps`, 'PUT', [
      { id: '/a', cmd: 'x' },
      { id: '/b', cmd: 'x' },
    ]);
    const { body } = await call(`${url}/v2/apps`, 'GET');
    expect(new Set(body.apps.map((app) => app.portDefinitions[0]!.port)).size).toBe(2);
  });

  it('are host ports as well where the app requires it', async () => {
    const simulator = await simulate();
    await simulator.deploy({ id: '/fixed', requirePorts: true, portDefinitions: [{ port: 31_777 }] });
    expect(simulator.tasks('/fixed')[0]!.ports).toEqual([31_777]);
  });
});

describe('the fixtures of marathon-lb', () => {
  it.each([
    ['app-docker_bridge.json', 'container/bridge'],
    ['app-ucr_bridge.json', 'container/bridge'],
    ['app-docker_host.json', 'host'],
    ['app-ucr_host.json', 'host'],
    ['app-docker_ippc.json', 'container'],
    ['app-ucr_ippc.json', 'container'],
  ])('%s is taken, in the %s network', async (name, mode) => {
    const simulator = await simulate({ tasks: 'none' });
    const app = { ...fixture(name), instances: 1, healthChecks: [] };
    const { status } = await call(`${simulator.url}/v2/apps`, 'POST', app);
    expect(status).toBe(201);
    const { body } = await call(`${simulator.url}/v2/apps?embed=apps.tasks`, 'GET');
    expect(body.apps[0]!.networks[0]!.mode).toBe(mode);
    expect(body.apps[0]!.container.docker.network).toBeUndefined();
  });
});

describe('lists', () => {
  const apps = [
    { id: '/team/web', cmd: 'run web', labels: { HAPROXY_GROUP: 'external', tier: 'front' } },
    { id: '/team/db', cmd: 'run db', labels: { tier: 'back' } },
    { id: '/other', cmd: 'sleep' },
  ];

  it.each([
    ['', ['/other', '/team/db', '/team/web']],
    ['?label=HAPROXY_GROUP', ['/team/web']],
    ['?label=tier==back', ['/team/db']],
    ['?label=tier!=back', ['/team/web']],
    ['?label=tier in (back,front)', ['/team/db', '/team/web']],
    ['?label=tier notin (back),HAPROXY_GROUP', ['/team/web']],
    ['?id=TEAM', ['/team/db', '/team/web']],
    ['?cmd=sleep', ['/other']],
  ])('with %s hold %j', async (query, ids) => {
    const simulator = await simulate({ tasks: 'none' });
    simulator.load(apps);
    const { body } = await call(`${simulator.url}/v2/apps${query}`, 'GET');
    expect(body.apps.map(({ id }) => id).sort()).toEqual(ids);
  });

  it('refuse a selector that makes no sense', async () => {
    const { url } = await simulate();
    const { status, body } = await call(`${url}/v2/apps?label=a in`, 'GET');
    expect(status).toBe(422);
    expect(body.message).toMatch(/^Can not parse label selector/);
  });

  it('hold tasks only where they are asked for, and counts always', async () => {
    const simulator = await simulate({ tasks: 'none' });
    simulator.load(apps, { tasksEach: 2 });
    const without = await call(`${simulator.url}/v2/apps`, 'GET');
    const withTasks = await call(`${simulator.url}/v2/apps?embed=apps.tasks`, 'GET');
    expect(without.body.apps[0]).toMatchObject({ tasksRunning: 2, deployments: [] });
    expect(without.body.apps[0]!.tasks).toBeUndefined();
    expect(withTasks.body.apps[0]!.tasks).toHaveLength(2);
    expect(withTasks.body.apps[0]!.tasks[0]!.servicePorts).toEqual([]);
  });

  it('of a group hold all below it', async () => {
    const simulator = await simulate({ tasks: 'none' });
    simulator.load(apps);
    const { body } = await call(`${simulator.url}/v2/apps//team/*?embed=apps.tasks`, 'GET');
    expect(body['*'].map(({ id }) => id).sort()).toEqual(['/team/db', '/team/web']);
    expect((await call(`${simulator.url}/v2/apps/nothing/*`, 'GET')).status).toBe(404);
  });

  it('are compressed where the client takes it, and may not be stored', async () => {
    const simulator = await simulate({ tasks: 'none' });
    simulator.load(apps);
    const answer = await new Promise<{ headers: Record<string, unknown>; body: Buffer }>((resolve) => {
      request(`${simulator.url}/v2/apps`, { headers: { 'Accept-Encoding': 'gzip' } }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => resolve({ headers: response.headers, body: Buffer.concat(chunks) }));
      }).end();
    });
    expect(answer.headers).toMatchObject({
      'content-encoding': 'gzip',
      'content-type': 'application/json',
      'cache-control': 'no-cache, no-store, must-revalidate',
      'x-marathon-leader': simulator.url,
    });
    const unpacked = JSON.parse(gunzipSync(answer.body).toString()) as AnswerJson;
    expect(unpacked.apps).toHaveLength(3);
  });
});

describe('what is embedded', () => {
  it('may be statistics of the tasks by the version they are of', async () => {
    const simulator = await simulate({ tasks: 'none' });
    await simulator.deploy({ ...plain, instances: 2 });
    await simulator.scale('/web', 3);
    const { body } = await call(`${simulator.url}/v2/apps?embed=apps.taskStats`, 'GET');
    const { taskStats } = body.apps[0]! as unknown as {
      taskStats: Record<string, { stats: { counts: object; lifeTime: object } }>;
    };
    const counts = (running: number) => ({ staged: 0, running, healthy: 0, unhealthy: 0 });
    expect(
      Object.fromEntries(Object.entries(taskStats).map(([key, { stats }]) => [key, stats.counts])),
    ).toEqual({
      startedAfterLastScaling: counts(1),
      withLatestConfig: counts(3),
      totalSummary: counts(3),
    });
    expect(taskStats['totalSummary']?.stats.lifeTime).toEqual({
      averageSeconds: expect.any(Number) as number,
      medianSeconds: expect.any(Number) as number,
    });
    expect((await call(`${simulator.url}/v2/apps`, 'GET')).body.apps[0]).not.toHaveProperty('taskStats');
  });

  it('has every default of a check, whoever performs it', async () => {
    const { url } = await simulate({ tasks: 'none' });
    const healthChecks = [{ protocol: 'HTTP' }, { protocol: 'COMMAND', command: { value: 'x' } }];
    await call(`${url}/v2/apps`, 'POST', { ...plain, healthChecks });
    const defaults = {
      ...{ gracePeriodSeconds: 300, intervalSeconds: 60, timeoutSeconds: 20, maxConsecutiveFailures: 3 },
      ...{ delaySeconds: 15, ipProtocol: 'IPv4' },
    };
    expect((await call(`${url}/v2/apps//web`, 'GET')).body.app.healthChecks).toEqual([
      { ...defaults, protocol: 'HTTP', portIndex: 0, ignoreHttp1xx: false },
      { ...defaults, protocol: 'COMMAND', command: { value: 'x' } },
    ]);
  });
});

describe('changes', () => {
  it('of the number of instances keep the tasks and lastConfigChangeAt', async () => {
    const simulator = await simulate();
    await simulator.deploy(plain);
    const before = (await call(`${simulator.url}/v2/apps/web`, 'GET')).body.app;
    const { body } = await call(`${simulator.url}/v2/apps/web`, 'PUT', { instances: 2 });
    expect(body).toEqual({
      version: expect.any(String) as string,
      deploymentId: expect.any(String) as string,
    });
    const after = (await call(`${simulator.url}/v2/apps/web`, 'GET')).body.app;
    expect(after.versionInfo.lastConfigChangeAt).toBe(before.versionInfo.lastConfigChangeAt);
    expect(after.versionInfo.lastScalingAt).toBe(body.version);
    expect(after.version).toBe(body.version);
  });

  it('keep what a PUT does not name, unless it is not partial', async () => {
    const { url } = await simulate({ tasks: 'none' });
    await call(`${url}/v2/apps`, 'POST', { ...plain, mem: 64, labels: { a: 'b' } });
    await call(`${url}/v2/apps/web?force=true`, 'PUT', { cpus: 2 });
    expect((await call(`${url}/v2/apps/web`, 'GET')).body.app).toMatchObject({
      mem: 64,
      cpus: 2,
      labels: { a: 'b' },
    });
    await call(`${url}/v2/apps/web?force=true&partialUpdate=false`, 'PUT', { cmd: 'y' });
    expect((await call(`${url}/v2/apps/web`, 'GET')).body.app).toMatchObject({
      mem: 128,
      cmd: 'y',
      labels: {},
    });
  });

  it('can go back to an earlier version', async () => {
    const simulator = await simulate({ tasks: 'none' });
    await simulator.deploy({ ...plain, cmd: 'first' });
    const versions = async (): Promise<string[]> =>
      (await call(`${simulator.url}/v2/apps/web/versions`, 'GET')).body.versions as string[];
    const [first] = await versions();
    await simulator.update('/web', { cmd: 'second' });
    await call(`${simulator.url}/v2/apps/web`, 'PUT', { version: first });
    expect((await call(`${simulator.url}/v2/apps/web`, 'GET')).body.app.cmd).toBe('first');
    expect(await versions()).toHaveLength(3);
    expect((await call(`${simulator.url}/v2/apps/web/versions/${first!}`, 'GET')).body.cmd).toBe('first');
  });

  it('of an app that does not exist create it by PUT, and are 404 by PATCH', async () => {
    const { url } = await simulate({ tasks: 'none' });
    expect((await call(`${url}/v2/apps/new`, 'PUT', { cmd: 'x' })).status).toBe(201);
    const { status, body } = await call(`${url}/v2/apps/none`, 'PATCH', { cmd: 'x' });
    expect(status).toBe(404);
    expect(body).toEqual({ message: "App '/none' does not exist" });
  });

  it('that were given up are rolled back', async () => {
    const simulator = await simulate({ timings: { offerMs: 300 } });
    await simulator.deploy(plain);
    void simulator.update('/web', { cmd: 'other' }).catch(() => undefined);
    await eventually(() => simulator.tasks('/web').length === 1);
    await new Promise((resolve) => setTimeout(resolve, 40));
    const [deployment] = await list(`${simulator.url}/v2/deployments`);
    expect(deployment).toMatchObject({ affectedApps: ['/web'], currentStep: 1, totalSteps: 1 });
    expect((await call(`${simulator.url}/v2/deployments/${deployment!.id}`, 'DELETE')).status).toBe(200);
    expect((await call(`${simulator.url}/v2/apps/web`, 'GET')).body.app.cmd).toBe('x');
    expect((await call(`${simulator.url}/v2/deployments/nothing`, 'DELETE')).status).toBe(404);
  });
});

describe('everything else', () => {
  it('answers as Marathon does', async () => {
    const { url, port } = await simulate();
    expect((await call(`${url}/ping`, 'GET')).body).toBe('pong');
    expect((await call(`${url}/v2/leader`, 'GET')).body).toEqual({ leader: `127.0.0.1:${port}` });
    expect((await call(`${url}/v2/info`, 'GET')).body).toMatchObject({
      name: 'marathon',
      version: '1.11.24',
    });
    const unknown = await call(`${url}/v2/nothing`, 'GET');
    expect(unknown.status).toBe(500);
    expect(unknown.body).toEqual({ message: 'URI not found' });
  });

  it.each<[string, object, string]>([
    ['more CPUs than an agent has', { cpus: 1000 }, 'InsufficientCpus'],
    ['more memory than an agent has', { mem: 10_000_000 }, 'InsufficientMemory'],
    ['a GPU', { gpus: 1 }, 'InsufficientGpus'],
    ['an agent of another name', { constraints: [['hostname', 'LIKE', 'gpu-.*']] }, 'UnfulfilledConstraint'],
    ['an attribute that no agent has', { constraints: [['rack', 'CLUSTER', 'a']] }, 'UnfulfilledConstraint'],
    ['a role that is reserved for nobody', { acceptedResourceRoles: ['slave_public'] }, 'UnfulfilledRole'],
  ])('keeps in the queue an app that wants %s, and says why', async (_, parts, reason) => {
    const simulator = await simulate({ tasks: 'none' });
    await call(`${simulator.url}/v2/apps`, 'POST', { ...plain, ...parts });
    await new Promise((resolve) => setTimeout(resolve, 100));
    const { queue } = (await call(`${simulator.url}/v2/queue`, 'GET')).body;
    expect(queue).toMatchObject([
      {
        app: { id: '/web' },
        count: 1,
        processedOffersSummary: {
          unusedOffersCount: 5,
          rejectSummaryLastOffers: expect.arrayContaining([{ reason, declined: 5, processed: 5 }]) as unknown,
        },
      },
    ]);
    expect(simulator.tasks()).toEqual([]);
    expect(await list(`${simulator.url}/v2/deployments`)).toHaveLength(1);
    await call(`${simulator.url}/v2/apps//web?force=true`, 'DELETE');
    await eventually(() => simulator.tasks().length === 0);
    await simulator.deploy({ id: '/small' });
    expect((await call(`${simulator.url}/v2/queue`, 'GET')).body.queue).toEqual([]);
  });

  it('gives one agent to one instance where a constraint says so, and keeps the rest in the queue', async () => {
    const simulator = await simulate({ tasks: 'none', agents: 3 });
    void simulator.deploy({ ...plain, instances: 4, constraints: [['hostname', 'UNIQUE']] }).catch(() => 0);
    await eventually(
      () => simulator.tasks('/web').filter(({ state }) => state === 'TASK_RUNNING').length === 3,
    );
    expect(new Set(simulator.tasks('/web').map(({ host }) => host)).size).toBe(3);
    const { queue } = (await call(`${simulator.url}/v2/queue`, 'GET')).body;
    expect(queue).toMatchObject([{ count: 1 }]);
  });

  it('tells its metrics', async () => {
    const simulator = await simulate({ tasks: 'none' });
    await simulator.deploy({ id: '/team/web', instances: 2 });
    const { status, body } = await call(`${simulator.url}/metrics`, 'GET');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      gauges: {
        'marathon.apps.active.gauge': { value: 1 },
        'marathon.groups.active.gauge': { value: 2 },
        'marathon.instances.running.gauge': { value: 2 },
      },
    });
  });

  it('shows in the queue what waits for an offer', async () => {
    const simulator = await simulate({ timings: { offerMs: 500 } });
    void simulator.deploy({ ...plain, instances: 3 });
    await new Promise((resolve) => setTimeout(resolve, 60));
    const { body } = await call(`${simulator.url}/v2/queue`, 'GET');
    expect(body.queue).toMatchObject([{ app: { id: '/web' }, count: 3 }]);
  });
});
