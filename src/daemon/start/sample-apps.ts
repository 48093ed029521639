/** Sample services that together use every template, to test the operator's templates. */
import { asAppId, asInstanceId, asTaskId } from '../../core/model/ids.ts';
import type { App } from '../../core/model/model.ts';

const every = {
  HAPROXY_0_STICKY: 'true',
  HAPROXY_0_USE_HSTS: 'true',
  HAPROXY_0_AUTH: 'realm:user:$6$salt$hash',
  HAPROXY_0_HTTP_BACKEND_PROXYPASS_PATH: '/a',
  HAPROXY_0_HTTP_BACKEND_REVPROXY_PATH: '/a',
  HAPROXY_0_HTTP_BACKEND_REDIR: '/a',
  HAPROXY_0_BACKEND_NETWORK_ALLOWED_ACL: '192.0.2.0/24',
};

/** The samples. Each covers other fragments. */
export const sampleApps: readonly App[] = [
  sample(1, { HAPROXY_0_VHOST: 'one.example' }, 'HTTP'),
  sample(2, { ...every, HAPROXY_0_VHOST: 'two.example' }, 'HTTP'),
  sample(3, { HAPROXY_0_VHOST: 'three.example', HAPROXY_0_PATH: '/a' }, 'HTTP'),
  sample(4, { ...every, HAPROXY_0_VHOST: 'four.example', HAPROXY_0_PATH: '/a' }, 'HTTP'),
  sample(5, { HAPROXY_0_VHOST: 'five.example,5.example' }, 'TCP'),
  sample(6, { ...every, HAPROXY_0_VHOST: 'six.example,6.example', HAPROXY_0_PATH: '/a' }, 'HTTP'),
  sample(7, { HAPROXY_0_VHOST: 'seven.example,7.example', HAPROXY_0_PATH: '/a' }, 'HTTP'),
  sample(8, { HAPROXY_0_VHOST: 'eight.example', HAPROXY_0_REDIRECT_TO_HTTPS: 'true' }, 'HTTP'),
  sample(
    9,
    { HAPROXY_0_VHOST: 'nine.example', HAPROXY_0_REDIRECT_TO_HTTPS: 'true', HAPROXY_0_PATH: '/a' },
    'HTTP',
  ),
  sample(10, { HAPROXY_0_MODE: 'tcp', HAPROXY_0_BACKEND_NETWORK_ALLOWED_ACL: '192.0.2.0/24' }, 'TCP'),
];

function sample(n: number, labels: Readonly<Record<string, string>>, protocol: 'HTTP' | 'TCP'): App {
  const id = asAppId(`/sample-${n}`);
  return {
    ...{ id, labels, kind: 'app', version: '', instances: 1, networkMode: 'host', deployments: [] },
    hasReadinessChecks: false,
    ports: [
      {
        ...{ containerPort: undefined, hasHostPort: true, servicePort: 50_000 + n },
        ...{ protocol: 'tcp', name: undefined },
      },
    ],
    healthChecks: [
      {
        ...{ protocol, path: '/health', portIndex: 0, port: undefined },
        ...{ intervalSeconds: 5, timeoutSeconds: 2, gracePeriodSeconds: 5, maxConsecutiveFailures: 3 },
      },
    ],
    tasks: [
      {
        ...{ id: asTaskId(`sample-${n}.1`), instanceId: asInstanceId(`sample-${n}.1`), appId: id },
        ...{ state: 'TASK_RUNNING', host: '192.0.2.1', ports: [31_000], ipAddresses: [], version: '' },
        ...{ alive: [true], aliveIsAggregate: false, leaving: false, awaitsReadiness: false },
      },
    ],
  };
}
