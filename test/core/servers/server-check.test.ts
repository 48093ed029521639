/** How HAProxy checks a server, for each check Marathon may have. Reads as the table of docs/health.md. */
import { describe, expect, test } from 'vitest';
import { nextDesired, nothingDesired } from '../../../src/core/desired/desired.ts';
import type { App, HealthCheck } from '../../../src/core/model/model.ts';
import { decodeApp } from '../../../src/marathon/decode/decode-app.ts';
import { loadFragments } from '../../../src/render/fragments.ts';
import { serviceRenderer } from '../../../src/render/service.ts';
import { aContext } from '../../support/context.ts';

const render = serviceRenderer(loadFragments(), { trustedProxies: [], logs: false }).render;

interface Case {
  readonly checks: readonly Record<string, unknown>[];
  readonly labels?: Record<string, string>;
  readonly network?: 'host' | 'container/bridge' | 'container';
}

function appOf({ checks, labels = {}, network = 'host' }: Case): App {
  const mapping = (containerPort: number, servicePort: number) => ({
    containerPort,
    hostPort: 0,
    servicePort,
  });
  const { app } = decodeApp(
    {
      id: '/app',
      labels: { HAPROXY_GROUP: 'external', HAPROXY_1_ENABLED: 'false', ...labels },
      networks: [{ mode: network }],
      ...(network === 'host'
        ? { portDefinitions: [{ port: 10001 }, { port: 10002 }] }
        : { container: { type: 'DOCKER', portMappings: [mapping(8080, 10001), mapping(8081, 10002)] } }),
      healthChecks: checks,
      tasks: [
        {
          id: 'app.1',
          host: '10.0.0.1',
          ports: [31001, 31002],
          state: 'TASK_RUNNING',
          ipAddresses: [{ ipAddress: '9.0.0.1' }],
        },
      ],
    },
    'app',
  );
  if (app === undefined) throw new Error('not an app');
  return app;
}

/** Mode, the lines that say how is checked, and the end of the server's line; then what the diagnostics say. */
function outcome(what: Case): string {
  const desired = nextDesired(nothingDesired, { changed: [appOf(what)], removed: [] }, aContext());
  const [service] = desired.services.values();
  if (service === undefined) return 'rejected';
  const { text: frame, servers } = render(service);
  const method = /option httpchk (.*)/.exec(String(frame))?.[1];
  const timeout = /timeout check (.*)/.exec(String(frame))?.[1];
  const options = /id \d+ ?(.*)/.exec(String(servers))?.[1] ?? '';
  const told = [...desired.apps.values()].flatMap(({ diagnostics }) => diagnostics.map(({ code }) => code));
  return [service.definition.mode, method, timeout, options, ...told]
    .filter((it) => it !== undefined && it !== '')
    .join(' | ');
}

const http = {
  protocol: 'HTTP',
  path: '/health',
  portIndex: 0,
  intervalSeconds: 5,
  timeoutSeconds: 3,
  maxConsecutiveFailures: 2,
};
const with_ = (parts: Record<string, unknown>) => ({ ...http, ...parts });
const vhost = { HAPROXY_0_VHOST: 'a.example' };
const tcp = { HAPROXY_0_MODE: 'tcp' };
const inter = 'check inter 5s fall 3';

describe('the protocol of the check and the mode of the service', () => {
  test.each<[string, Case, string]>([
    ['none', { checks: [] }, 'tcp'],
    ['none, with a vhost', { checks: [], labels: vhost }, 'http'],
    ['HTTP makes the service http', { checks: [http] }, `http | GET /health | 3s | ${inter}`],
    [
      'MESOS_HTTP is as HTTP',
      { checks: [with_({ protocol: 'MESOS_HTTP' })] },
      `http | GET /health | 3s | ${inter}`,
    ],
    [
      'HTTPS is checked over TLS',
      { checks: [with_({ protocol: 'HTTPS' })] },
      `http | GET /health | 3s | ${inter} check-ssl verify none`,
    ],
    [
      'MESOS_HTTPS is as HTTPS',
      { checks: [with_({ protocol: 'MESOS_HTTPS' })] },
      `http | GET /health | 3s | ${inter} check-ssl verify none`,
    ],
    ['TCP', { checks: [with_({ protocol: 'TCP' })] }, `tcp | 3s | ${inter}`],
    ['TCP, with a vhost', { checks: [with_({ protocol: 'TCP' })], labels: vhost }, `http | 3s | ${inter}`],
    ['MESOS_TCP is as TCP', { checks: [with_({ protocol: 'MESOS_TCP' })] }, `tcp | 3s | ${inter}`],
    [
      'COMMAND cannot be run from here, so the connection is checked',
      { checks: [with_({ protocol: 'COMMAND', command: { value: 'true' } })] },
      `tcp | 3s | ${inter}`,
    ],
    [
      'COMMAND, with a vhost',
      { checks: [with_({ protocol: 'COMMAND' })], labels: vhost },
      `http | 3s | ${inter}`,
    ],
    [
      'HTTP in tcp mode is a connection, and it is said',
      { checks: [http], labels: tcp },
      `tcp | 3s | ${inter} | CHECK_REDUCED`,
    ],
    [
      'HTTPS in tcp mode as well',
      { checks: [with_({ protocol: 'HTTPS' })], labels: tcp },
      `tcp | 3s | ${inter} | CHECK_REDUCED`,
    ],
    ['without a protocol it is HTTP', { checks: [{}] }, 'http | GET / | 20s | check inter 60s fall 4'],
    ['of a protocol that is none: no check', { checks: [with_({ protocol: 'PIGEON' })] }, 'tcp'],
  ])('%s', (_, what, expected) => {
    expect(outcome(what)).toBe(expected);
  });
});

