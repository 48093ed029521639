/** Who has what two services of the same age claim: the one of the first app id, and the other is told who it is. */
import { describe, expect, test } from 'vitest';
import { allDiagnostics, nextDesired, nothingDesired } from '../../src/core/desired/desired.ts';
import { describeDiagnostic } from '../../src/core/model/diagnostic.ts';
import type { App } from '../../src/core/model/model.ts';
import { anApp, aPort } from '../support/apps.ts';
import { aContext } from '../support/context.ts';

type Labels = Record<string, string>;

const withLabels = (id: string, port: number, labels: Labels): App =>
  anApp(id, {
    ports: [aPort(port)],
    labels: { HAPROXY_GROUP: 'external', HAPROXY_0_MODE: 'http', ...labels },
  });

const context = aContext({
  reservedPorts: new Map([[443, "Pacer's HTTPS listener"]]),
  groupsHttps: true,
});

function outcome(apps: readonly App[]) {
  const desired = nextDesired(nothingDesired, { changed: apps, removed: [] }, context);
  const routes = desired.routes.tables.flatMap(({ entries }) =>
    entries.map(({ key, backend }) => `${key} → ${backend}`),
  );
  return {
    appIds: desired.routes.appIds.map(({ key, backend }) => `${key} → ${backend}`),
    backends: [...desired.services.keys()],
    routes,
    told: allDiagnostics(desired)
      .filter(({ severity }) => severity === 'error')
      .map(describeDiagnostic),
  };
}

interface Case {
  readonly a?: Labels;
  readonly b?: Labels;
  readonly ports?: readonly [number, number];
  readonly backends: string[];
  readonly routes?: string[];
  /** Where they are not the apps' own. */
  readonly appIds?: string[];
  readonly told: string[];
}

const cases: Record<string, Case> = {
  'one service port': {
    ports: [10_001, 10_001],
    backends: ['a_10001', 'b_10001'],
    told: ['/b port 0: service port 10001 belongs to /a port 0; choose another one with HAPROXY_0_PORT'],
  },
  'one service port, by label': {
    b: { HAPROXY_0_PORT: '10001' },
    backends: ['a_10001', 'b_10001'],
    told: ['/b port 0: service port 10001 belongs to /a port 0; choose another one with HAPROXY_0_PORT'],
  },
  'one service port at different addresses: no conflict': {
    ports: [10_001, 10_001],
    a: { HAPROXY_0_BIND_ADDR: '127.0.0.1' },
    b: { HAPROXY_0_BIND_ADDR: '127.0.0.2' },
    backends: ['a_10001', 'b_10001'],
    told: [],
  },
  'a port of Pacer itself': {
    b: { HAPROXY_0_PORT: '443' },
    backends: ['a_10001'],
    told: ["/b port 0: service port 443 is Pacer's HTTPS listener; choose another one with HAPROXY_0_PORT"],
  },
  'one host': {
    a: { HAPROXY_0_VHOST: 'x.example' },
    b: { HAPROXY_0_VHOST: 'y.example,X.example' },
    backends: ['a_10001', 'b_10002'],
    routes: ['x.example → a_10001', 'y.example → b_10002'],
    told: [
      '/b HAPROXY_0_VHOST: x.example already leads to /a port 0; choose another host or path, or give one of them a larger HAPROXY_<n>_BACKEND_WEIGHT',
    ],
  },
  'one host and path': {
    a: { HAPROXY_0_VHOST: 'x.example', HAPROXY_0_PATH: '/p /q' },
    b: { HAPROXY_0_VHOST: 'x.example', HAPROXY_0_PATH: '/q' },
    backends: ['a_10001', 'b_10002'],
    routes: ['x.example/p → a_10001', 'x.example/q → a_10001'],
    told: [
      '/b HAPROXY_0_VHOST: x.example/q already leads to /a port 0; choose another host or path, or give one of them a larger HAPROXY_<n>_BACKEND_WEIGHT',
    ],
  },
  'one host with different paths: no conflict': {
    a: { HAPROXY_0_VHOST: 'x.example', HAPROXY_0_PATH: '/p' },
    b: { HAPROXY_0_VHOST: 'x.example' },
    backends: ['a_10001', 'b_10002'],
    routes: ['x.example/p → a_10001', 'x.example → b_10002'],
    told: [],
  },
  'one host with different weights: no conflict': {
    a: { HAPROXY_0_VHOST: 'x.example' },
    b: { HAPROXY_0_VHOST: 'x.example', HAPROXY_0_BACKEND_WEIGHT: '2' },
    backends: ['a_10001', 'b_10002'],
    routes: ['x.example → b_10002', 'x.example → a_10001'],
    told: [],
  },
  'two certificates for one host': {
    a: { HAPROXY_0_VHOST: 'x.example', HAPROXY_0_PATH: '/p', HAPROXY_0_SSL_CERT: '/etc/a.pem' },
    b: { HAPROXY_0_VHOST: 'x.example', HAPROXY_0_SSL_CERT: '/etc/b.pem' },
    backends: ['a_10001', 'b_10002'],
    routes: ['x.example/p → a_10001', 'x.example → b_10002'],
    told: [
      '/b HAPROXY_0_SSL_CERT: TLS for x.example is as /a port 0 says, not with /etc/b.pem; give both the same certificate and bind options, or choose another host',
    ],
  },
  'the name of a deployment group and of an app': {
    a: { HAPROXY_DEPLOYMENT_GROUP: 'b', HAPROXY_DEPLOYMENT_STARTED_AT: '2026-01-01T10:00:00' },
    backends: ['b_10001', 'b_10002'],
    appIds: ['/b → b_10002'],
    told: [
      '/a HAPROXY_DEPLOYMENT_GROUP: requests for the app id /b lead to the app of that id (port 0), not to a group of its name; give the group another name, or give /b the label HAPROXY_DEPLOYMENT_GROUP too',
    ],
  },
  'one wildcard': {
    a: { HAPROXY_0_VHOST: '*.x.example' },
    b: { HAPROXY_0_VHOST: '*.x.example' },
    backends: ['a_10001', 'b_10002'],
    routes: ['.x.example → a_10001'],
    told: [
      '/b HAPROXY_0_VHOST: *.x.example already leads to /a port 0; choose another host or path, or give one of them a larger HAPROXY_<n>_BACKEND_WEIGHT',
    ],
  },
};

describe.each(Object.entries(cases))('%s', (_, { a = {}, b = {}, ports = [10_001, 10_002], ...expected }) => {
  const apps = [withLabels('/a', ports[0], a), withLabels('/b', ports[1], b)];

  test('has one winner', () => {
    const own = expected.backends.map((backend) => `/${backend.replace(/_.*/, '')} → ${backend}`);
    expect(outcome(apps)).toEqual({ routes: [], appIds: own, ...expected });
  });

  test('whoever comes first', () => {
    expect(outcome([...apps].reverse())).toEqual(outcome(apps));
  });
});
