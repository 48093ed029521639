/** Tasks through the API: lists, kills, kills that scale. */
import { describe, expect, it } from 'vitest';
import { call, eventually, simulate } from './support.ts';

describe('killing', () => {
  it('with scale takes exactly these tasks and lowers the number', async () => {
    const simulator = await simulate();
    await simulator.deploy({ id: '/web', instances: 3 });
    const [first, second, third] = simulator.tasks('/web');
    const { status, body } = await call(`${simulator.url}/v2/tasks/delete?scale=true`, 'POST', {
      ids: [first!.id, second!.id],
    });
    expect(status).toBe(200);
    expect(body).toEqual({
      version: expect.any(String) as string,
      deploymentId: expect.any(String) as string,
    });
    await eventually(() => simulator.tasks('/web').length === 1);
    expect(simulator.tasks('/web')).toEqual([third]);
    expect((await call(`${simulator.url}/v2/apps/web`, 'GET')).body.app.instances).toBe(1);
  });

  it('of tasks of several apps answers with them', async () => {
    const simulator = await simulate();
    await simulator.deploy({ id: '/a' });
    await simulator.deploy({ id: '/b' });
    const ids = simulator.tasks().map(({ id }) => id);
    const { body } = await call(`${simulator.url}/v2/tasks/delete`, 'POST', { ids });
    expect(body.tasks.map(({ id }) => id)).toEqual(ids);
    await eventually(() => simulator.tasks().every(({ id }) => id.endsWith('.2')));
  });

  it('refuses what is no task id, apps that do not exist, and scale with wipe', async () => {
    const { url } = await simulate();
    const kill = (query: string, ids: string[]) => call(`${url}/v2/tasks/delete${query}`, 'POST', { ids });
    expect((await kill('', ['nonsense'])).status).toBe(400);
    expect((await kill('', ['gone.instance-8a2b6c1e-7a77-11eb-9d3c-0242ac110005._app.1'])).status).toBe(404);
    expect((await kill('?scale=true&wipe=true', [])).status).toBe(400);
  });

  it('of all tasks on one agent leaves the others', async () => {
    const simulator = await simulate();
    await simulator.deploy({ id: '/web', instances: 2 });
    const [first, second] = simulator.tasks('/web');
    const { body } = await call(`${simulator.url}/v2/apps/web/tasks?host=${first!.host}`, 'DELETE');
    expect(body.tasks.map(({ id }) => id)).toEqual([first!.id]);
    expect(simulator.tasks('/web')).toContainEqual(second);
  });

  it('with wipe forgets the instance and makes a new one', async () => {
    const simulator = await simulate();
    await simulator.deploy({ id: '/web' });
    const [task] = simulator.tasks('/web');
    await call(`${simulator.url}/v2/apps/web/tasks/${task!.id}?wipe=true`, 'DELETE');
    await eventually(() => simulator.tasks('/web')[0]?.instanceId !== task!.instanceId);
    await simulator.running('/web', 1);
  });
});

describe('lists of tasks', () => {
  it('have service ports in /v2/tasks and only there', async () => {
    const simulator = await simulate();
    await simulator.deploy({ id: '/web' });
    const all = await call(`${simulator.url}/v2/tasks?status=running`, 'GET');
    const own = await call(`${simulator.url}/v2/apps/web/tasks`, 'GET');
    expect(all.body.tasks).toMatchObject([{ appId: '/web', state: 'TASK_RUNNING', servicePorts: [10_000] }]);
    expect(own.body.tasks).toMatchObject([{ appId: '/web', servicePorts: [] }]);
    expect((await call(`${simulator.url}/v2/tasks?status=staging`, 'GET')).body.tasks).toEqual([]);
  });

  it('hold the complete task object', async () => {
    const simulator = await simulate();
    await simulator.deploy({ id: '/web', healthChecks: [{ path: '/health', intervalSeconds: 1 }] });
    const { body } = await call(`${simulator.url}/v2/apps?embed=apps.tasks`, 'GET');
    const [task] = simulator.tasks('/web');
    const text = expect.any(String) as string;
    expect(body.apps[0]!.tasks).toEqual([
      {
        appId: '/web',
        healthCheckResults: [
          {
            alive: true,
            consecutiveFailures: 0,
            firstSuccess: text,
            lastSuccess: text,
            instanceId: task!.instanceId,
          },
        ],
        host: task!.host,
        id: task!.id,
        ipAddresses: [{ ipAddress: task!.host, protocol: 'IPv4' }],
        localVolumes: [],
        ports: task!.ports,
        region: 'local',
        role: '*',
        servicePorts: [],
        slaveId: text,
        stagedAt: text,
        startedAt: text,
        state: 'TASK_RUNNING',
        version: task!.version,
        zone: 'loopback',
      },
    ]);
  });
});
