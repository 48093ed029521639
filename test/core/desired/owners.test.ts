/** What an app serves belongs to it: a newcomer gets it when the owner lets it go, whatever its id, its age or its port. */
import { describe, expect, test } from 'vitest';
import type { Owners } from '../../../src/core/services/claims.ts';
import {
  allDiagnostics,
  nextDesired,
  nothingDesired,
  withRejected,
  type Desired,
} from '../../../src/core/desired/desired.ts';
import { describeDiagnostic } from '../../../src/core/model/diagnostic.ts';
import type { AppId, BackendName } from '../../../src/core/model/ids.ts';
import type { App } from '../../../src/core/model/model.ts';
import { ownersOf } from '../../../src/core/desired/owners.ts';
import { parsePolicy } from '../../../src/settings/policy.ts';
import { anApp, aPort, aTask } from '../../support/apps.ts';
import { aContext } from '../../support/context.ts';

const labelled = (id: string, labels: Record<string, string>, parts: Parameters<typeof anApp>[1] = {}): App =>
  anApp(id, { labels: { HAPROXY_GROUP: 'external', HAPROXY_0_MODE: 'http', ...labels }, ...parts });

/** A daemon's memory: what served is remembered for the next step, and may be taken over to another daemon. */
function remembering(owners: Owners = new Map(), policy = '') {
  const allowed = parsePolicy(policy, 'policy.yaml');
  let known = owners;
  let state = nothingDesired;
  const base = aContext();
  const context = {
    ...base,
    owners: () => known,
    templates: { ...base.templates, policy: () => allowed },
  };
  return {
    apply: (changed: readonly App[], removed: readonly string[] = []): Desired => {
      state = nextDesired(state, { changed, removed: removed as AppId[] }, context);
      known = ownersOf(state);
      return state;
    },
    owners: () => known,
  };
}

const serves = ({ services }: Desired) =>
  [...services.values()].map(
    ({ definition: { backend, listens } }) => `${backend}${listens ? '' : ' without port'}`,
  );
const routes = ({ routes: { tables } }: Desired) =>
  tables.flatMap(({ entries }) => entries.map(({ key, backend }) => `${key} → ${backend}`));
const said = (desired: Desired) => allDiagnostics(desired).map(describeDiagnostic);

const old = labelled('/z', { HAPROXY_0_VHOST: 'x.example' }, { tasks: [aTask('/z', 1)] });
const fresh = labelled('/a', { HAPROXY_0_VHOST: 'x.example' }, { tasks: [aTask('/a', 2)] });

describe('an app that serves a host and a port', () => {
  test('keeps both from a newcomer with a smaller id, which serves without its listener and is told why', () => {
    const memory = remembering();
    memory.apply([old]);
    const both = memory.apply([fresh]);
    expect(serves(both)).toEqual(['a_10001 without port', 'z_10001']);
    expect(routes(both)).toEqual(['x.example → z_10001']);
    expect(said(both)).toEqual([
      '/a port 0: service port 10001 belongs to /z port 0; choose another one with HAPROXY_0_PORT',
      '/a HAPROXY_0_VHOST: x.example already leads to /z port 0; choose another host or path, or give one of them a larger HAPROXY_<n>_BACKEND_WEIGHT',
    ]);
  });

  test('keeps its hosts when it loses a fight for the port: it loses the port alone', () => {
    const moved = labelled('/z', { HAPROXY_0_VHOST: 'z.example' }, { ports: [aPort(10_002)] });
    const memory = remembering();
    memory.apply([moved, labelled('/a', {})]);
    const after = memory.apply([{ ...moved, ports: [aPort(10_001)] }]);
    expect(serves(after)).toEqual(['a_10001', 'z_10001 without port']);
    expect(routes(after)).toEqual(['z.example → z_10001']);
  });

  test('keeps them after a restart of Pacer, also when its labels have changed since', () => {
    const before = remembering();
    before.apply([old]);
    const again = remembering(before.owners());
    const changed = {
      ...old,
      configuredAt: Date.parse('2027-01-01'),
      labels: { ...old.labels, HAPROXY_0_BALANCE: 'leastconn' },
    };
    expect(routes(again.apply([fresh, changed]))).toEqual(['x.example → z_10001']);
  });

  test('gives them to the one that waits when it lets them go', () => {
    const memory = remembering();
    memory.apply([old]);
    memory.apply([fresh]);
    const released = memory.apply([
      labelled('/z', { HAPROXY_0_VHOST: 'z.example', HAPROXY_0_PORT: '10002' }),
    ]);
    expect(serves(released)).toEqual(['a_10001', 'z_10002']);
    expect(routes(released)).toEqual(['x.example → a_10001', 'z.example → z_10002']);
    expect(routes(memory.apply([old]))).toEqual(['x.example → a_10001']);
    expect(routes(memory.apply([], ['/a']))).toEqual(['x.example → z_10001']);
  });

  test('keeps them while it is rejected: nobody else is served on its host', () => {
    const memory = remembering();
    memory.apply([old]);
    const both = memory.apply([labelled('/a', { HAPROXY_0_VHOST: 'x.example', HAPROXY_0_PORT: '10002' })]);
    const diagnostic = {
      code: 'FILE_MISSING',
      severity: 'error',
      appId: old.id,
      reason: 'r',
      remedy: 'm',
    } as const;
    const held = withRejected(both, new Map([['z_10001' as BackendName, { diagnostic }]]));
    expect(serves(held)).toEqual(['a_10002']);
    expect(routes(held)).toEqual([]);
    expect(said(held)).toContain(
      '/a HAPROXY_0_VHOST: x.example belongs to /z port 0, which is rejected at present; choose another host or path, or give one of them a larger HAPROXY_<n>_BACKEND_WEIGHT',
    );
    expect(ownersOf(held).get('route 0 host x.example')).toEqual(new Set(['/z']));
  });

  test('is not pushed out by a newcomer where the policy limits the number of services', () => {
    const memory = remembering(undefined, '/: { max-services: 1 }');
    memory.apply([old]);
    const both = memory.apply([labelled('/a', { HAPROXY_0_PORT: '10002' })]);
    expect(serves(both)).toEqual(['z_10001']);
  });
});

