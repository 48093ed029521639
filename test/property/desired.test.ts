/**
 * Whatever changes in whatever order, step by step or at once, in the labels, the tasks, the policy or the names of
 * agents: the same mirror, the same policy and the same remembered owners give the same state.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Owners } from '../../src/core/services/claims.ts';
import {
  allDiagnostics,
  missingApps,
  nextDesired,
  nothingDesired,
  type Desired,
} from '../../src/core/desired/desired.ts';
import type { AppId } from '../../src/core/model/ids.ts';
import type { App, Task } from '../../src/core/model/model.ts';
import { claimsServed, ownersOf } from '../../src/core/desired/owners.ts';
import { parsePolicy } from '../../src/settings/policy.ts';
import { anApp, aPort, aTask } from '../support/apps.ts';
import { aContext } from '../support/context.ts';

const ids = ['/a', '/a/x', '/b', '/b/x', '/b/y', '/c'];

const labels = fc.record(
  {
    HAPROXY_0_VHOST: fc.constantFrom('x.example', 'y.example', 'x.example,y.example', '*.example'),
    HAPROXY_0_PATH: fc.constantFrom('/p', '/q'),
    HAPROXY_0_PORT: fc.constantFrom('10001', '10002'),
    HAPROXY_0_AUTH: fc.constantFrom('r:u:$6$one', 'r:v:$6$two'),
    HAPROXY_0_BACKEND_NETWORK_ALLOWED_ACL: fc.constantFrom('10.0.0.0/8', '10.1.0.0/16', '192.168.0.0/16'),
    HAPROXY_DEPLOYMENT_GROUP: fc.constantFrom('b', 'group', 'c'),
    HAPROXY_DEPLOYMENT_STARTED_AT: fc.constantFrom('2026-01-01', '2026-01-02'),
    HAPROXY_0_SSL_CERT: fc.constantFrom('/etc/ssl/a.pem', '/etc/ssl/b.pem'),
    HAPROXY_0_BIND_OPTIONS: fc.constantFrom('ca-file /etc/ssl/ca.pem verify required', 'alpn h2'),
    HAPROXY_0_BIND_ADDR: fc.constantFrom('127.0.0.1', '127.0.0.2'),
  },
  { requiredKeys: [] },
);

const task = fc.record({
  n: fc.integer({ min: 1, max: 4 }),
  /** Where it is; several tasks may say the same. */
  place: fc.integer({ min: 1, max: 3 }),
  startedAt: fc.integer({ min: 1, max: 4 }),
  state: fc.constantFrom<Task['state']>('TASK_RUNNING', 'TASK_UNREACHABLE', 'TASK_STAGING'),
});

const app = fc
  .record({
    id: fc.constantFrom(...ids),
    labels,
    port: fc.integer({ min: 1, max: 3 }),
    configuredAt: fc.integer({ min: 1, max: 3 }),
    tasks: fc.uniqueArray(task, { maxLength: 3, selector: ({ n }) => n }),
    network: fc.constantFrom('host', 'container'),
  })
  .map(({ id, labels: own, port, configuredAt, tasks, network }) =>
    anApp(id, {
      labels: { HAPROXY_GROUP: 'external', HAPROXY_0_MODE: 'http', ...own },
      configuredAt,
      ...(network === 'host'
        ? { ports: [aPort(10_000 + port)] }
        : {
            networkMode: 'container',
            ports: [aPort(undefined, { containerPort: 8080, hasHostPort: false })],
          }),
      tasks: tasks
        .map(({ n, place, startedAt, state }) =>
          aTask(id, n, {
            ...{ startedAt, state },
            host: place === 3 ? 'agent' : `10.0.0.${place}`,
            ports: [31_000],
            ipAddresses: [`9.0.0.${place}`],
          }),
        )
        .sort((a, b) => (a.id < b.id ? -1 : 1)),
    }),
  );

// None rejects what an app claims: a service that is rejected serves on as it was, which no fresh start knows.
const policies = [
  '',
  "/a: { vhosts: ['*'] }\n/b: { groups: [group] }\n/c: { groups: [group, c] }\n",
  '/: { max-services: 2 }',
].map((text) => parsePolicy(text, 'policy.yaml'));

const action = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('change' as const),
      apps: fc.array(app, { minLength: 1, maxLength: 3 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('remove' as const), id: fc.constantFrom(...ids) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('policy' as const), at: fc.nat(policies.length - 1) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('agent' as const),
      address: fc.constantFrom('10.0.0.1', '10.0.0.7'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('applied' as const) }) },
);

