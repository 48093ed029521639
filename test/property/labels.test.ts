/** For any apps with any labels: HAProxy accepts the configuration, and what is left out is what was said. */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PortLabelName } from '../../src/core/labels/table.ts';
import { certificates, checkRendering, renderCase } from '../support/render.ts';

let pems: Awaited<ReturnType<typeof certificates>>;
beforeAll(async () => {
  pems = await certificates(['default.pem', 'app.pem']);
});
afterAll(() => {
  pems.remove();
});

/** Values that are right, that are wrong, and that mean to be something else. */
const hostile = [
  '',
  ' ',
  "'",
  '"',
  '%',
  '%[src]',
  '#',
  '\\',
  '{',
  'a b',
  'x\nglobal',
  '$HOME',
  'é',
  '-1',
  '0',
  '/',
  '*',
  ',',
];
const values: Readonly<Record<Exclude<PortLabelName, 'GROUP'>, readonly string[]>> = {
  ENABLED: ['true', 'false'],
  VHOST: ['a.example', 'a.example,b.example', '*.c.example', '*.c.example,d.example', '-.example'],
  PATH: ['/', '/x', '/x /y/z', '-i /X', '/%41', 'x'],
  PATH_TYPE: ['begin', 'prefix', 'exact', 'regex'],
  BACKEND_WEIGHT: ['0', '7', '-3', 'heavy'],
  PORT: ['11000', '11001', '80', '70000'],
  BIND_ADDR: ['127.0.0.1', '::1', '*', '[::1]', 'localhost'],
  BIND_OPTIONS: [
    'accept-proxy',
    'ssl crt /certificates/app.pem',
    'tfo name x',
    'level admin',
    'ssl',
    'maxconn 10',
    'ca-file /certificates/app.pem verify required',
    'ssl crt /certificates/app.pem ssl-min-ver TLSv1.3 alpn http/1.1 nice 5',
    'crt x',
  ],
  SSL_CERT: ['/certificates/app.pem', 'app.pem', '/../x'],
  MODE: ['http', 'tcp', 'udp'],
  BALANCE: [
    'roundrobin',
    'source',
    'uri whole',
    'hdr(X-User)',
    'leastconn',
    'random(2)',
    'url_param',
    'rdp-cookie(x)',
  ],
  STICKY: ['true', 'no'],
  REDIRECT_TO_HTTPS: ['true', 'false'],
  USE_HSTS: ['true'],
  AUTH: ['realm:user:$6$salt$hash', "it's:a%b:hash", 'realm:user', 'a:b:c:d'],
  AUTH_SCOPE: ['host', 'service', 'app'],
  HTTP_BACKEND_PROXYPASS_PATH: ['/x', '/', '/a.b*(c)', '/%41/+$', 'x'],
  HTTP_BACKEND_REVPROXY_PATH: ['/x', '/', '/100%25/', "/it's"],
  HTTP_BACKEND_REDIR: ['/x', '/x?a=%20b#c', 'https://elsewhere.example/'],
  BACKEND_NETWORK_ALLOWED_ACL: ['10.0.0.0/8', '10.0.0.1 2001:db8::/32', '10.0.0.0/33', 'everyone'],
  BACKEND_HEALTHCHECK_PORT_INDEX: ['0', '1', '9'],
};

/** Whether a path is a file is known only on the machine: the daemon finds that out before the check. */
const isFolder = (name: string, value: string): boolean => name === 'SSL_CERT' && value === '/';

const labelsOf = (index: number) =>
  fc
    .record(
      Object.fromEntries(
        Object.entries(values).map(([name, some]) => [
          name,
          fc.oneof(
            { weight: 9, arbitrary: fc.constantFrom(...some) },
            { weight: 1, arbitrary: fc.constantFrom(...hostile.filter((value) => !isFolder(name, value))) },
          ),
        ]),
      ),
      { requiredKeys: [] },
    )
    // Few at a time, so that services with a wrong one are not nearly all.
    .chain((all) =>
      fc.shuffledSubarray(Object.entries(all), { maxLength: Math.min(5, Object.keys(all).length) }),
    )
    .map((some) => Object.fromEntries(some.map(([name, value]) => [`HAPROXY_${index}_${name}`, value])));

