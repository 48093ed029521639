/** Apps for tests: as short as what the test is about, the rest filled in. */
import { asAppId, asInstanceId, asTaskId } from '../../src/core/model/ids.ts';
import type { App, HealthCheck, PortMapping, Task } from '../../src/core/model/model.ts';

export function anApp(
  id: string,
  parts: Partial<Omit<App, 'id' | 'tasks'>> & { tasks?: readonly Task[] } = {},
): App {
  return {
    id: asAppId(id),
    kind: 'app',
    version: '2026-01-01T00:00:00.000Z',
    labels: { HAPROXY_GROUP: 'external' },
    instances: parts.tasks?.length ?? 0,
    networkMode: 'host',
    ports: [aPort(10001)],
    healthChecks: [],
    hasReadinessChecks: false,
    deployments: [],
    tasks: [],
    ...parts,
  };
}

export function aPort(servicePort: number | undefined, parts: Partial<PortMapping> = {}): PortMapping {
  return {
    containerPort: undefined,
    hasHostPort: true,
    servicePort,
    protocol: 'tcp',
    name: undefined,
    ...parts,
  };
}

export function aTask(app: string, n: number, parts: Partial<Task> = {}): Task {
  const instance = `${app.slice(1).replaceAll('/', '_')}.instance-${n}`;
  return {
    id: asTaskId(`${instance}._app.1`),
    instanceId: asInstanceId(instance),
    appId: asAppId(app),
    state: 'TASK_RUNNING',
    host: `10.0.0.${n}`,
    ports: [31000 + n],
    ipAddresses: [],
    version: '',
    alive: [],
    aliveIsAggregate: false,
    awaitsReadiness: false,
    leaving: false,
    ...parts,
  };
}

export function aCheck(parts: Partial<HealthCheck> = {}): HealthCheck {
  return {
    protocol: 'HTTP',
    path: '/health',
    portIndex: 0,
    port: undefined,
    intervalSeconds: 5,
    timeoutSeconds: 2,
    gracePeriodSeconds: 10,
    maxConsecutiveFailures: 3,
    ...parts,
  };
}
