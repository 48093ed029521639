/** What holds for any sequence of changes, reloads and restarts, on a real HAProxy. A failure prints its seed. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { BackendName, ServerName } from '../../src/core/model/ids.ts';
import type { App, Task } from '../../src/core/model/model.ts';
import { slotPrefix } from '../../src/core/plan/slot-plan.ts';
import { planServers } from '../../src/core/plan/server-plan.ts';
import type { RunningServer, ServerStep } from '../../src/core/plan/server-step.ts';
import type { Server, Service, ServiceDefinition } from '../../src/core/model/service.ts';
import { aCheck, anApp, aPort } from '../support/apps.ts';
import { freePorts } from '../support/haproxy.ts';
import { runtimeHaproxy, type RuntimeHaproxy } from '../contract/runtime-haproxy.ts';
import { silentName, silentTask } from '../contract/targets.ts';
import { runningOf } from '../../src/haproxy/control/running.ts';

const seed = 20_261;

describe('on a real HAProxy', () => {
  /** Backends that differ in what a server of theirs is. */
  const kinds: Record<string, Partial<App>> = {
    '/plain': {},
    '/checked': { healthChecks: [aCheck({ protocol: 'TCP', intervalSeconds: 60 })] },
    '/hashed': { labels: { HAPROXY_GROUP: 'external', HAPROXY_0_BALANCE: 'source' } },
    '/sticky': {
      labels: { HAPROXY_GROUP: 'external', HAPROXY_0_MODE: 'http', HAPROXY_0_STICKY: 'true' },
    },
    // One deployment group, so that tasks of the first are drained for those of the second.
    '/grouped': { labels: { HAPROXY_GROUP: 'external', HAPROXY_DEPLOYMENT_GROUP: 'grouped' } },
    '/grouped-new': { labels: { HAPROXY_GROUP: 'external', HAPROXY_DEPLOYMENT_GROUP: 'grouped' } },
    '/static': { labels: { HAPROXY_GROUP: 'external', HAPROXY_0_BALANCE: 'static-rr' } },
  };
  const ids = Object.keys(kinds);
  const most = 6;

  /** For each app, what becomes of its tasks 1 to `most`. */
  type Tasks = Readonly<Record<string, readonly ('none' | 'ready' | 'leaving')[]>>;
  const tasks = fc.array(
    fc.oneof(fc.constant('none' as const), fc.constant('ready' as const), fc.constant('leaving' as const)),
    { minLength: most, maxLength: most },
  );
  const someApps = (values: string[]) =>
    fc.record(Object.fromEntries(values.map((id) => [id, tasks])), { requiredKeys: [] });

  /** What somebody else may do to a server, or to HAProxy. */
  const meddling = ['maint', 'drain', 'weight 0', 'weight 9', 'unchecked', 'delete'] as const;
  const action = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('change' as const),
        to: someApps(ids),
        /** By a daemon that ran before, and takes HAProxy to be as it left it. */
        remembered: fc.boolean(),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('publish' as const) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('disturbed change' as const),
        to: someApps(ids),
        cutAfter: fc.option(fc.integer({ min: 0, max: 20 }), { nil: undefined }),
        reload: fc.boolean(),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('stale reload' as const) }) },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('meddle' as const),
        app: fc.constantFrom(...ids),
        task: fc.integer({ min: 1, max: most }),
        how: fc.constantFrom(...meddling),
      }),
    },
  );

  test('servers are as desired after each change, reload, restart and meddling, and then nothing is to be done', async () => {
    const haproxy = await runtimeHaproxy();
    const ports = await freePorts(ids.length);
    const appsOf = (state: Tasks) =>
      ids.map((id, i) =>
        anApp(id, { ports: [aPort(ports[i])], ...kinds[id], tasks: tasksOf(id, state[id] ?? []) }),
      );
    await haproxy.start(...appsOf({}));

    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 1, maxLength: 10 }), async (actions) => {
        let state: Tasks = {};
        let onDisk: Tasks = {};
        await haproxy.reload(...appsOf(state));
        for (const next of actions) {
          const before = appsOf(state);
          if (next.kind === 'change') state = { ...state, ...definedOnly(next.to) };
          if (next.kind === 'publish') await haproxy.reload(...appsOf((onDisk = state)));
          // Somebody reloads, or HAProxy is started anew, before the text on disk has followed.
          if (next.kind === 'stale reload') await haproxy.reload(...appsOf(onDisk));
          if (next.kind === 'meddle') await meddle(haproxy, next);
          if (next.kind === 'disturbed change') {
            state = { ...state, ...definedOnly(next.to) };
            const { cutAfter, reload } = next;
            const stale = appsOf(onDisk);
            haproxy.disturb({
              ...(cutAfter === undefined ? {} : { cutAfter }),
              ...(reload ? { first: () => haproxy.reload(...stale) } : {}),
            });
            await haproxy.attempt(...appsOf(state)).catch(() => undefined);
            haproxy.disturb({});
          }
          // Without a memory as after a restart of the daemon.
          const outcome =
            next.kind === 'change' && next.remembered
              ? await haproxy.attemptFrom(before, appsOf(state))
              : await haproxy.attempt(...appsOf(state));
          if (outcome.kind === 'impossible') {
            expect(outcome.reason).toMatch(/no slot is free|static-rr/);
            await haproxy.reload(...appsOf((onDisk = state)));
          }
          expect(await seen(haproxy, appsOf(state))).toEqual(wanted(haproxy, appsOf(state)));
          expect((await haproxy.bring(...appsOf(state))).commands).toEqual([]);
        }
      }),
      { seed, numRuns: 30 },
    );
  }, 180_000);

  test('any state follows any other, whatever way HAProxy came to it', async () => {
    const haproxy = await runtimeHaproxy();
    const dynamic = ids.filter((id) => id !== '/sticky' && id !== '/static');
    const ports = await freePorts(dynamic.length);
    const appsOf = (state: Tasks) =>
      dynamic.map((id, i) =>
        anApp(id, { ports: [aPort(ports[i])], ...kinds[id], tasks: tasksOf(id, state[id] ?? []) }),
      );
    await haproxy.start(...appsOf({}));
    const any = someApps(dynamic).map(definedOnly);
    await fc.assert(
      fc.asyncProperty(any, any, fc.boolean(), async (a, b, remembered) => {
        await haproxy.bring(...appsOf(a));
        if (remembered) await haproxy.attemptFrom(appsOf(a), appsOf(b));
        else await haproxy.bring(...appsOf(b));
        const direct = await seen(haproxy, appsOf(b));
        expect(direct).toEqual(wanted(haproxy, appsOf(b)));
        expect((await haproxy.bring(...appsOf(b))).commands).toEqual([]);
      }),
      { seed, numRuns: 150 },
    );
    expect(runningOf(await haproxy.control.running())).toMatchObject({ reloads: 0 });
  }, 180_000);

  const tasksOf = (id: string, states: readonly string[]): Task[] =>
    states.flatMap((state, i) =>
      state === 'none'
        ? []
        : [silentTask(id, i + 1 + (id === '/grouped-new' ? most : 0), { leaving: state === 'leaving' })],
    );

  const definedOnly = (some: Readonly<Record<string, Tasks[string] | undefined>>): Tasks =>
    Object.fromEntries(
      Object.entries(some).flatMap(([id, states]) => (states === undefined ? [] : [[id, states]])),
    );

  async function meddle(
    haproxy: RuntimeHaproxy,
    { app, task, how }: { app: string; task: number; how: (typeof meddling)[number] },
  ): Promise<void> {
    const state = (await haproxy.states()).find(
      ({ backend, server }) => backend.startsWith(app.slice(1)) && server === silentName(task),
    );
    if (state === undefined) return;
    const name = `${state.backend}/${state.server}`;
    const commands = {
      maint: [`set server ${name} state maint`],
      drain: [`set server ${name} state drain`],
      'weight 0': [`set server ${name} weight 0`],
      // Other weights than none and all are refused where the balance is static.
      'weight 9': app === '/static' ? [] : [`set server ${name} weight 9`],
      unchecked: app === '/checked' ? [`disable health ${name}`] : [],
      delete: [`set server ${name} state maint`, `del server ${name}`],
    };
    await haproxy.say(...commands[how]);
  }
});

