/** /v2/pods and /v2/groups. */
import { describe, expect, it } from 'vitest';
import { attachedStream, call, eventually, list, simulate, transcript } from './support.ts';

const pod = {
  id: '/web/pod1',
  labels: { HAPROXY_GROUP: 'external' },
  scaling: { kind: 'fixed', instances: 1 },
  networks: [{ mode: 'container', name: 'overlay' }],
  containers: [
    {
      name: 'front',
      endpoints: [{ name: 'http', containerPort: 8080, hostPort: 0 }],
      healthCheck: { http: { endpoint: 'http', path: '/health' }, intervalSeconds: 1, delaySeconds: 0 },
    },
    { name: 'side', endpoints: [{ name: 'admin', containerPort: 8081 }] },
  ],
};

describe('pods', () => {
  it('have a task for each container, all with the address of the instance', async () => {
    const simulator = await simulate();
    const posted = await call(`${simulator.url}/v2/pods`, 'POST', pod);
    expect(posted.status).toBe(201);
    expect(posted.headers.get('marathon-deployment-id')).not.toBeNull();
    await simulator.running('/web/pod1', 1);
    const { body } = await call(`${simulator.url}/v2/pods//web/pod1::status`, 'GET');
    expect(body).toMatchObject({ id: '/web/pod1', status: 'STABLE', spec: { id: '/web/pod1' } });
    const instance = body.instances[0]!;
    const front = instance.containers[0]!;
    const side = instance.containers[1]!;
    expect(instance).toMatchObject({ status: 'STABLE', networks: [{ name: 'overlay' }] });
    expect(front).toMatchObject({
      name: 'front',
      status: 'TASK_RUNNING',
      containerId: `${instance.id}.front.1`,
      endpoints: [{ name: 'http', healthy: true }],
      conditions: [{ name: 'healthy', value: 'true', reason: 'health-reported-by-mesos' }],
    });
    expect(side.endpoints).toEqual([{ name: 'admin' }]);
    const address = instance.networks[0]!.addresses[0]!;
    for (const url of [
      `http://${instance.agentHostname}:${front.endpoints[0]!.allocatedHostPort}`,
      `http://${address}:8080`,
      `http://${address}:8081`,
    ]) {
      expect((await call(url, 'GET')).body.app).toBe('/web/pod1');
    }
    expect((await call(`${simulator.url}/v2/pods/::status`, 'GET')).body).toHaveLength(1);
    expect((await list(`${simulator.url}/v2/pods`))[0]!.id).toBe('/web/pod1');
    expect((await call(`${simulator.url}/v2/apps`, 'GET')).body.apps).toEqual([]);
  });

  it('tell their changes by uri and their tasks by id', async () => {
    const simulator = await simulate();
    const stream = await attachedStream(simulator.url);
    await call(`${simulator.url}/v2/pods`, 'POST', pod);
    await simulator.running('/web/pod1', 1);
    const changed = { ...pod, scaling: { kind: 'fixed', instances: 2 } };
    expect((await call(`${simulator.url}/v2/pods//web/pod1`, 'PUT', changed)).status).toBe(200);
    await simulator.running('/web/pod1', 2);
    const deleted = await call(`${simulator.url}/v2/pods//web/pod1`, 'DELETE');
    expect(deleted.status).toBe(202);
    await eventually(() => simulator.tasks('/web/pod1').length === 0);
    expect((await call(`${simulator.url}/v2/pods//web/pod1`, 'GET')).status).toBe(404);
    await stream.until(() => transcript(stream.events()).includes('app_terminated_event'));
    const uris = stream.events().filter(({ eventType }) => eventType.startsWith('pod_'));
    expect(uris.map(({ eventType, uri }) => [eventType, uri])).toEqual([
      ['pod_created_event', '/v2/pods'],
      ['pod_updated_event', '/v2/pods//web/pod1'],
      ['pod_deleted_event', '/v2/pods//web/pod1'],
    ]);
    const names = new Set(transcript(stream.events()));
    expect(names).toContain('deployment_info(StartPod)');
    expect(names).not.toContain('add_health_check_event');
    expect((await call(`${simulator.url}/v2/pods`, 'HEAD')).status).toBe(200);
  });
});

