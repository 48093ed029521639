/** A simulator and a mirror that follows it, and the comparison of the two. */
import { expect, onTestFinished, vi } from 'vitest';
import { MarathonClient } from '../../src/marathon/client/client.ts';
import { fetchAll } from '../../src/marathon/client/fetch.ts';
import { told } from '../../src/marathon/mirror/merge.ts';
import { isTerminal } from '../../src/marathon/decode/task-state.ts';
import {
  followMarathon,
  type MarathonSource,
  type MarathonSourceOptions,
  type MirrorChange,
} from '../../src/marathon/sync/source.ts';
import { startSimulator, type Simulator, type SimulatorOptions } from '../../src/simulator/simulator.ts';
import type { App } from '../../src/core/model/model.ts';

/** Waits as long as a slow machine may need; how long it takes is nobody's business here. */
export const until = <T>(happens: () => T | Promise<T>): Promise<T> =>
  vi.waitFor(happens, { timeout: 90_000, interval: 20 });

export interface Mirroring {
  readonly marathon: Simulator;
  readonly source: MarathonSource;
  readonly changes: MirrorChange[];
  readonly apps: () => ReadonlyMap<string, App>;
}

export async function simulate(options: SimulatorOptions = {}): Promise<Simulator> {
  const marathon = await startSimulator({ tasks: 'none', checks: 'switch', ...options });
  onTestFinished(() => marathon.close());
  return marathon;
}

export function follow(options: Omit<MarathonSourceOptions, 'onChange'>): {
  source: MarathonSource;
  changes: MirrorChange[];
} {
  const changes: MirrorChange[] = [];
  const source = followMarathon({
    pollMs: 200,
    requestTimeoutMs: 2_000,
    ...options,
    onChange: (change) => changes.push(change),
  });
  onTestFinished(() => source.close());
  return { source, changes };
}

export async function mirroring(
  simulator: SimulatorOptions = {},
  options: Partial<MarathonSourceOptions> = {},
): Promise<Mirroring> {
  const marathon = await simulate(simulator);
  const { source, changes } = follow({ endpoints: [new URL(marathon.url)], ...options });
  await until(() => expect(source.status().connected).toBe(true));
  return { marathon, source, changes, apps: () => changes.at(-1)?.apps ?? new Map<string, App>() };
}

/** Waits until the mirror says what Marathon says; then everything but hints must be equal. */
export async function expectSame({ marathon, apps }: Mirroring): Promise<void> {
  await until(async () => {
    const client = new MarathonClient({ endpoints: [new URL(marathon.url)] });
    const { apps: truth } = await fetchAll(client).finally(() => client.close());
    truth.sort((a, b) => (a.id < b.id ? -1 : 1));
    const mirror = [...apps().values()].sort((a, b) => (a.id < b.id ? -1 : 1));
    expect(mirror.map(comparable)).toEqual(truth.map(comparable));
    // One that has served before serves on, so the mirror may know better; but nobody waits for nothing.
    const asked = new Set(truth.flatMap(waiting));
    expect(mirror.flatMap(waiting).filter((id) => !asked.has(id))).toEqual([]);
  });
}

const waiting = ({ tasks }: App) => tasks.filter((task) => task.awaitsReadiness).map(({ id }) => id);

/** As `differ` compares: a leader that has lost some of several results takes none from the mirror. */
function comparable(app: App): unknown {
  const { tasks, ...rest } = told(app);
  return {
    ...rest,
    tasks: tasks
      .filter(({ state }) => !isTerminal(state))
      .map((task) => ({ ...task, leaving: task.state === 'TASK_KILLING', awaitsReadiness: false })),
  };
}

export const webApp = { id: '/team/web', instances: 3, labels: { HAPROXY_GROUP: 'external' } };
export const checkedApp = { ...webApp, healthChecks: [{ protocol: 'HTTP', path: '/', portIndex: 0 }] };