describe('times and numbers', () => {
  test.each<[string, Partial<HealthCheck>, string]>([
    [
      'a server is down after one failure more than Marathon takes',
      { maxConsecutiveFailures: 0 },
      'http | GET /health | 3s | check inter 5s fall 1',
    ],
    ['no interval is a second', { intervalSeconds: 0 }, 'http | GET /health | 3s | check inter 1s fall 3'],
    ['no timeout is a second', { timeoutSeconds: 0 }, `http | GET /health | 1s | ${inter}`],
  ])('%s', (_, parts, expected) => {
    expect(outcome({ checks: [with_(parts)] })).toBe(expected);
  });
});

describe('the port that is checked', () => {
  const other = { HAPROXY_0_BACKEND_HEALTHCHECK_PORT_INDEX: '1' };
  test.each<[string, Case, string]>([
    ['a check of another port is none of this one', { checks: [with_({ portIndex: 1 })] }, 'tcp'],
    [
      'a check without index and port is about the first port',
      { checks: [{ protocol: 'HTTP', path: '/x' }] },
      'http | GET /x | 20s | check inter 60s fall 4',
    ],
    [
      'a fixed port is every service’s',
      { checks: [with_({ portIndex: undefined, port: 9000 })] },
      `http | GET /health | 3s | ${inter} port 9000`,
    ],
    ['port 0 is no port', { checks: [with_({ port: 0 })] }, `http | GET /health | 3s | ${inter}`],
    [
      'the label has the other port checked, with that port’s check',
      { checks: [with_({ portIndex: 1, path: '/admin' })], labels: other },
      `http | GET /admin | 3s | ${inter} port 31002`,
    ],
    [
      '… or with the own one where that port has none',
      { checks: [http], labels: other },
      `http | GET /health | 3s | ${inter} port 31002`,
    ],
    [
      '… and of the right address, with an address for each task',
      { checks: [http], labels: other, network: 'container' },
      `http | GET /health | 3s | ${inter} port 8081`,
    ],
    [
      'a label with the own index changes nothing',
      { checks: [http], labels: { HAPROXY_0_BACKEND_HEALTHCHECK_PORT_INDEX: '0' } },
      `http | GET /health | 3s | ${inter}`,
    ],
    [
      'a label out of range is the own port, and it is said',
      { checks: [http], labels: { HAPROXY_0_BACKEND_HEALTHCHECK_PORT_INDEX: '7' } },
      `http | GET /health | 3s | ${inter} | LABEL_NO_PORT`,
    ],
    [
      'a port that Mesos checks inside a container is the host port behind it',
      { checks: [with_({ protocol: 'MESOS_HTTP', port: 8081 })], network: 'container/bridge' },
      `http | GET /health | 3s | ${inter} port 31002`,
    ],
    [
      '… the own port where it is that',
      { checks: [with_({ protocol: 'MESOS_HTTP', port: 8080 })], network: 'container/bridge' },
      `http | GET /health | 3s | ${inter}`,
    ],
    [
      '… and a connection to the own port where none is, and it is said',
      { checks: [with_({ protocol: 'MESOS_HTTP', port: 9 })], network: 'container/bridge' },
      `tcp | 3s | ${inter} | CHECK_REDUCED`,
    ],
    [
      'of several checks of a port the first counts, and it is said',
      { checks: [with_({ protocol: 'TCP' }), http] },
      `tcp | 3s | ${inter} | CHECK_REDUCED`,
    ],
    [
      'a command beside another check is Marathon’s alone',
      { checks: [with_({ protocol: 'COMMAND' }), http] },
      `http | GET /health | 3s | ${inter}`,
    ],
  ])('%s', (_, what, expected) => {
    expect(outcome(what)).toBe(expected);
  });
});
