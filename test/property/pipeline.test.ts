/**
 * Random histories of the whole control loop on a fake HAProxy, with faults at any call: apps that do not change serve
 * on throughout, and once the faults end, HAProxy has what Marathon lists.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { asAppId, type AppId } from '../../src/core/model/ids.ts';
import type { App } from '../../src/core/model/model.ts';
import { anApp, aPort, aTask } from '../support/apps.ts';
import {
  fakeHaproxy,
  noFaults,
  scripted,
  someFaults,
  type FakeHaproxy,
  type FakeRequest,
  type Fault,
} from '../support/fake-haproxy/fake-haproxy.ts';
import { fakePipeline, type FakePipeline } from '../support/fake-pipeline.ts';

const runs = Number(process.env['PACER_PIPELINE_RUNS'] ?? 400);
/** Calls to HAProxy and to the disk at one moment. */
const mostAtOnce = 500;
const versions = ['2.6.12-1+deb12u4', '3.0.11-1', '3.2.26-1', '3.4.7-1'];

/** What an app is like. `refused`: only HAProxy can tell that it is wrong. `throws`: the model fails on it. */
type Kind = 'plain' | 'leastconn' | 'sticky' | 'tcp' | 'shared' | 'refused' | 'throws';
const kinds: readonly Kind[] = ['plain', 'leastconn', 'sticky', 'tcp', 'shared', 'refused', 'throws'];

interface Spec {
  readonly kind: Kind;
  /** Numbers of its tasks. */
  readonly tasks: readonly number[];
}

type Move =
  | { readonly do: 'app'; readonly app: number; readonly spec: Spec | 'gone' }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'freeze'; readonly which: 'worker' | 'master' | 'both' }
  | { readonly do: 'sockets'; readonly which: 'master' | 'runtime' }
  | { readonly do: 'restart'; readonly version: string }
  | { readonly do: 'faults'; readonly faults: readonly (Fault | undefined)[] }
  | { readonly do: 'thaw' | 'kill' | 'reload elsewhere' | 'demand a reload' | 'compare all' };

const spec: fc.Arbitrary<Spec> = fc.record({
  kind: fc.constantFrom(...kinds),
  tasks: fc.subarray([1, 2, 3, 4]),
});

const aMoveOf = (of: fc.Arbitrary<Spec>, gone: number): fc.Arbitrary<Move> =>
  fc.record({
    do: fc.constant('app' as const),
    app: fc.integer({ min: 0, max: 3 }),
    spec: fc.oneof({ weight: 5, arbitrary: of }, { weight: gone, arbitrary: fc.constant('gone' as const) }),
  });

const move: fc.Arbitrary<Move> = fc.oneof(
  { weight: 8, arbitrary: aMoveOf(spec, 1) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      ms: fc.constantFrom(0, 5, 30, 300, 800, 3_000, 6_000, 20_000),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('freeze' as const),
      which: fc.constantFrom('worker' as const, 'master' as const, 'both' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('sockets' as const),
      which: fc.constantFrom('master' as const, 'runtime' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('restart' as const), version: fc.constantFrom(...versions) }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('faults' as const), faults: someFaults(20) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom(
        ...(['thaw', 'kill', 'reload elsewhere', 'demand a reload', 'compare all'] as const),
      ),
    }),
  },
);

function anAppOf(id: string, { kind, tasks }: Spec, number: number): App {
  const host = `${id.slice(1)}.example`;
  const labels = {
    HAPROXY_GROUP: 'external',
    HAPROXY_0_VHOST: kind === 'shared' ? `${host},shared.example` : host,
    ...(kind === 'leastconn' && { HAPROXY_0_BALANCE: 'leastconn' }),
    ...(kind === 'sticky' && { HAPROXY_0_STICKY: 'true' }),
    ...(kind === 'tcp' && { HAPROXY_0_MODE: 'tcp' }),
    ...(kind === 'refused' && {
      HAPROXY_0_BACKEND_HTTP_OPTIONS: '  http-request set-header X-Refused yes\n',
    }),
  };
  const app = anApp(id, {
    ports: [aPort(portOf(number))],
    labels,
    tasks: tasks.map((n) => aTask(id, n, { host: `10.0.${number}.${n}` })),
  });
  if (kind !== 'throws') return app;
  return Object.defineProperty(app, 'healthChecks', {
    get: () => {
      throw new Error('injected');
    },
  });
}

