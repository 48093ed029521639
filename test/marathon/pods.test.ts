import { describe, expect, it, onTestFinished } from 'vitest';
import { asAppId } from '../../src/core/model/ids.ts';
import type { App } from '../../src/core/model/model.ts';
import { endpointOf } from '../../src/core/servers/ports.ts';
import { MarathonClient } from '../../src/marathon/client/client.ts';
import { fetchAll } from '../../src/marathon/client/fetch.ts';
import { podApp, readPodStatus } from '../../src/marathon/pods/decode-pod.ts';
import { podLabels } from '../../src/marathon/pods/pod-labels.ts';
import { rawPod, type RawPod } from '../../src/marathon/pods/raw-pod.ts';
import { expectSame, follow, mirroring, simulate, until, webApp } from './mirroring.ts';
import { sendJson, serve } from './servers.ts';

const spec = (parts: object) => rawPod.parse({ id: '/web/pod', version: 'v1', containers: [], ...parts });

function appOf(status: object, specOf: (version: string) => RawPod | undefined = () => undefined): App {
  const read = readPodStatus(status, 'pods[0]');
  if (!('spec' in read)) throw new Error('it is malformed');
  return podApp(read, specOf).app;
}

const addresses = (app: App, index: number) =>
  app.tasks.map((task) => {
    const endpoint = endpointOf(app, task, index);
    return endpoint.kind === 'none' ? endpoint.reason : `${endpoint.host}:${endpoint.port}`;
  });

describe('the labels of a pod', () => {
  const containers = [
    {
      name: 'front',
      endpoints: [{ name: 'http', labels: { HAPROXY_0_VHOST: 'endpoint.example' } }, { name: 'admin' }],
    },
    { name: 'side' },
    {
      name: 'api',
      labels: {
        HAPROXY_GROUP: 'internal',
        HAPROXY_0_VHOST: 'container.example',
        HAPROXY_0_PORT: '10005',
        other: 'x',
      },
      endpoints: [{ name: 'rest', labels: { HAPROXY_GROUP: 'external' } }],
    },
  ];

  it('count the endpoints of the object that has them, and the closest one wins', () => {
    const labels = {
      HAPROXY_GROUP: 'external',
      HAPROXY_0_VHOST: 'pod.example',
      HAPROXY_2_PORT: '10004',
      team: 'web',
    };
    expect(podLabels(spec({ labels, containers })).labels).toEqual({
      team: 'web',
      HAPROXY_GROUP: 'external',
      HAPROXY_0_VHOST: 'endpoint.example',
      HAPROXY_2_VHOST: 'container.example',
      HAPROXY_2_PORT: '10005',
      HAPROXY_2_GROUP: 'external',
    });
  });

  it('are reported if they have no meaning there', () => {
    const [front, ...rest] = containers;
    const wrong = { ...front, labels: { HAPROXY_2_VHOST: 'x.example', HAPROXY_DEPLOYMENT_GROUP: 'x' } };
    const { labels, diagnostics } = podLabels(spec({ containers: [wrong, ...rest] }));
    expect(labels).not.toHaveProperty('HAPROXY_2_VHOST', 'x.example');
    expect(diagnostics.map(({ code, label, reason }) => `${code} ${label ?? ''}: ${reason}`)).toEqual([
      'LABEL_NO_PORT HAPROXY_2_VHOST: container front has 2 endpoints, counted from 0',
      'LABEL_WITHOUT_EFFECT HAPROXY_DEPLOYMENT_GROUP: it has no effect on container front',
    ]);
  });
});

