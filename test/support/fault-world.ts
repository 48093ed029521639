/** One Pacer with its HAProxy, a Marathon with two standbys, traffic that must not fail, and all that can go wrong. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MarathonVersion, Simulator } from '../../src/simulator/simulator.ts';
import { startStandby, type Standby } from '../../src/simulator/faults/standby.ts';
import { freePorts } from './free-ports.ts';
import { httpApp, startStack, type Stack } from './stack.ts';
import { createTraffic, type Traffic } from './traffic.ts';

export interface FaultWorld {
  readonly stack: Stack;
  readonly marathon: Simulator;
  /** The first sends streams on to the second, and that to the leader. */
  readonly standbys: readonly [Standby, Standby];
  /** The failures of the requests to the app that never changes, up to now. */
  readonly failures: () => Readonly<Record<string, number>>;
  /** Marathon changes its state: apps come and go, scale, change their labels. */
  readonly change: () => Promise<void>;
  /** Waits until Pacer and its HAProxy have exactly what Marathon has. */
  readonly converged: () => Promise<void>;
  /** Moves the clock of Pacer's process, from what it is in truth. */
  readonly moveClock: (ms: number) => Promise<void>;
  /** Whether the name of the leader among the endpoints can be resolved. */
  readonly setNameKnown: (known: boolean) => Promise<void>;
  readonly close: () => Promise<void>;
}

const leaderName = 'marathon.test';
const apps = ['/steady', '/moving', '/extra'] as const;

export async function startFaultWorld(version: MarathonVersion): Promise<FaultWorld> {
  const directory = await mkdtemp(join(tmpdir(), 'pacer-faults-'));
  const file = join(directory, 'world.json');
  const world = { clockMs: 0, names: { [leaderName]: '127.0.0.1' } as Record<string, string> };
  const tell = () => writeFile(file, JSON.stringify(world));
  await tell();
  const [first = 0, second = 0] = await freePorts(2);
  const standbyAt = (port: number) => `http://127.0.0.1:${port}`;
  const stack = await startStack({
    start: false,
    simulator: {
      version,
      heartbeatMs: 200,
      timings: { offerMs: 5, startingMs: 5, runningMs: 10, killMs: 100, healthScale: 0.1 },
    },
    endpoints: ({ port }) => [standbyAt(first), `http://${leaderName}:${port}`],
    flags: [
      ...['--stream-timeout', '1', '--marathon-timeout', '1', '--max-backoff', '1', '--resync-interval', '2'],
      ...['--reload-spacing', '0', '--max-removal-floor', '2'],
    ],
    environment: {
      NODE_OPTIONS: `--require=${join(import.meta.dirname, 'outside-world.cjs')}`,
      OUTSIDE_WORLD: file,
    },
  });
  const { marathon } = stack;
  // [marathon] Until 1.6 a standby passes events on like everything else.
  const proxiesEvents = version === '1.4' || version === '1.5';
  const standbys = [
    await startStandby({ leader: standbyAt(second), port: first, proxiesEvents }),
    await startStandby({ leader: marathon.url, port: second, proxiesEvents }),
  ] as const;
  const [steady = 0, moving = 0, extra = 0] = await stack.freePorts(3);
  const labels = { HAPROXY_0_VHOST: 'steady.example' };
  await marathon.deploy(httpApp('/steady', steady, { instances: 2, labels }));
  await marathon.deploy(httpApp('/moving', moving, { instances: 2 }));
  stack.startPacer();
  const converged = () => stack.until('Pacer has what Marathon has', () => isSame(stack));
  await converged();
  const traffic = steadyTraffic(stack);
  let turn = 0;
  return {
    ...{ stack, marathon, standbys, converged },
    failures: () => traffic.result().failures,
    change: async () => {
      turn++;
      await marathon.scale('/moving', 2 + (turn % 2));
      if (turn % 2 === 0) await marathon.remove('/extra');
      else await marathon.deploy(httpApp('/extra', extra));
      await marathon.update('/moving', { labels: { HAPROXY_GROUP: 'external', turn: String(turn) } });
    },
    moveClock: async (ms) => {
      world.clockMs = ms;
      await tell();
    },
    setNameKnown: async (known) => {
      world.names = known ? { [leaderName]: '127.0.0.1' } : {};
      await tell();
    },
    close: async () => {
      await traffic.stop();
      await stack.close();
      await Promise.all(standbys.map((standby) => standby.close()));
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function steadyTraffic({ ports }: Stack): Traffic {
  const target = () => ({ host: 'steady.example', path: '/' });
  const traffic = createTraffic({ port: ports.http, keepAlive: 2, close: 2, target });
  traffic.start();
  return traffic;
}

interface AppView {
  readonly instances: number;
  readonly labels: Record<string, string>;
  readonly ports: { readonly servers: { readonly taskId: string; readonly admin: string }[] }[];
}

async function isSame(stack: Stack): Promise<boolean> {
  const status = (await stack.daemon().get('/status')) as
    | {
        ready: boolean;
        withheldRemoval: unknown;
        marathon: { connected: boolean };
        haproxy: { inSync: boolean };
      }
    | undefined;
  if (
    status?.ready !== true ||
    status.withheldRemoval !== null ||
    !status.marathon.connected ||
    !status.haproxy.inSync
  )
    return false;
  const listed = (await stack.daemon().get('/apps')) as { id: string }[];
  const wanted = apps.filter((id) => id !== '/extra' || stack.marathon.tasks(id).length > 0);
  if (String(listed.map(({ id }) => id).sort()) !== String([...wanted].sort())) return false;
  for (const id of wanted) if (!(await isSameApp(stack, id))) return false;
  return true;
}

async function isSameApp({ daemon, marathon }: Stack, id: string): Promise<boolean> {
  const view = (await daemon().get(`/apps${id}`)) as AppView | undefined;
  const answer = await fetch(`${marathon.url}/v2/apps${id}`);
  const { app } = (await answer.json()) as { app: Pick<AppView, 'instances' | 'labels'> };
  const serves = (labels: Record<string, string>) =>
    Object.entries(labels).filter(([name]) => name.startsWith('HAPROXY_'));
  const servers = (view?.ports ?? []).flatMap(({ servers: all }) => all);
  const tasks = marathon
    .tasks(id)
    .filter(({ state, healthy }) => state === 'TASK_RUNNING' && healthy === true);
  return (
    view?.instances === app.instances &&
    String(serves(view.labels)) === String(serves(app.labels)) &&
    String(servers.map(({ taskId, admin }) => `${taskId} ${admin}`).sort()) ===
      String(tasks.map((task) => `${task.id} ready`).sort())
  );
}
