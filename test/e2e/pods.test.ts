/** Pods are served as apps are: by their labels, on the agent's port or the container's own address, under change. */
import { afterEach, expect, test } from 'vitest';
import { startStack, type Stack } from '../support/stack.ts';
import { createTraffic } from '../support/traffic.ts';

let stack: Stack;
afterEach(() => stack.close());

const check = (endpoint: string) => ({
  http: { endpoint, path: '/health' },
  intervalSeconds: 1,
  delaySeconds: 0,
  timeoutSeconds: 10,
});

function pod(parts: { instances?: number; port: number; version?: string }) {
  return {
    id: '/team/pod',
    labels: { HAPROXY_GROUP: 'external', VERSION: parts.version ?? '1' },
    scaling: { kind: 'fixed', instances: parts.instances ?? 2 },
    networks: [{ mode: 'container', name: 'overlay' }],
    containers: [
      {
        name: 'front',
        labels: { HAPROXY_0_VHOST: 'pod.example', HAPROXY_0_PORT: String(parts.port) },
        endpoints: [{ name: 'http', containerPort: 8080, hostPort: 0 }],
        healthCheck: check('http'),
      },
      {
        name: 'side',
        endpoints: [{ name: 'admin', containerPort: 8081, labels: { HAPROXY_0_VHOST: 'admin.example' } }],
        healthCheck: check('admin'),
      },
    ],
  };
}

async function write(method: 'POST' | 'PUT' | 'DELETE', body?: object): Promise<void> {
  const path = method === 'POST' ? '' : '//team/pod?force=true';
  const answer = await fetch(`${stack.marathon.url}/v2/pods${path}`, {
    method,
    ...(body && { body: JSON.stringify(body) }),
  });
  expect(answer.status).toBeLessThan(300);
}

interface PodView {
  ports: { service: { backend: string } | null; servers: { taskId: string; address: string }[] }[];
}

async function serves(instances: number, version: string): Promise<PodView> {
  let view: PodView | undefined;
  await stack.until(`${instances} instances of version ${version} serve`, async () => {
    const status = await stack.status();
    view = (await stack.daemon().get('/apps/team/pod')) as typeof view;
    const running = stack.marathon.tasks('/team/pod').filter(({ state }) => state === 'TASK_RUNNING');
    return (
      status.haproxy.inSync &&
      running.length === 2 * instances &&
      view?.ports.length === 2 &&
      view.ports.every(({ servers }) => servers.length === instances) &&
      view.ports.every(({ servers }) =>
        servers.every(({ taskId }) => running.some(({ id }) => id === taskId)),
      )
    );
  });
  return view!;
}

test('a pod is deployed, scaled, upgraded and loses a container, and no request fails', async () => {
  stack = await startStack({ flags: ['--reload-spacing', '0'], simulator: { timings: { killMs: 1000 } } });
  const [port = 0] = await stack.freePorts(1);
  await stack.daemon().ready();
  await write('POST', pod({ port }));
  const view = await serves(2, '1');
  expect(view.ports.map(({ service }) => service?.backend)).toEqual([`team_pod_${port}`, 'team_pod_1']);
  for (const ask of [{ host: 'pod.example' }, { host: 'admin.example' }, { port }]) {
    expect((await stack.ask(ask)).json?.app).toBe('/team/pod');
  }
  expect((await stack.ask({ host: 'pod.example' })).json?.task).toContain('.front.');
  expect((await stack.ask({ host: 'admin.example' })).json?.task).toContain('.side.');
  const byId = { headers: { 'X-Marathon-App-Id': '/team/pod' }, port: stack.ports.appid };
  expect((await stack.ask(byId)).json?.app).toBe('/team/pod');

  const traffic = createTraffic({
    port: stack.ports.http,
    keepAlive: 4,
    close: 4,
    target: (client) => ({ host: client % 2 === 0 ? 'pod.example' : 'admin.example', path: '/' }),
  });
  traffic.start();
  const before = (await stack.status()).haproxy.running;
  await write('PUT', pod({ port, instances: 4 }));
  await serves(4, '1');
  expect((await stack.status()).haproxy.running?.reloads).toBe(before?.reloads);
  await write('PUT', pod({ port, instances: 3, version: '2' }));
  await serves(3, '2');
  await stack.until('requests enough', () => traffic.result().ok > 100);
  const { ok, failures } = await traffic.stop();
  expect(failures).toEqual({});
  expect(ok).toBeGreaterThan(20);

  stack.marathon.failTask(stack.marathon.tasks('/team/pod')[0]!.id);
  await serves(3, '2');
  await write('DELETE');
  await stack.until('it is gone', async () => (await stack.ask({ host: 'pod.example' })).status === 404);
  expect((await stack.status()).marathon.resyncDifferences).toBe(0);
});
