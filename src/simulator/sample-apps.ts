/** The apps of the demo: small, with all kinds of networks, and each with something to look at. */
import type { Json } from './definitions/json.ts';

/**
 * `openssl passwd -6 -salt pacerdemo pacer`: the console's user is `admin`, the password `pacer`. It guards
 * nothing but a sample.
 */
const consolePassword =
  '$6$pacerdemo$Vh7Vf.8UgQDQYEUGO51s8iicuxNDSKfTi0HPw.XGDCxVJh.N.K7K1fZ7.rT65MRJcwSVMoA4Id2mx.4Obrlzc/';

const soon = { gracePeriodSeconds: 10, intervalSeconds: 1, timeoutSeconds: 1, maxConsecutiveFailures: 3 };
const httpCheck = { ...soon, protocol: 'HTTP', path: '/health', portIndex: 0 };
const tcpCheck = { ...soon, protocol: 'TCP', portIndex: 0 };

const image = { type: 'DOCKER', docker: { image: 'pacer/sample' } };
const bridge = [{ mode: 'container/bridge' }];

export type SampleApp = Json & { readonly id: string };

export function sampleApps(): SampleApp[] {
  return [
    app('/shop/web', {
      instances: 2,
      labels: { HAPROXY_0_VHOST: 'shop.localhost' },
      networks: bridge,
      container: { ...image, portMappings: [{ containerPort: 8080, hostPort: 0, name: 'http' }] },
    }),
    app('/shop/api', {
      instances: 3,
      labels: { HAPROXY_0_VHOST: 'shop.localhost', HAPROXY_0_PATH: '/api' },
      networks: bridge,
      container: { ...image, portMappings: [{ containerPort: 8080, hostPort: 0, name: 'http' }] },
    }),
    app('/account/session', {
      instances: 2,
      labels: { HAPROXY_0_VHOST: 'account.localhost', HAPROXY_0_STICKY: 'true' },
      networks: [{ mode: 'container', name: 'overlay' }],
      // No host port: each task is reached at an address of its own.
      container: { ...image, portMappings: [{ containerPort: 8080, name: 'http' }] },
    }),
    app('/admin/console', {
      labels: { HAPROXY_0_VHOST: 'admin.localhost', HAPROXY_0_AUTH: `Console:admin:${consolePassword}` },
      cmd: './console --port $PORT0',
      networks: [{ mode: 'host' }],
      portDefinitions: [{ port: 0, name: 'http' }],
    }),
    app('/secure/site', {
      labels: { HAPROXY_0_VHOST: 'secure.localhost', HAPROXY_0_REDIRECT_TO_HTTPS: 'true' },
      networks: bridge,
      container: { ...image, portMappings: [{ containerPort: 8080, hostPort: 0, name: 'http' }] },
    }),
    app('/infra/echo', {
      labels: { HAPROXY_0_MODE: 'tcp' },
      env: { SAMPLE: 'tcp-echo' },
      cmd: './echo --port $PORT0',
      networks: [{ mode: 'host' }],
      portDefinitions: [{ port: 0, name: 'echo' }],
      healthChecks: [tcpCheck],
    }),
  ];
}

function app(id: string, parts: Json & { labels: Record<string, string> }): SampleApp {
  return {
    id,
    instances: 1,
    cpus: 0.1,
    mem: 32,
    healthChecks: [httpCheck],
    ...parts,
    labels: { HAPROXY_GROUP: 'external', ...parts.labels },
  };
}
