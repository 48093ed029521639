/** What happens to Marathon's apps and to Marathon itself in a soak, one random thing after the other. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { httpApp } from '../support/stack.ts';

export const hostOf = (n: number): string => `app-${n}.example`;
const idOf = (n: number): string => `/soak/app-${n}`;

export interface Churn {
  readonly marathon: Simulator;
  /** Apps with traffic. */
  readonly apps: number;
  readonly servicePorts: readonly number[];
  readonly random: () => number;
}

export const soakApp = (n: number, servicePort: number, parts: Record<string, unknown> = {}) =>
  httpApp(idOf(n), servicePort, {
    instances: 3,
    labels: { HAPROXY_0_VHOST: hostOf(n) },
    upgradeStrategy: { minimumHealthCapacity: 1, maximumOverCapacity: 0.5 },
    backoffSeconds: 0,
    ...parts,
  });

/** One change; an app always keeps a task that serves. What it sets going may take a while. */
export async function change({ marathon, apps, servicePorts, random }: Churn): Promise<string> {
  const n = Math.floor(random() * apps);
  const id = idOf(n);
  const well = marathon
    .tasks(id)
    .filter(({ state, healthy }) => state === 'TASK_RUNNING' && healthy === true);
  const [task] = well;
  const kind = random();
  if (kind < 0.35) {
    await marathon.scale(id, 2 + Math.floor(random() * 4));
    return 'scaled';
  }
  if (kind < 0.6) {
    if (task === undefined || well.length < 3) return 'left alone';
    await marathon.kill(task.id);
    return 'killed';
  }
  if (kind < 0.8) {
    if (task === undefined || well.length < 3) return 'left alone';
    marathon.setHealthy(task.id, false);
    await sleep(500);
    marathon.setHealthy(task.id, true);
    return 'fell ill';
  }
  if (kind < 0.9) {
    await marathon.restart(id);
    return 'restarted';
  }
  // Beyond the apps with traffic: definitions that come and go, for which HAProxy is reloaded.
  const servicePort = servicePorts[apps] ?? 0;
  const extra = idOf(apps);
  if (marathon.tasks(extra).length > 0) await marathon.remove(extra);
  else await marathon.deploy(soakApp(apps, servicePort, { instances: 1 }));
  return 'came or went';
}

type Fault = (marathon: Simulator) => Promise<void>;

const during =
  (ms: number, begin: (marathon: Simulator) => unknown): Fault =>
  async (marathon) => {
    await begin(marathon);
    await sleep(ms);
    marathon.faults.clear();
    marathon.faults.resumeStreams();
  };

const faults: Readonly<Record<string, Fault>> = {
  'stream cut': during(0, ({ faults: f }) => f.cutStreams()),
  'stream cut in a frame': during(0, ({ faults: f }) => f.cutStreams({ midFrame: true })),
  'stream stalled': during(1_500, ({ faults: f }) => f.stallStreams()),
  'stream half-open': during(0, ({ faults: f }) => f.halfOpenStreams()),
  'garbage frame': during(0, ({ faults: f }) => f.garbageFrame()),
  'huge event': during(0, ({ faults: f }) => f.bigPlan(10 << 20)),
  'events twice': during(1_000, ({ faults: f }) => f.duplicateEvents(100)),
  'events swapped': during(1_000, ({ faults: f }) => f.reorderEvents(100)),
  'new leader without health': during(0, (marathon) => marathon.failover({ loseHealth: true })),
  'answers cut off': during(1_500, ({ faults: f }) => cutAnd(f, { kind: 'truncated' })),
  'answers 502': during(1_500, ({ faults: f }) => cutAnd(f, { kind: 'status', status: 502 })),
  'credentials refused': during(1_500, ({ faults: f }) => cutAnd(f, { kind: 'unauthorized' })),
  'empty list': during(1_500, ({ faults: f }) => cutAnd(f, { kind: 'empty-apps' })),
  'Marathon away': async (marathon) => {
    await marathon.stop();
    await sleep(2_000);
    await marathon.resume();
  },
};

function cutAnd(f: Simulator['faults'], fault: Parameters<Simulator['faults']['answers']>[0]): void {
  f.answers(fault, { path: '/v2/apps' });
  f.cutStreams();
}

/** One thing goes wrong, and ends. */
export async function fault(marathon: Simulator, random: () => number): Promise<string> {
  const names = Object.keys(faults);
  const name = names[Math.floor(random() * names.length)] ?? '';
  await faults[name]?.(marathon);
  return name;
}
