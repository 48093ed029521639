import { it } from 'vitest';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { followMarathon } from '../../src/marathon/source.ts';
import { setTimeout as sleep } from 'node:timers/promises';
it('smokes', async () => {
  const sim = await startSimulator({ tasks: 'none', checks: 'switch', version: '1.11' });
  const source = followMarathon({ endpoints: [new URL(sim.url)], resyncMs: 1000,
    onChange: (c) => console.log(c.kind, c.cause, c.changed, c.removed, Date.now()-c.receivedAt, c.eventTime && c.receivedAt - c.eventTime),
    log: (e) => console.log(e.level, e.message, e.detail) });
  await sleep(300);
  await sim.deploy({ id: '/team/web', instances: 3, labels: { HAPROXY_GROUP: 'external' }, healthChecks: [{ protocol: 'HTTP', path: '/' }] });
  await sim.scale('/team/web', 5);
  await sim.scale('/team/web', 2);
  await sim.restart('/team/web');
  console.log(sim.tasks().map((t) => t.id+t.state+t.healthy));
  const [a] = sim.tasks();
  sim.setHealthy(a!.id, false);
  await sim.kill(a!.id);
  await sim.running('/team/web', 2);
  await sim.remove('/team/web');
  await sleep(4500);
  console.log(source.status());
  await source.close();
  await sim.close();
});
