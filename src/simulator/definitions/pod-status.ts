/** The status of a pod, as GET /v2/pods/{id}::status writes it. */
import type { Instance, TaskRecord } from '../cluster/instance.ts';
import { compact, type Json } from './json.ts';
import type { RunSpec } from './spec.ts';
import type { World } from '../cluster/world.ts';

export function podStatus(world: World, spec: RunSpec): Json {
  // [marathon] Instances that wait for an offer are left out.
  const instances = world.registry.instancesOf(spec.id).filter(({ agent }) => agent !== undefined);
  const stable = instances.filter((one) => statusOf(one) === 'STABLE').length;
  const since =
    instances
      .map((one) => one.since)
      .sort()
      .at(-1) ?? spec.version;
  return {
    id: spec.id,
    spec: spec.definition,
    status: world.registry.specs.has(spec.id)
      ? stable >= spec.instances
        ? 'STABLE'
        : 'DEGRADED'
      : 'TERMINAL',
    statusSince: since,
    instances: instances.map(instanceStatus),
    terminationHistory: [],
    lastUpdated: since,
    lastChanged: since,
  };
}

function statusOf(instance: Instance): string {
  switch (instance.condition) {
    case 'Scheduled':
      return 'PENDING';
    case 'Created':
    case 'Provisioned':
    case 'Starting':
      return 'STAGING';
    case 'Running':
      return instance.healthy === false ? 'DEGRADED' : 'STABLE';
    case 'Killing':
    case 'Unreachable':
      return 'DEGRADED';
    default:
      return 'TERMINAL';
  }
}

function instanceStatus(instance: Instance): Json {
  const { spec, agent, since } = instance;
  const addresses = instance.tasks[0]?.ipAddresses ?? [];
  return compact({
    id: instance.id,
    status: statusOf(instance),
    statusSince: since,
    agentHostname: agent?.host,
    agentId: agent?.id,
    agentRegion: 'local',
    agentZone: 'loopback',
    resources: { cpus: 0.1, mem: 32, disk: 0, gpus: 0 },
    networks: addresses.length > 0 ? [compact({ name: spec.networkName, addresses })] : [],
    containers: instance.tasks.map((task) => containerStatus(instance, task)),
    specReference: `/v2/pods${spec.id}::versions/${spec.version}`,
    localVolumes: [],
    lastUpdated: since,
    lastChanged: since,
    role: '*',
  });
}

function containerStatus(instance: Instance, task: TaskRecord): Json {
  const active = instance.condition === 'Running' || instance.condition === 'Starting';
  const { since } = instance;
  return compact({
    name: task.container.name,
    status: task.state,
    statusSince: since,
    containerId: active ? task.id : undefined,
    endpoints: active ? endpoints(task) : [],
    conditions: conditions(instance, task),
    resources: { cpus: 0.1, mem: 32, disk: 0, gpus: 0 },
    lastUpdated: since,
    lastChanged: since,
  });
}

/** [marathon] `healthy` only on the endpoint that the container's check names, once it has been reported. */
function endpoints(task: TaskRecord): readonly Json[] {
  const [check] = task.container.checks;
  const hostPorts = [...task.ports];
  return task.container.ports.map((port, index) =>
    compact({
      name: port.name,
      allocatedHostPort: port.hostPort === undefined ? undefined : hostPorts.shift(),
      healthy: check?.kind !== 'command' && check?.portIndex === index ? task.results[0]?.alive : undefined,
    }),
  );
}

function conditions(instance: Instance, task: TaskRecord): readonly Json[] {
  if (instance.condition !== 'Running' || task.container.checks.length === 0) return [];
  const result = task.results[0];
  const times = { lastChanged: instance.since, lastUpdated: instance.since };
  return [
    {
      name: 'healthy',
      value: String(result?.alive ?? false),
      reason: result ? 'health-reported-by-mesos' : 'health-unreported-by-mesos',
      ...times,
    },
  ];
}
