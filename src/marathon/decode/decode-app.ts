/** One app of an answer: raw JSON in, the core's `App` out, with a diagnostic for whatever was not usable. */
import { hasUnprintable } from '../../core/model/config-token.ts';
import type { Diagnostic } from '../../core/model/diagnostic.ts';
import { asAppId, byCodePoint, type AppId } from '../../core/model/ids.ts';
import type { App, HealthCheck, HealthCheckProtocol, Task } from '../../core/model/model.ts';
import { networkModeOf, portsOf } from './decode-ports.ts';
import { at, decodeTask } from './decode-task.ts';
import { limitApp } from './limit-app.ts';
import { withReadiness } from './readiness.ts';
import { describeIssues, rawApp, rawHealthCheck } from './raw.ts';

export interface DecodedApp {
  /** The id even of an app that could not be decoded, where it has one. */
  readonly id: AppId | undefined;
  readonly app: App | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

const askMarathon = 'look at the app with Marathon: GET /v2/apps';

/** `place` names the app where it has no id: `apps[3]`. */
export function decodeApp(json: unknown, place: string): DecodedApp {
  const parsed = rawApp.safeParse(json);
  if (!parsed.success) {
    const id = idOf(json);
    const reason = `Marathon's definition is malformed (${describeIssues(parsed.error)})`;
    const appId = id ?? (place as AppId);
    return {
      id,
      app: undefined,
      diagnostics: [{ code: 'DEFINITION_MALFORMED', severity: 'error', appId, reason, remedy: askMarathon }],
    };
  }
  const raw = parsed.data;
  const id = asAppId(raw.id);
  const diagnostics: Diagnostic[] = [];
  const warn = (reason: string, remedy: string, label?: string) =>
    diagnostics.push({
      code: 'DEFINITION_MALFORMED',
      severity: 'warning',
      appId: id,
      reason,
      remedy,
      ...(label !== undefined && { label }),
    });
  const networkMode = networkModeOf(raw);
  const tasks = tasksOf(raw.tasks ?? [], id, warn);
  const app: App = {
    id,
    kind: 'app',
    version: raw.version ?? '',
    ...at('configuredAt', raw.versionInfo?.lastConfigChangeAt),
    ...at('scaledAt', raw.versionInfo?.lastScalingAt),
    labels: labelsOf(raw.labels ?? {}, warn),
    instances: raw.instances ?? 1,
    networkMode,
    ports: portsOf(raw, networkMode),
    healthChecks: (raw.healthChecks ?? []).flatMap((check) => healthCheckOf(check, warn)),
    hasReadinessChecks: (raw.readinessChecks ?? []).length > 0,
    deployments: (raw.deployments ?? []).map((deployment) => deployment.id),
    tasks: withReadiness(tasks, raw),
  };
  return { id, ...limitApp(app, diagnostics) };
}

type Warn = (reason: string, remedy: string, label?: string) => void;

function labelsOf(raw: Readonly<Record<string, unknown>>, warn: Warn): Record<string, string> {
  const entries: [string, string][] = [];
  for (const [label, value] of Object.entries(raw)) {
    if (typeof value === 'string') entries.push([label, value]);
    else if (typeof value === 'number' || typeof value === 'boolean') {
      entries.push([label, String(value)]);
      warn(`the value is a ${typeof value}, not text; "${value}" is used`, 'write it in quotes', label);
    } else {
      warn('the value is not text; the label is ignored', 'give it a text or remove it', label);
    }
  }
  // fromEntries defines the keys and never calls a setter: a label named `__proto__` is just a label.
  return Object.fromEntries(entries);
}

const protocols: Readonly<Record<string, HealthCheckProtocol>> = {
  HTTP: 'HTTP',
  HTTPS: 'HTTPS',
  TCP: 'TCP',
  COMMAND: 'COMMAND',
  MESOS_HTTP: 'HTTP',
  MESOS_HTTPS: 'HTTPS',
  MESOS_TCP: 'TCP',
};

/** [marathon] the defaults are those of docs/rest-api types/healthCheck.raml. */
function healthCheckOf(json: unknown, warn: Warn): HealthCheck[] {
  const parsed = rawHealthCheck.safeParse(json);
  const remedy = 'correct the health check of the app';
  if (!parsed.success) {
    warn(`a health check is malformed (${describeIssues(parsed.error)}) and ignored`, remedy);
    return [];
  }
  const raw = parsed.data;
  const name = raw.protocol ?? 'HTTP';
  const protocol = Object.hasOwn(protocols, name) ? protocols[name] : undefined;
  if (protocol === undefined) {
    warn(`a health check has the unknown protocol "${name}" and is ignored`, remedy);
    return [];
  }
  const path = raw.path ?? '/';
  const isUsable = !hasUnprintable(path);
  if (!isUsable)
    warn('the path of a health check holds control characters, so HAProxy only connects', remedy);
  return [
    {
      protocol: isUsable ? protocol : 'TCP',
      path: isUsable ? path : '/',
      portIndex: raw.portIndex ?? undefined,
      port: raw.port ?? undefined,
      intervalSeconds: raw.intervalSeconds ?? 60,
      timeoutSeconds: raw.timeoutSeconds ?? 20,
      gracePeriodSeconds: raw.gracePeriodSeconds ?? 300,
      maxConsecutiveFailures: raw.maxConsecutiveFailures ?? 3,
      ...(name.startsWith('MESOS_') ? { byMesos: true } : {}),
    },
  ];
}

function tasksOf(raw: readonly unknown[], appId: AppId, warn: Warn): Task[] {
  const tasks: Task[] = [];
  for (const json of raw) {
    const task = decodeTask(json, appId);
    if ('problem' in task) warn(`a task is malformed (${task.problem}) and ignored`, askMarathon);
    else tasks.push(task);
  }
  return tasks.sort((a, b) => byCodePoint(a.id, b.id));
}

function idOf(json: unknown): AppId | undefined {
  if (typeof json !== 'object' || json === null || !('id' in json)) return undefined;
  return typeof json.id === 'string' && json.id !== '' ? asAppId(json.id) : undefined;
}