describe('the endpoints of an instance', () => {
  const containers = [
    {
      name: 'front',
      endpoints: [
        { name: 'http', containerPort: 8080, hostPort: 0 },
        { name: 'admin', containerPort: 8081 },
      ],
    },
    { name: 'back', endpoints: [{ name: 'rpc', containerPort: 9000, networkNames: ['second'] }] },
  ];
  const status = (name: string, endpoints: object[] = [], parts: object = {}) => ({
    name,
    status: 'TASK_RUNNING',
    containerId: `web_pod.instance-1.${name}.1`,
    endpoints,
    ...parts,
  });
  const instance = (parts: object = {}) => ({
    id: 'web_pod.instance-1',
    status: 'STABLE',
    agentHostname: 'agent1',
    networks: [
      { name: 'first', addresses: ['10.0.0.1'] },
      { name: 'second', addresses: ['10.0.1.1'] },
    ],
    containers: [
      status('front', [{ name: 'http', allocatedHostPort: 31000 }, { name: 'admin' }]),
      status('back', [{ name: 'rpc' }]),
    ],
    specReference: '/v2/pods/web/pod::versions/v1',
    ...parts,
  });
  const pod = (instances: object[], parts: object = {}) => ({
    id: '/web/pod',
    spec: {
      id: '/web/pod',
      version: 'v1',
      networks: [{ name: 'first' }, { name: 'second' }],
      containers,
      ...parts,
    },
    instances,
  });
  const elsewhere = 'the port belongs to another container';

  it('are the agent’s port if there is one, otherwise the address on the network that the endpoint names', () => {
    const app = appOf(pod([instance()]));
    expect(app).toMatchObject({ id: '/web/pod', kind: 'pod', instances: 1, networkMode: 'container' });
    expect(app.ports.map(({ name }) => name)).toEqual(['http', 'admin', 'rpc']);
    expect(app.tasks.map(({ id }) => id)).toEqual([
      'web_pod.instance-1.back.1',
      'web_pod.instance-1.front.1',
    ]);
    expect(addresses(app, 0)).toEqual([elsewhere, 'agent1:31000']);
    expect(addresses(app, 1)).toEqual([elsewhere, '10.0.0.1:8081']);
    expect(addresses(app, 2)).toEqual(['10.0.1.1:9000', elsewhere]);
  });

  it("are only the agent's ports on the agent’s network or behind its bridge", () => {
    for (const mode of ['host', 'container/bridge']) {
      const app = appOf(pod([instance()], { networks: [{ mode }] }));
      expect(addresses(app, 0)).toEqual([elsewhere, 'agent1:31000']);
      expect(addresses(app, 1)).toEqual([elsewhere, elsewhere]);
    }
  });

  it('are those of the definition that the instance runs', () => {
    const old = spec({
      networks: [{ name: 'first' }],
      containers: [{ name: 'front', endpoints: [{ name: 'admin', containerPort: 7777 }] }],
    });
    const running = instance({ specReference: '/v2/pods/web/pod::versions/v0' });
    const app = appOf(pod([running]), (version) => (version === 'v0' ? old : undefined));
    expect(app.tasks[1]).toMatchObject({ version: 'v0' });
    expect(addresses(app, 1)).toEqual([elsewhere, '10.0.0.1:7777']);
  });

  it('get no traffic before all containers run', () => {
    const states = (status: string) => appOf(pod([instance({ status })])).tasks.map(({ state }) => state);
    expect(states('STAGING')).toEqual(['TASK_STARTING', 'TASK_STARTING']);
    expect(states('STABLE')).toEqual(['TASK_RUNNING', 'TASK_RUNNING']);
    expect(states('DEGRADED')).toEqual(['TASK_RUNNING', 'TASK_RUNNING']);
    expect(states('TERMINAL')).toEqual([]);
  });

  it('have the health of their instance, and unreported health is unknown', () => {
    const checked = containers.map((container) => ({
      ...container,
      healthCheck: { http: { endpoint: container.endpoints[0]!.name, path: '/health', scheme: 'HTTP' } },
    }));
    const alive = (...values: ('true' | 'false' | 'unreported' | 'none')[]) => {
      const conditions = values.map((value) =>
        value === 'none'
          ? []
          : [
              {
                name: 'healthy',
                value: value === 'unreported' ? 'false' : value,
                reason: `health-${value === 'unreported' ? 'unreported' : 'reported'}-by-mesos`,
              },
            ],
      );
      const told = [
        status('front', [], { conditions: conditions[0] }),
        status('back', [], { conditions: conditions[1] }),
      ];
      const app = appOf(pod([instance({ containers: told })], { containers: checked }));
      expect(app.healthChecks.map(({ protocol, path, portIndex }) => [protocol, path, portIndex])).toEqual([
        ['HTTP', '/health', 0],
        ['HTTP', '/health', 2],
      ]);
      expect(new Set(app.tasks.map(({ alive }) => String(alive))).size).toBe(1);
      return app.tasks[0]!.alive;
    };
    expect(alive('true', 'true')).toEqual([true]);
    expect(alive('true', 'false')).toEqual([false]);
    expect(alive('true', 'unreported')).toEqual([]);
    expect(alive('none', 'true')).toEqual([]);
    expect(alive('none', 'false')).toEqual([false]);
  });

  it('are left out for a malformed instance, and unknown for a malformed pod', () => {
    const read = readPodStatus(pod([instance(), { id: 7 }]), 'pods[0]');
    expect(read.diagnostics.map(({ reason }) => reason)).toEqual([
      expect.stringContaining('an instance is malformed (id: '),
    ]);
    expect('spec' in read && podApp(read, () => undefined).app.tasks).toHaveLength(2);
    expect(readPodStatus({ id: '/web/pod', spec: [] }, 'pods[3]')).toMatchObject({ id: '/web/pod' });
    expect(readPodStatus(null, 'pods[3]').diagnostics[0]).toMatchObject({
      appId: 'pods[3]',
      severity: 'error',
    });
  });
});