describe('the instances of a pod that are killed', () => {
  const running = async () => {
    const simulator = await simulate();
    await call(`${simulator.url}/v2/pods`, 'POST', { ...pod, scaling: { kind: 'fixed', instances: 3 } });
    await simulator.running('/web/pod1', 3);
    const ids = () => [...new Set(simulator.tasks('/web/pod1').map(({ instanceId }) => instanceId))];
    const path = `${simulator.url}/v2/pods//web/pod1::instances`;
    return { simulator, ids, path };
  };

  it('are answered with the instance, and the pod starts others in their place', async () => {
    const { simulator, ids, path } = await running();
    const [victim = ''] = ids();
    const tasks = simulator.tasks('/web/pod1').filter(({ instanceId }) => instanceId === victim);
    const { status, body } = await call(`${path}/${victim}`, 'DELETE');
    expect(status).toBe(200);
    expect(body).toMatchObject({ instanceId: victim, state: { condition: 'Running' }, tasksMap: {} });
    await eventually(() => tasks.every(({ id }) => !simulator.tasks('/web/pod1').some((it) => it.id === id)));
    await simulator.running('/web/pod1', 3);
    expect((await call(`${simulator.url}/v2/pods//web/pod1`, 'GET')).status).toBe(200);
    expect(await list(`${simulator.url}/v2/deployments`)).toEqual([]);
  });

  it('may be several, named in the body', async () => {
    const { simulator, ids, path } = await running();
    const victims = ids().slice(0, 2);
    const before = simulator.tasks('/web/pod1').map(({ id }) => id);
    const { status, body } = await call(path, 'DELETE', victims);
    expect(status).toBe(200);
    const killed = body as unknown as { instanceId: string }[];
    expect(killed.map(({ instanceId }) => instanceId).sort()).toEqual([...victims].sort());
    await simulator.running('/web/pod1', 3);
    await eventually(() => simulator.tasks('/web/pod1').filter(({ id }) => before.includes(id)).length === 2);
  });

  it('are nobody where there is no such instance or pod, and no id is invented', async () => {
    const { simulator, ids, path } = await running();
    const unknown = ids()[0]!.replace(/.{8}$/, '00000000');
    expect(await call(`${path}/${unknown}`, 'DELETE')).toMatchObject({
      status: 404,
      body: { message: `Task '${unknown}' does not exist` },
    });
    expect((await call(`${path}/nonsense`, 'DELETE')).status).toBe(422);
    expect((await call(path, 'DELETE', ['nonsense'])).status).toBe(422);
    expect((await call(path.replace('pod1', 'pod2'), 'DELETE', [])).status).toBe(404);
    expect(simulator.tasks('/web/pod1')).toHaveLength(6);
  });

  it('are forgotten at once with wipe', async () => {
    const { simulator, ids, path } = await running();
    const [victim = ''] = ids();
    expect((await call(`${path}/${victim}?wipe=true`, 'DELETE')).status).toBe(200);
    expect(ids()).not.toContain(victim);
    await simulator.running('/web/pod1', 3);
  });
});

describe('groups', () => {
  const tree = {
    id: '/team',
    apps: [{ id: 'web', cmd: 'x', dependencies: ['/team/data/db'] }],
    groups: [{ id: 'data', apps: [{ id: 'db', cmd: 'x' }] }],
  };

  it('start in the order of dependencies, in one deployment and without api_post_event', async () => {
    const simulator = await simulate();
    const stream = await attachedStream(simulator.url);
    const { status, body } = await call(`${simulator.url}/v2/groups`, 'POST', tree);
    expect(status).toBe(201);
    expect(body.deploymentId).toBeDefined();
    await stream.until(() => transcript(stream.events()).includes('deployment_success'));
    const infos = stream.events().filter(({ eventType }) => eventType === 'deployment_info');
    expect(infos.map(({ currentStep }) => currentStep)).toEqual([
      {
        actions: [
          { action: 'StartApplication', app: '/team/web' },
          { action: 'StartApplication', app: '/team/data/db' },
        ],
      },
      { actions: [{ action: 'ScaleApplication', app: '/team/data/db' }] },
      { actions: [{ action: 'ScaleApplication', app: '/team/web' }] },
    ]);
    expect(transcript(stream.events())).not.toContain('api_post_event');
    const change = stream.events().find(({ eventType }) => eventType === 'group_change_success');
    expect(change?.['groupId']).toBe('/team');
    expect((await call(`${simulator.url}/v2/groups`, 'POST', tree)).status).toBe(409);
  });

  it('are shown as a tree', async () => {
    const simulator = await simulate({ tasks: 'none' });
    await call(`${simulator.url}/v2/groups`, 'POST', tree);
    const root = await call(`${simulator.url}/v2/groups`, 'GET');
    expect(root.body).toMatchObject({
      id: '/',
      apps: [],
      groups: [
        {
          id: '/team',
          apps: [{ id: '/team/web' }],
          groups: [{ id: '/team/data', apps: [{ id: '/team/data/db' }] }],
        },
      ],
    });
    const part = await call(
      `${simulator.url}/v2/groups//team/data?embed=group.apps&embed=group.apps.tasks`,
      'GET',
    );
    expect(part.body).toMatchObject({
      id: '/team/data',
      apps: [{ id: '/team/data/db', tasksRunning: expect.any(Number) as number }],
    });
    expect((await call(`${simulator.url}/v2/groups/none`, 'GET')).status).toBe(404);
  });

  it('lose what a PUT leaves out, scale as a whole, and go as a whole', async () => {
    const simulator = await simulate({ tasks: 'none' });
    await call(`${simulator.url}/v2/groups`, 'POST', tree);
    await call(`${simulator.url}/v2/groups//team?force=true`, 'PUT', {
      apps: [{ id: 'web', cmd: 'x', instances: 2 }],
    });
    const ids = async () => (await call(`${simulator.url}/v2/apps`, 'GET')).body.apps.map(({ id }) => id);
    expect(await ids()).toEqual(['/team/web']);
    await call(`${simulator.url}/v2/groups//team?force=true`, 'PUT', { scaleBy: 2 });
    expect((await call(`${simulator.url}/v2/apps//team/web`, 'GET')).body.app.instances).toBe(4);
    for (const scaleBy of [-1, 1e9]) {
      const refused = await call(`${simulator.url}/v2/groups//team?force=true`, 'PUT', { scaleBy });
      expect(refused.status).toBe(422);
    }
    expect((await call(`${simulator.url}/v2/groups//team`, 'DELETE')).status).toBe(200);
    expect(await ids()).toEqual([]);
  });
});