const portOf = (number: number): number => 10_000 + number;
const idOf = (app: number): AppId => asAppId(`/app-${app}`);
const addressesOf = ({ tasks }: Pick<App, 'tasks'>): string[] =>
  tasks.map(({ host, ports }) => `${host}:${ports[0]}`).sort();
const hostOf = (id: string) => ({ host: `${id.slice(1)}.example` });

const steady = [
  anAppOf('/steady', { kind: 'plain', tasks: [1, 2] }, 90),
  anAppOf('/still', { kind: 'leastconn', tasks: [1] }, 91),
];

class World {
  readonly fake: FakeHaproxy;
  loop: FakePipeline;
  readonly #specs = new Map<number, Spec>();
  readonly #apps = new Map<number, App>();
  readonly broken: string[] = [];
  #isWatched = false;
  #moment = { at: 0, calls: 0 };

  readonly #flags: Record<string, unknown>;

  constructor(version: string, flags: Record<string, unknown> = {}) {
    this.#flags = flags;
    this.fake = fakeHaproxy({ version });
    this.fake.haproxy.objection = (words) =>
      words.includes('X-Refused') ? 'refused by the test' : undefined;
    this.loop = fakePipeline(this.fake, { apps: new Map(steady.map((app) => [app.id, app])), flags });
    this.faults([]);
  }