const pod = {
  id: '/team/pod',
  labels: { HAPROXY_GROUP: 'external' },
  scaling: { kind: 'fixed', instances: 2 },
  networks: [{ mode: 'container', name: 'overlay' }],
  containers: [
    {
      name: 'front',
      endpoints: [{ name: 'http', containerPort: 8080, hostPort: 0 }],
      healthCheck: { http: { endpoint: 'http', path: '/' }, intervalSeconds: 1, delaySeconds: 0 },
    },
    { name: 'side', endpoints: [{ name: 'admin', containerPort: 8081 }] },
  ],
};

async function write(url: string, method: 'POST' | 'PUT' | 'DELETE', body?: object): Promise<void> {
  const path = method === 'POST' ? '' : '//team/pod?force=true';
  const answer = await fetch(`${url}/v2/pods${path}`, {
    method,
    ...(body && { body: JSON.stringify(body) }),
  });
  expect(answer.status).toBeLessThan(300);
}

describe.each(['1.4', '1.5', '1.8', '1.11'] as const)(
  'the mirror of the pods of a Marathon %s',
  (version) => {
    it('follows create, scale, upgrade, health, kill and delete by events alone', async () => {
      const both = await mirroring({ version }, { resyncMs: 600_000 });
      const { marathon, source, apps } = both;
      const tasks = () => apps().get('/team/pod')?.tasks ?? [];
      const settled = async (count: number) => {
        await until(() => {
          expect(
            tasks().filter(({ state, alive }) => state === 'TASK_RUNNING' && alive[0] === true),
          ).toHaveLength(count);
          expect(tasks()).toHaveLength(count);
        });
        await expectSame(both);
      };
      await marathon.deploy(webApp);
      await write(marathon.url, 'POST', pod);
      await settled(4);
      expect(
        tasks().every(({ endpoints }) => endpoints?.some((endpoint) => endpoint !== null) === true),
      ).toBe(true);
      await write(marathon.url, 'PUT', { ...pod, scaling: { kind: 'fixed', instances: 3 } });
      await settled(6);
      const [front, side] = pod.containers;
      await write(marathon.url, 'PUT', {
        ...pod,
        containers: [{ ...front, labels: { HAPROXY_0_VHOST: 'pod.example' } }, side],
      });
      await until(() =>
        expect(apps().get('/team/pod')?.labels).toHaveProperty('HAPROXY_0_VHOST', 'pod.example'),
      );
      await settled(4);
      const sick = marathon.tasks('/team/pod').find(({ id }) => id.includes('front'))!;
      marathon.setHealthy(sick.id, false);
      await until(() => expect(tasks().filter(({ alive }) => alive[0] === false)).toHaveLength(2));
      marathon.setHealthy(sick.id, true);
      await settled(4);
      marathon.failTask(sick.id);
      await until(() => expect(tasks().some(({ id }) => id === sick.id)).toBe(false));
      await settled(4);
      await write(marathon.url, 'DELETE');
      await until(() => expect([...apps().keys()]).toEqual(['/team/web']));
      expect(source.status()).toMatchObject({ resyncs: 0, connected: true });
    });
  },
);