describe('without a memory', () => {
  test('the app that was configured first has what two claim, and a change of that is seen', () => {
    const at = (app: App, year: number): App => ({ ...app, configuredAt: Date.UTC(year, 0) });
    const context = aContext();
    const first = nextDesired(
      nothingDesired,
      { changed: [at(old, 2024), at(fresh, 2025)], removed: [] },
      context,
    );
    expect(routes(first)).toEqual(['x.example → z_10001']);
    // Only Marathon's time differs, so nothing is defined anew.
    const later = nextDesired(first, { changed: [at(old, 2026)], removed: [] }, context);
    expect(routes(later)).toEqual(['x.example → a_10001']);
    const again = nextDesired(
      nothingDesired,
      { changed: [at(old, 2026), at(fresh, 2025)], removed: [] },
      context,
    );
    expect([...again.services]).toEqual([...later.services]);
  });

  test('the version of an app stands for the time that an old Marathon does not give', () => {
    const older = { ...old, version: '2020-01-01T00:00:00.000Z' };
    const desired = nextDesired(nothingDesired, { changed: [fresh, older], removed: [] }, aContext());
    expect(routes(desired)).toEqual(['x.example → z_10001']);
  });
});

test('new tasks reach a service that serves without its listener', () => {
  const memory = remembering();
  memory.apply([old, fresh]);
  const before = memory.apply([old]);
  const lost = [...before.services.values()].find(({ definition }) => !definition.listens)!;
  const own = [old, fresh].find(({ id }) => id === lost.definition.appId)!;
  const after = memory.apply([{ ...own, tasks: [...own.tasks, aTask(own.id, 9)] }]);
  const next = after.services.get(lost.definition.backend)!;
  expect(next.servers).toHaveLength(2);
  expect(next.definition).toBe(lost.definition);
  expect(after.routes).toBe(before.routes);
  expect(after.conflicts).toBe(before.conflicts);
});

test('a service port of Pacer’s choosing stays with its app when another one comes', () => {
  const own = (id: string): App =>
    anApp(id, {
      networkMode: 'container',
      ports: [aPort(undefined, { containerPort: 80, hasHostPort: false })],
    });
  const context = { ...aContext(), assignedPorts: { first: 20_000, last: 20_001 } };
  let known: Owners = new Map();
  const step = (state: Desired, app: App) => {
    const next = nextDesired(state, { changed: [app], removed: [] }, { ...context, owners: () => known });
    known = ownersOf(next);
    return next;
  };
  const one = step(nothingDesired, own('/z'));
  const port = [...one.services.values()][0]!.definition.servicePort;
  const both = ['/a', '/b', '/c'].reduce((state, id) => step(state, own(id)), one);
  const mine = [...both.services.values()].find(({ definition }) => definition.appId === '/z');
  expect(mine?.definition.servicePort).toBe(port);
});