  /** Another daemon takes over HAProxy; to it the apps that do not change are a cluster's that it has not heard of. */
  async restartPacer(unheard: () => readonly string[], known: readonly App[] = []): Promise<void> {
    const { memory } = this.loop;
    this.loop.close();
    await this.fake.clock.advance(1_000);
    this.loop = fakePipeline(this.fake, {
      apps: new Map([...known, ...this.#apps.values()].map((app) => [app.id, app])),
      ...{ unheard, memory, flags: this.#flags },
    });
  }

  /** The cluster that was away answers. */
  hear(): void {
    for (const app of steady) this.loop.mirror(app.id, app);
  }

  /** Whoever is there to answer answers for the apps that do not change. Looked at with every call. */
  watch(): void {
    this.#isWatched = true;
  }

  #look(what: string): void {
    const { current } = this.fake.haproxy;
    if (!this.#isWatched || current === undefined || current.frozen || this.broken.length > 0) return;
    for (const app of steady) {
      const reached = this.fake.reached(hostOf(app.id)).sort();
      if (String(reached) !== String(addressesOf(app)))
        this.broken.push(`${app.id} is served by [${String(reached)}] at ${what}`);
    }
    // Tasks of the app with this number, and of no other, have such addresses.
    for (const n of [0, 1, 2, 3]) {
      const reached = this.fake.reached(hostOf(idOf(n)));
      if (reached.some((address) => !address.startsWith(`10.0.${n}.`)))
        this.broken.push(`${idOf(n)} is served by [${String(reached)}] at ${what}`);
    }
  }

  faults(faults: readonly (Fault | undefined)[]): void {
    const plan = faults.length === 0 ? noFaults : scripted(faults);
    this.fake.faults = (call) => {
      this.#look(`call ${call.number}: ${call.kind}`);
      const calls = this.#moment.at === this.fake.clock.now() ? this.#moment.calls + 1 : 1;
      this.#moment = { at: this.fake.clock.now(), calls };
      if (calls <= mostAtOnce) return plan(call);
      const last = this.fake.calls
        .slice(-8)
        .map(({ kind, commands }) => `${kind} ${commands?.map(String).join() ?? ''}`);
      if (this.broken.length === 0) this.broken.push(`the loop spins: ${last.join('; ')}`);
      // Lets time pass, so that the test comes to its end.
      return { kind: 'hang' };
    };
  }

  async do(move: Move): Promise<void> {
    const { fake, loop } = this;
    switch (move.do) {
      case 'app': {
        const app = move.spec === 'gone' ? undefined : anAppOf(idOf(move.app), move.spec, move.app);
        if (move.spec === 'gone') this.#specs.delete(move.app);
        else this.#specs.set(move.app, move.spec);
        if (app === undefined) this.#apps.delete(move.app);
        else this.#apps.set(move.app, app);
        loop.mirror(idOf(move.app), app);
        break;
      }
      case 'wait':
        await fake.clock.advance(move.ms);
        break;
      case 'freeze':
        fake.haproxy.freeze(move.which);
        break;
      case 'sockets':
        // If both are gone, Pacer repairs them with a signal, which the fake does not model.
        if (fake.haproxy.sockets[move.which === 'master' ? 'runtime' : 'master'])
          fake.haproxy.removeSockets(move.which);
        break;
      case 'restart':
        fake.haproxy.restart(move.version);
        break;
      case 'faults':
        this.faults(move.faults);
        break;
      case 'thaw':
        fake.haproxy.thaw();
        break;
      case 'kill':
        fake.haproxy.kill();
        break;
      case 'reload elsewhere':
        void fake.haproxy.reload();
        break;
      case 'demand a reload':
        loop.inbox.demandReload('asked for');
        loop.request();
        break;
      case 'compare all':
        loop.inbox.note('asked for');
        loop.request();
        break;
    }
    this.#look(move.do);
  }

  /** Differences between the tasks that Marathon lists and the servers that requests reach; empty if there are none. */
  differences(): string[] {
    const { fake } = this;
    const found: string[] = [];
    const compare = (id: string, wanted: readonly string[], request: FakeRequest = hostOf(id)) => {
      const reached = fake.reached(request).sort();
      if (String(reached) !== String(wanted))
        found.push(`${id}: [${String(reached)}], not [${String(wanted)}]`);
    };
    for (const app of steady) compare(app.id, addressesOf(app));
    const claims: string[] = [];
    for (const [n, { kind }] of this.#specs) {
      const app = this.#apps.get(n);
      const wanted = app === undefined ? [] : addressesOf(app);
      if (kind === 'refused' || kind === 'throws') {
        // Its last good version serves on, if it has one.
        const reached = fake.reached(hostOf(idOf(n)));
        if (kind === 'refused' && reached.some((address) => !wanted.includes(address)))
          found.push(`${idOf(n)}: [${String(reached)}] has a task that is gone`);
      } else {
        if (kind !== 'tcp') compare(idOf(n), wanted);
        if (this.#flags['servicePorts'] !== 'none') compare(idOf(n), wanted, { port: portOf(n) });
      }
      if (kind === 'shared') claims.push(String(wanted));
    }
    for (const n of [0, 1, 2, 3]) if (!this.#specs.has(n)) compare(idOf(n), []);
    if (claims.length > 0) {
      const reached = String(fake.reached({ host: 'shared.example' }).sort());
      const bad = [...this.#specs.values()].some(({ kind }) => kind === 'refused' || kind === 'throws');
      if (!bad && !claims.includes(reached)) found.push(`shared.example: [${reached}]`);
    }
    const { inSync, failure } = this.loop.pipeline.state();
    const throwing = [...this.#specs.values()].some(({ kind }) => kind === 'throws');
    if (!inSync && !throwing) found.push(`not in step: ${failure?.message ?? ''}`);
    return found;
  }

  async converges(): Promise<string[]> {
    this.fake.haproxy.thaw();
    this.faults([]);
    const done = await this.fake.clock.until(() => this.differences().length === 0, 300_000);
    return done ? [] : this.differences();
  }
}

/** The same histories in each `npm test`; `npm run test:slow` looks for others, and prints the seed of what it finds. */
const seed = process.env['PACER_SEED'] ?? (process.env['PACER_SLOW'] === '1' ? undefined : '20261');
const seeded = seed === undefined ? {} : { seed: Number(seed) };

/** A reply is whole or an error; a list of servers that is cut short without a trace cannot be told from a short one. */
const withWholeReplies = (each: Move): Move =>
  each.do === 'faults' ? { ...each, faults: each.faults.map((it) => (isCut(it) ? undefined : it)) } : each;
const isCut = (fault: Fault | undefined): boolean => fault?.kind === 'wrong' && fault.how === 'truncated';

/** Each took away what was to be kept, once. */
const restarts: [string, Move[], Move[]][] = [
  // A look at HAProxy's maps.
  ['2.6.12-1+deb12u4', [], [{ do: 'wait', ms: 6_000 }]],
  // HAProxy does not say what configuration it runs.
  [
    '2.6.12-1+deb12u4',
    [],
    [
      { do: 'faults', faults: [{ kind: 'wrong', how: 'truncated' }] },
      { do: 'wait', ms: 800 },
    ],
  ],
  // It does not say what servers it has.
  [
    '2.6.12-1+deb12u4',
    [],
    [
      { do: 'faults', faults: [undefined, undefined, { kind: 'wrong', how: 'empty' }] },
      { do: 'wait', ms: 3_000 },
    ],
  ],
];

test(
  'what a cluster may have that has not been heard of since a restart serves on, and converges once it is',
  { timeout: 600_000 },
  async () => {
    // A HAProxy that ended serves nothing that could be kept.
    const kept = move.filter((each) => each.do !== 'kill' && each.do !== 'restart').map(withWholeReplies);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...versions),
        fc.array(move, { maxLength: 5 }),
        fc.array(kept, { maxLength: 20 }),
        async (version, before, moves) => {
          const world = new World(version);
          let unheard: readonly string[] = [];
          try {
            for (const each of before) await world.do(each);
            expect(await world.converges()).toEqual([]);
            unheard = ['east'];
            await world.restartPacer(() => unheard);
            world.watch();
            for (const each of moves) await world.do(each);
            unheard = [];
            world.hear();
            expect(await world.converges()).toEqual([]);
            expect(world.broken).toEqual([]);
          } finally {
            world.loop.close();
          }
        },
      ),
      { numRuns: runs / 4, examples: restarts, ...seeded },
    );
  },
);

test(
  'whatever goes wrong, what did not change serves on, and all of it converges',
  { timeout: 600_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...versions),
        fc.array(move, { maxLength: 25 }),
        async (version, moves) => {
          const world = new World(version);
          try {
            expect(await world.converges()).toEqual([]);
            world.watch();
            for (const each of moves) await world.do(each);
            expect(await world.converges()).toEqual([]);
            expect(world.broken).toEqual([]);
          } finally {
            world.loop.close();
          }
        },
      ),
      {
        numRuns: runs,
        ...seeded,
      },
    );
  },
);

/** Apps like those that are there already. */
const alike = aMoveOf(
  fc.record({ kind: fc.constantFrom('plain', 'leastconn', 'shared'), tasks: fc.subarray([1, 2, 3, 4]) }),
  3,
);

/** New apps get spare backends, of which there are too few for all; Pacer is killed now and then. */
test(
  'whatever goes wrong while services are in spare backends, no request reaches another app, and all of it converges',
  { timeout: 600_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...versions),
        fc.integer({ min: 1, max: 6 }),
        fc.constantFrom('none', 'all'),
        fc.array(
          fc.oneof(
            { weight: 10, arbitrary: move },
            { weight: 8, arbitrary: alike },
            { weight: 1, arbitrary: fc.constant('pacer') },
          ),
          { maxLength: 25 },
        ),
        async (version, spareBackends, servicePorts, moves) => {
          const world = new World(version, { servicePorts, spareBackends, settleAfter: 10 });
          try {
            expect(await world.converges()).toEqual([]);
            world.watch();
            for (const each of moves) {
              if (typeof each === 'string') await world.restartPacer(() => [], steady);
              else await world.do(each);
            }
            expect(await world.converges()).toEqual([]);
            expect(world.broken).toEqual([]);
          } finally {
            world.loop.close();
          }
        },
      ),
      { numRuns: runs, ...seeded },
    );
  },
);