it('shows nothing new in a full answer while pods come, change and go', async () => {
  let ahead = 0;
  const both = await mirroring(
    {},
    { resyncMs: 50, now: () => Date.now() + ahead, elapsed: () => performance.now() + ahead },
  );
  const { marathon, source } = both;
  await write(marathon.url, 'POST', pod);
  await marathon.running('/team/pod', 2);
  await write(marathon.url, 'PUT', { ...pod, labels: { changed: 'yes' } });
  await write(marathon.url, 'PUT', {
    ...pod,
    labels: { changed: 'yes' },
    scaling: { kind: 'fixed', instances: 1 },
  });
  await until(() => expect(marathon.tasks('/team/pod')).toHaveLength(2));
  await expectSame(both);
  const { resyncs } = source.status();
  await until(() => expect(source.status().resyncs).toBeGreaterThan(resyncs + 3));
  ahead = 60_000;
  expect(source.status().resyncDifferences).toBe(0);
});

it('follows what the events of pods alone tell: which is another one or gone, and that there is a new one', async () => {
  const { marathon, apps } = await mirroring({}, { resyncMs: 600_000 });
  const idle = { ...pod, scaling: { kind: 'fixed', instances: 0 } };
  const alone = async (type: string, uri: string, change: () => Promise<void>) => {
    marathon.faults.dropEvents(Infinity);
    await change();
    await until(async () => expect(await (await fetch(`${marathon.url}/v2/deployments`)).json()).toEqual([]));
    marathon.faults.clear();
    const event = { clientIp: '10.0.0.7', uri, eventType: type, timestamp: new Date().toISOString() };
    marathon.faults.garbageFrame(`event: ${type}\r\ndata: ${JSON.stringify(event)}\r\n\r\n`);
  };
  await alone('pod_created_event', '/v2/pods', () => write(marathon.url, 'POST', idle));
  await until(() => expect(apps().get('/team/pod')?.kind).toBe('pod'));
  const changed = { ...idle, labels: { HAPROXY_GROUP: 'internal' } };
  await alone('pod_updated_event', '/v2/pods//team/pod', () => write(marathon.url, 'PUT', changed));
  await until(() => expect(apps().get('/team/pod')?.labels).toEqual(changed.labels));
  await alone('pod_deleted_event', '/v2/pods//team/pod', () => write(marathon.url, 'DELETE'));
  await until(() => expect([...apps().keys()]).toEqual([]));
});

describe('pods that cannot be listed', () => {
  it('do not affect the apps, and known pods stay', async () => {
    const both = await mirroring();
    const { marathon, source, apps } = both;
    await write(marathon.url, 'POST', pod);
    await marathon.running('/team/pod', 2);
    await expectSame(both);
    marathon.faults.answers({ kind: 'status', status: 403 }, { path: '/v2/pods' });
    await marathon.deploy(webApp);
    const { resyncs } = source.status();
    source.resync('a test');
    await until(() => expect(source.status().resyncs).toBeGreaterThan(resyncs));
    expect([...apps().keys()].sort()).toEqual(['/team/pod', '/team/web']);
    await until(() => expect(source.status().lastError?.message).toContain('the pods could not be fetched'));
    marathon.faults.clear();
    await expectSame(both);
  });

  it('are none if Marathon has no pods', async () => {
    const server = await serve((request, response) => {
      if (request.url?.startsWith('/v2/pods')) sendJson(response, { message: 'URI not found' }, 404);
      else sendJson(response, { apps: [{ id: '/web' }] });
    });
    const client = new MarathonClient({ endpoints: [server.url] });
    onTestFinished(() => client.close());
    const { apps, podsProblem } = await fetchAll(client);
    expect([apps.map(({ id }) => id), podsProblem]).toEqual([[asAppId('/web')], undefined]);
  });
});

it('a definition of a running version is fetched once', async () => {
  const marathon = await simulate({ timings: { killMs: 60_000 } });
  await write(marathon.url, 'POST', pod);
  await marathon.running('/team/pod', 2);
  const asked: string[] = [];
  const proxy = await serve((request, response) => {
    asked.push(request.url ?? '');
    void fetch(`${marathon.url}${request.url ?? ''}`)
      .then(async (answer) => response.writeHead(answer.status).end(await answer.text()))
      .catch(() => response.destroy());
  });
  await write(marathon.url, 'PUT', { ...pod, labels: { changed: 'yes' } });
  const { source } = follow({ endpoints: [proxy.url], pollOnly: true, pollMs: 100 });
  await until(() => expect(source.status().resyncs).toBeGreaterThan(3));
  expect(asked.filter((path) => path.includes('::versions/'))).toHaveLength(1);
});