const groupLabels = fc.record(
  {
    HAPROXY_DEPLOYMENT_GROUP: fc.constantFrom('g', '/g', 'h/i', 'a b'),
    HAPROXY_DEPLOYMENT_STARTED_AT: fc.constantFrom('2026-01-01T10:00:00', '2026-01-02', 'soon'),
    HAPROXY_DEPLOYMENT_ALT_PORT: fc.constantFrom('10001', '10002'),
  },
  { requiredKeys: [] },
);

const check = fc.record({
  protocol: fc.constantFrom('HTTP', 'HTTPS', 'TCP', 'COMMAND', 'MESOS_HTTP', 'MESOS_TCP'),
  path: fc.constantFrom('/', '/health?a=b c', "/it's", '/%', '/#'),
  portIndex: fc.constantFrom(0, 1),
  timeoutSeconds: fc.nat(3),
  intervalSeconds: fc.nat(3),
});

const app = fc
  .record({
    first: labelsOf(0),
    second: labelsOf(1),
    group: fc.oneof({ weight: 3, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: groupLabels }),
    checks: fc.array(check, { maxLength: 2 }),
    tasks: fc.nat(3),
  })
  .map(({ first, second, group, checks, tasks }) => (n: number) => ({
    id: `/app-${n}`,
    instances: tasks,
    labels: { HAPROXY_GROUP: 'external', ...first, ...second, ...group },
    networks: [{ mode: 'host' }],
    portDefinitions: [{ port: 10001 + 2 * n }, { port: 10002 + 2 * n }],
    healthChecks: checks,
    tasks: Array.from({ length: tasks }, (_, t) => ({
      ...{
        id: `app-${n}.${t}`,
        host: `10.0.${n}.${t + 1}`,
        ports: [31000 + t, 32000 + t],
        state: 'TASK_RUNNING',
      },
    })),
  }));

/** The service is served, and another one has what it asks for beside. */
const onlyItsRoutes = new Set(['ROUTE_CONFLICT', 'TLS_CONFLICT']);

test('HAProxy accepts what is made of them without a warning, and what has an error is exactly what is left out', () => {
  fc.assert(
    fc.property(
      fc.array(app, { minLength: 1, maxLength: 6 }),
      fc.boolean(),
      fc.boolean(),
      (made, behindProxy, groupHttpsByVhost) => {
        const apps = made.map((make, n) => make(n));
        const golden = {
          about: '',
          apps,
          settings: { groupHttpsByVhost, ...(behindProxy ? { trustedProxies: ['10.0.0.0/8'] } : {}) },
        };
        const { rendering, found, served } = renderCase(golden);
        expect(checkRendering(rendering, pems.directory)).toBe('');
        const errors = found.filter(({ severity, code }) => severity === 'error' && !onlyItsRoutes.has(code));
        for (const { id, labels } of apps) {
          // In a group the older app decides.
          if ('HAPROXY_DEPLOYMENT_GROUP' in labels) continue;
          for (const index of [0, 1]) {
            const hidden = labels[`HAPROXY_${index}_ENABLED` as keyof typeof labels];
            const enabled = hidden === undefined || /^(?:true|t|yes|y)$/i.test(hidden.trim());
            if (!enabled) continue;
            const wrong = errors.filter(
              ({ appId, portIndex }) => appId === id && (portIndex ?? index) === index,
            );
            const isServed = served.has(`${id} ${index}`);
            expect({ id, index, isServed, wrong }).toEqual({
              ...{ id, index, isServed: wrong.length === 0 },
              wrong: isServed ? [] : wrong,
            });
          }
        }
      },
    ),
    { seed: 20_262, numRuns: 120, endOnFailure: true },
  );
}, 180_000);
