/** An agent is lost and its machine comes back as another one: what gets the ports of lost tasks answers for nobody else. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { httpApp, startStack, type Stack } from '../support/stack.ts';
import { createTraffic } from '../support/traffic.ts';

let stack: Stack;
let ports: number[];

beforeAll(async () => {
  stack = await startStack({ simulator: { agents: 2 } });
  ports = await stack.freePorts(2);
});
afterAll(() => stack.close());

const app = (id: string, port: number) =>
  httpApp(id, port, {
    instances: 2,
    labels: { HAPROXY_0_VHOST: `${id.slice(1)}.example` },
    // Marathon lists lost tasks for as long as that.
    unreachableStrategy: { inactiveAfterSeconds: 600, expungeAfterSeconds: 1200 },
  });

test('a lost task is no server any more once a task of another app has its address', async () => {
  await stack.marathon.deploy(app('/a', ports[0]!));
  await stack.inStep('/a');
  const [lost] = stack.marathon.tasks('/a');
  stack.marathon.loseAgent(lost!.host);
  stack.marathon.replaceAgent(lost!.host);
  await stack.marathon.deploy(app('/b', ports[1]!));
  const taken = stack.marathon.tasks('/b').find(({ host }) => host === lost!.host);
  expect(taken?.ports).toEqual(lost!.ports);
  await stack.inStep('/b');
  await stack.inStep('/a');

  const traffic = createTraffic({
    port: stack.ports.http,
    ...{ keepAlive: 2, close: 2 },
    target: () => ({ host: 'a.example', path: '/' }),
  });
  traffic.start();
  const apps = new Set<string>();
  for (let i = 0; i < 40; i++) apps.add((await stack.ask({ host: 'a.example' })).json?.app ?? 'nobody');
  expect([...apps]).toEqual(['/a']);
  const { failures } = await traffic.stop();
  expect(failures).toEqual({});
  const view = (await stack.daemon().get('/apps/a')) as {
    ports: { tasks: { taskId: string; reason: string }[] }[];
  };
  expect(view.ports[0]?.tasks.find(({ taskId }) => taskId === lost!.id)?.reason).toBe(
    `its address belongs to task ${taken!.id} of /b, which started later`,
  );
});
