/** One instance of a pod, decoded: a task for each container, with the endpoints it answers on. */
import { asInstanceId, asTaskId, type AppId } from '../../core/model/ids.ts';
import type { Task, TaskAddress } from '../../core/model/model.ts';
import { taskStateOf } from '../decode/task-state.ts';
import type { RawContainerStatus, RawPod, RawPodEndpoint, RawPodInstance } from './raw-pod.ts';

/** An endpoint, by the index of its port. */
export interface PodPort {
  readonly container: string;
  readonly endpoint: string;
}

/** While not all containers run, none of them gets traffic. */
const starting = new Set(['PENDING', 'STAGING']);

/** `spec`: the definition of the version the instance was launched with. */
export function decodeInstance(
  instance: RawPodInstance,
  appId: AppId,
  ports: readonly PodPort[],
  spec: RawPod,
): Task[] {
  if (instance.status === 'TERMINAL') return [];
  const alive = healthOf(instance, spec);
  return (instance.containers ?? []).flatMap((container): Task[] => {
    // [marathon] the id of the task, only while it is active
    const { containerId } = container;
    const told = taskStateOf(container.status);
    if (containerId == null || told === undefined) return [];
    const state = told === 'TASK_RUNNING' && starting.has(instance.status) ? 'TASK_STARTING' : told;
    const endpoints = ports.map((port) =>
      port.container === container.name ? addressOf(port.endpoint, container, instance, spec) : null,
    );
    return [
      {
        id: asTaskId(containerId),
        instanceId: asInstanceId(instance.id),
        appId,
        state,
        host: instance.agentHostname ?? '',
        ports: (container.endpoints ?? []).flatMap(({ allocatedHostPort }) => allocatedHostPort ?? []),
        ipAddresses: (instance.networks ?? []).flatMap(({ addresses }) => addresses ?? []),
        version: versionOf(instance) ?? '',
        alive,
        aliveIsAggregate: true,
        awaitsReadiness: false,
        leaving: state === 'TASK_KILLING',
        endpoints,
      },
    ];
  });
}

/** [marathon] `/v2/pods/<id>::versions/<version>` */
export function versionOf({ specReference }: RawPodInstance): string | undefined {
  return /::versions\/(.+)$/.exec(specReference ?? '')?.[1];
}

/** The agent's port if one is allocated, as Marathon itself prefers; otherwise the container's own address and port. */
function addressOf(
  name: string,
  status: RawContainerStatus,
  instance: RawPodInstance,
  spec: RawPod,
): TaskAddress | null {
  const hostPort = status.endpoints?.find((endpoint) => endpoint.name === name)?.allocatedHostPort;
  const { agentHostname: host } = instance;
  if (hostPort != null) return host == null || !isPort(hostPort) ? null : { host, port: hostPort };
  const own = spec.containers.find((container) => container.name === status.name);
  const endpoint = own?.endpoints?.find((candidate) => candidate.name === name);
  const address = endpoint === undefined ? undefined : containerAddress(endpoint, instance, spec);
  const port = endpoint?.containerPort ?? 0;
  return address === undefined || !isPort(port) ? null : { host: address, port };
}

function containerAddress(
  endpoint: RawPodEndpoint,
  instance: RawPodInstance,
  spec: RawPod,
): string | undefined {
  // The address behind a bridge is reachable only on the agent.
  if (!(spec.networks ?? []).some(({ mode }) => (mode ?? 'container') === 'container')) return undefined;
  const networks = instance.networks ?? [];
  const wanted = endpoint.networkNames?.[0];
  const network = wanted === undefined ? networks[0] : networks.find(({ name }) => name === wanted);
  return network?.addresses?.[0];
}

const isPort = (port: number): boolean => port > 0 && port <= 65535;

/** One result for all checks of the instance: its containers live and die together. */
function healthOf(instance: RawPodInstance, spec: RawPod): boolean[] {
  const checked = spec.containers.filter(({ healthCheck }) => healthCheck != null).map(({ name }) => name);
  const answers = checked.map((name) => {
    const status = (instance.containers ?? []).find((container) => container.name === name);
    return status === undefined ? undefined : isHealthy(status);
  });
  if (answers.includes(false)) return [false];
  return answers.length === 0 || answers.includes(undefined) ? [] : [true];
}

/** [marathon] PodStatusConversion reports "false" for a check without a result; here that is unknown. */
function isHealthy({ conditions, endpoints }: RawContainerStatus): boolean | undefined {
  const condition = conditions?.find(({ name }) => name === 'healthy');
  if (condition?.reason === 'health-unreported-by-mesos') return undefined;
  if (condition !== undefined) return condition.value === 'true';
  return endpoints?.find(({ healthy }) => healthy != null)?.healthy ?? undefined;
}
