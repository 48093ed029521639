/** Converts a pod's status to an `App`, so that the other parts of Pacer need not know pods. */
import type { Diagnostic } from '../../core/model/diagnostic.ts';
import { asAppId, byCodePoint, type AppId } from '../../core/model/ids.ts';
import type { App, HealthCheck, NetworkMode, PortMapping, Task } from '../../core/model/model.ts';
import { limitApp, type LimitedApp } from '../decode/limit-app.ts';
import { describeIssues } from '../decode/raw.ts';
import { decodeInstance, versionOf, type PodPort } from './decode-instance.ts';
import { podLabels } from './pod-labels.ts';
import {
  rawPodInstance,
  rawPodStatus,
  type RawPod,
  type RawPodContainer,
  type RawPodInstance,
} from './raw-pod.ts';

/** A pod's definition and its instances. */
export interface PodStatus {
  readonly id: AppId;
  readonly spec: RawPod;
  readonly instances: readonly RawPodInstance[];
  readonly diagnostics: readonly Diagnostic[];
}

/** A pod that could not be read. */
export interface MalformedPod {
  /** Undefined if it has none. */
  readonly id: AppId | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/** Reads an answer of `/v2/pods/{id}::status`. `place` names the pod in messages if it has no id. */
export function readPodStatus(json: unknown, place: string): PodStatus | MalformedPod {
  const parsed = rawPodStatus.safeParse(json);
  if (!parsed.success) {
    const id = idIn(json);
    const reason = `Marathon's status of the pod is malformed (${describeIssues(parsed.error)})`;
    return { id, diagnostics: [diagnostic(id ?? (place as AppId), 'error', reason)] };
  }
  const id = asAppId(parsed.data.id);
  const diagnostics: Diagnostic[] = [];
  const instances = (parsed.data.instances ?? []).flatMap((instance) => {
    const read = rawPodInstance.safeParse(instance);
    if (read.success) return [read.data];
    const reason = `an instance is malformed (${describeIssues(read.error)}) and ignored`;
    diagnostics.push(diagnostic(id, 'warning', reason));
    return [];
  });
  return { id, spec: parsed.data.spec, instances, diagnostics };
}

/** The versions of the definition that instances run and that the status does not contain. */
export function missingVersions({ spec, instances }: PodStatus): string[] {
  const versions = instances.flatMap((instance) => versionOf(instance) ?? []);
  return [...new Set(versions)].filter((version) => version !== spec.version);
}

/** `specOf` returns a version of the definition; undefined: the latest one is used instead. */
export function podApp(
  { id, spec, instances, diagnostics }: PodStatus,
  specOf: (version: string) => RawPod | undefined,
): LimitedApp {
  const ports = spec.containers.flatMap(({ name: container, endpoints }) =>
    (endpoints ?? []).map(({ name: endpoint }): PodPort => ({ container, endpoint })),
  );
  const own = (instance: RawPodInstance) => {
    const version = versionOf(instance);
    return version === undefined || version === spec.version ? spec : (specOf(version) ?? spec);
  };
  const tasks: Task[] = instances.flatMap((instance) => decodeInstance(instance, id, ports, own(instance)));
  const read = podLabels(spec);
  const app: App = {
    id,
    kind: 'pod',
    version: spec.version ?? '',
    labels: read.labels,
    instances: spec.scaling?.instances ?? 1,
    networkMode: networkModeOf(spec),
    ports: spec.containers.flatMap(portsOf),
    healthChecks: spec.containers.flatMap((container) => checkOf(container, ports)),
    hasReadinessChecks: false,
    deployments: [],
    tasks: tasks.sort((a, b) => byCodePoint(a.id, b.id)),
  };
  return limitApp(app, [...diagnostics, ...read.diagnostics]);
}

function networkModeOf({ networks }: RawPod): NetworkMode {
  const [network] = networks ?? [];
  if (network === undefined) return 'host';
  const mode = network.mode ?? 'container';
  return mode === 'host' ? 'host' : mode === 'container/bridge' ? 'bridge' : 'container';
}

function portsOf({ endpoints }: RawPodContainer): PortMapping[] {
  return (endpoints ?? []).map(({ name, containerPort, hostPort, protocol }) => {
    const names = protocol == null || protocol.length === 0 ? ['tcp'] : protocol;
    return {
      containerPort: containerPort ?? undefined,
      hasHostPort: hostPort != null,
      // [marathon] pods have none
      servicePort: undefined,
      protocol: !names.includes('udp') ? 'tcp' : names.includes('tcp') ? 'udp,tcp' : 'udp',
      name,
    };
  });
}

/** [marathon] the defaults of types/healthCheck.raml */
function checkOf({ name, healthCheck: check }: RawPodContainer, ports: readonly PodPort[]): HealthCheck[] {
  if (check == null) return [];
  const watched = check.http?.endpoint ?? check.tcp?.endpoint;
  const index = ports.findIndex(({ container, endpoint }) => container === name && endpoint === watched);
  const isHttp = check.http != null;
  return [
    {
      protocol: isHttp
        ? check.http?.scheme === 'HTTPS'
          ? 'HTTPS'
          : 'HTTP'
        : check.tcp != null
          ? 'TCP'
          : 'COMMAND',
      path: check.http?.path ?? '/',
      portIndex: index < 0 ? undefined : index,
      port: undefined,
      intervalSeconds: check.intervalSeconds ?? 60,
      timeoutSeconds: check.timeoutSeconds ?? 20,
      gracePeriodSeconds: check.gracePeriodSeconds ?? 300,
      maxConsecutiveFailures: check.maxConsecutiveFailures ?? 3,
    },
  ];
}

function diagnostic(appId: AppId, severity: 'error' | 'warning', reason: string): Diagnostic {
  const remedy = 'check the pod in Marathon: GET /v2/pods/::status';
  return { code: 'DEFINITION_MALFORMED', severity, appId, reason, remedy };
}

function idIn(json: unknown): AppId | undefined {
  if (typeof json !== 'object' || json === null || !('id' in json)) return undefined;
  return typeof json.id === 'string' && json.id !== '' ? asAppId(json.id) : undefined;
}