interface Seen {
  readonly address: string;
  readonly port: number;
  readonly id: number;
  readonly admin: string;
  readonly checked: boolean;
}

/** What HAProxy says it has; a slot that is taken counts as the server of these apps that it stands for. */
async function seen(haproxy: RuntimeHaproxy, apps: App[]): Promise<Record<string, Seen>> {
  const { services } = haproxy.desired(...apps);
  const inUse = (await haproxy.states()).filter(
    ({ server, admin }) => admin !== 'maint' || !server.startsWith(slotPrefix),
  );
  return Object.fromEntries(
    inUse.map((state): [string, Seen] => {
      const { backend, address, port, admin, weight, checkEnabled } = state;
      const taker = state.server.startsWith(slotPrefix)
        ? services
            .get(backend as BackendName)
            ?.servers.find((it) => it.address === address && it.port === port)
        : undefined;
      const { name = state.server, id = state.id } = taker ?? {};
      const shown = adminOf(admin, weight);
      return [`${backend}/${name}`, { address, port, id, admin: shown, checked: checkEnabled }];
    }),
  );
}

function adminOf(admin: string, weight: number): string {
  if (admin === 'drain' || (admin === 'ready' && weight === 0)) return 'drain';
  return admin === 'ready' && weight !== 1 ? `weight ${weight}` : admin;
}