/** What a state says, without what only speeds up the next step. */
const told = ({
  services,
  routes,
  conflicts,
  claims,
  groups,
  assigned,
  contested,
  failed,
  ...desired
}: Desired) => ({
  ...{ services: [...services], routes, conflicts, groups: sorted(groups), contested: [...contested].sort() },
  apps: sorted(desired.apps).map(([id, { ports, diagnostics, alone }]) => ({
    id,
    ports,
    diagnostics,
    alone,
  })),
  claims: sorted(claims).map(([claim, { backend }]) => `${claim}: ${backend}`),
  assigned: sorted(assigned).map(([id, { ports }]) => [id, [...ports]]),
  diagnostics: allDiagnostics({
    services,
    routes,
    conflicts,
    claims,
    groups,
    assigned,
    contested,
    failed,
    ...desired,
  })
    .map((it) => JSON.stringify(it))
    .sort(),
  failed: [...failed],
});
const sorted = <V>(map: ReadonlyMap<string, V>): [string, V][] =>
  [...map]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => [key, value instanceof Set ? ([...value].sort() as V) : value]);

class World {
  readonly mirror = new Map<AppId, App>();
  state = nothingDesired;
  owners: Owners = new Map();
  #policy = policies[0]!;
  #agent = '10.0.0.1';

  context(owners = this.owners) {
    const context = aContext({ resolve: (host) => (host === 'agent' ? this.#agent : undefined) });
    return {
      ...context,
      owners: () => owners,
      templates: { ...context.templates, policy: () => this.#policy },
    };
  }

  do(next: typeof action extends fc.Arbitrary<infer T> ? T : never): void {
    let changed: readonly App[] = [];
    let removed: AppId[] = [];
    if (next.kind === 'change') changed = [...new Map(next.apps.map((it) => [it.id, it])).values()];
    if (next.kind === 'remove') removed = [next.id as AppId];
    if (next.kind === 'policy') this.#policy = policies[next.at]!;
    if (next.kind === 'agent') this.#agent = next.address;
    // As the daemon does it: what all apps depend on has changed.
    if (next.kind === 'policy' || next.kind === 'agent') changed = [...this.mirror.values()];
    if (next.kind === 'applied') this.owners = ownersOf(this.state);
    for (const it of changed) this.mirror.set(it.id, it);
    for (const id of removed) this.mirror.delete(id);
    this.state = nextDesired(this.state, { changed, removed }, this.context());
  }

  fromNothing(owners = this.owners): Desired {
    return nextDesired(
      nothingDesired,
      { changed: [...this.mirror.values()].reverse(), removed: [] },
      this.context(owners),
    );
  }
}

describe('after any sequence of changes', () => {
  test('the state is the one that the same mirror and the same owners give at once', () => {
    let contested = 0;
    fc.assert(
      fc.property(fc.array(action, { minLength: 1, maxLength: 12 }), (actions) => {
        const world = new World();
        for (const next of actions) {
          world.do(next);
          expect(missingApps(world.state, world.mirror)).toEqual([]);
        }
        expect(told(world.state)).toEqual(told(world.fromNothing()));
        contested += world.state.contested.size;
      }),
      { numRuns: 200, seed: 11 },
    );
    // Else it would have been about apps that have nothing to do with each other.
    expect(contested).toBeGreaterThan(200);
  });

  test('what is remembered of a state gives that state again, at another node and after a restart', () => {
    fc.assert(
      fc.property(fc.array(action, { minLength: 1, maxLength: 12 }), (actions) => {
        const world = new World();
        for (const next of actions) world.do(next);
        expect(told(world.fromNothing(ownersOf(world.state)))).toEqual(told(world.state));
      }),
      { numRuns: 200, seed: 12 },
    );
  });

  test('a newcomer takes nothing from those that serve', () => {
    fc.assert(
      fc.property(fc.array(app, { minLength: 1, maxLength: 5 }), app, (apps, newcomer) => {
        const world = new World();
        world.do({ kind: 'change', apps: apps.filter(({ id }) => id !== newcomer.id) });
        world.do({ kind: 'applied' });
        const before = world.state;
        world.do({ kind: 'change', apps: [newcomer] });
        const group = newcomer.labels['HAPROXY_DEPLOYMENT_GROUP'];
        for (const [claim, { appId, name }] of claimsServed(before)) {
          // A group without a policy is open: who leads it is for its labels to say.
          if (name === `/${group}` || newcomer.id === name) continue;
          expect([claim, claimsServed(world.state).get(claim)?.appId]).toEqual([claim, appId]);
        }
      }),
      { numRuns: 200, seed: 13 },
    );
  });
});