function wanted(haproxy: RuntimeHaproxy, apps: App[]): Record<string, Seen> {
  return Object.fromEntries(
    [...haproxy.desired(...apps).services.values()].flatMap(({ definition, servers }) =>
      servers.map(({ name, address, port, id, admin: admin }): [string, Seen] => [
        `${definition.backend}/${name}`,
        { address, port, id, admin, checked: definition.check !== undefined },
      ]),
    ),
  );
}

describe('the plan', () => {
  const capabilities = { version: '3.0.11', addServerCookie: true, refusedServerWords: new Set<string>() };
  const definition = {
    backend: 'b',
    slots: 0,
    balance: { words: ['roundrobin'] },
  } as unknown as ServiceDefinition;
  const admin = fc.constantFrom('ready' as const, 'drain' as const, 'maint' as const);
  const server = fc
    .record({ n: fc.integer({ min: 1, max: 12 }), id: fc.integer({ min: 1, max: 20 }), admin })
    .map(({ n, id, admin: admitted }): Server => ({
      ...{ name: `s${n}` as ServerName, taskId: `t${n}` as Server['taskId'], cookie: '', id },
      ...{ host: `10.0.0.${n}`, address: `10.0.0.${n}`, port: 1000 + n, admin: admitted },
    }));
  const service = fc
    .uniqueArray(server, {
      maxLength: 12,
      comparator: (a, b) => a.name === b.name || a.id === b.id,
    })
    .map((servers): Service => ({ definition, servers }));

  /** What HAProxy has after it was started with this service, drained by weight or by state. */
  const started = ({ servers }: Service, byState: boolean): RunningServer[] =>
    servers.map(({ name, address, port, id, admin: admitted }) => {
      const drained = admitted === 'drain';
      const weight = drained && !byState ? 0 : 1;
      return {
        ...{ name, address, port, id, weight, initialWeight: weight, checked: false },
        admin: admitted === 'maint' ? 'maint' : drained && byState ? 'drain' : 'ready',
      };
    });

  const stepsOf = (wantedService: Service, running: readonly RunningServer[]): readonly ServerStep[] => {
    const plan = planServers(wantedService, running, capabilities);
    if (plan.kind === 'reload') throw new Error(plan.reason);
    return plan.steps;
  };

  test('has no steps where HAProxy has what is desired', () => {
    fc.assert(
      fc.property(service, fc.boolean(), (it, byState) => {
        expect(stepsOf(it, started(it, byState))).toEqual([]);
      }),
      { seed },
    );
  });

  test('leads from any state to any other in two rounds, and never gives an id twice', () => {
    fc.assert(
      fc.property(service, service, fc.boolean(), (a, b, byState) => {
        const first = after(started(a, byState), stepsOf(b, started(a, byState)));
        const second = after(first, stepsOf(b, first));
        expect(stepsOf(b, second)).toEqual([]);
        const ends = ({ name, address, port }: RunningServer | Server) => `${name} ${address}:${port}`;
        expect(second.map(ends).sort()).toEqual(b.servers.map(ends).sort());
        for (const running of [first, second])
          expect(new Set(running.map(({ id }) => id)).size).toBe(running.length);
      }),
      { seed },
    );
  });

  /** What HAProxy makes of steps. */
  function after(running: readonly RunningServer[], steps: readonly ServerStep[]): RunningServer[] {
    const servers = new Map(running.map((it) => [it.name, it]));
    for (const step of steps) {
      const name = step.kind === 'add' ? step.server.name : step.server;
      const before = servers.get(name);
      if (step.kind === 'add') {
        expect(before).toBeUndefined();
        for (const it of started({ definition, servers: [step.server] }, true)) servers.set(name, it);
      } else if (before === undefined) throw new Error(`HAProxy has no server ${name}`);
      else if (step.kind === 'delete') servers.delete(name);
      else if (step.kind === 'fill') throw new Error('there are no slots');
      else {
        const admin = step.kind === 'remove' ? 'maint' : step.admin;
        const weight = step.kind === 'admit' ? (step.weight ?? 1) : before.weight;
        servers.set(name, { ...before, admin, weight });
      }
    }
    return [...servers.values()];
  }

  test('every step is for the backend of its service', () => {
    fc.assert(
      fc.property(service, service, (a, b) => {
        for (const { backend } of stepsOf(b, started(a, false))) expect(backend).toBe('b' as BackendName);
      }),
      { seed },
    );
  });
});
