/**
 * An app within the limits: what is beyond is left out, said in one diagnostic for each kind, and the rest is used.
 * What is kept depends on nothing but the app, so that every node keeps the same.
 */
import type { Diagnostic } from '../../core/model/diagnostic.ts';
import { byCodePoint } from '../../core/model/ids.ts';
import type { App, Task } from '../../core/model/model.ts';
import { appLimits, maxDiagnosticsOfApp, maxPartsOfTask } from '../bounds/limits.ts';

export interface LimitedApp {
  readonly app: App;
  readonly diagnostics: readonly Diagnostic[];
}

/** `diagnostics`: what decoding had to say. The very same objects come back where nothing is beyond. */
export function limitApp(app: App, diagnostics: readonly Diagnostic[]): LimitedApp {
  const beyond: Diagnostic[] = [];
  const cut = (kind: keyof typeof appLimits, count: number): boolean => {
    if (count > appLimits[kind]) beyond.push(tooMany(app, kind, count));
    return count > appLimits[kind];
  };
  const names = Object.keys(app.labels);
  const limited: App = {
    ...app,
    ...(cut('tasks', app.tasks.length) && { tasks: tasksKept(app.tasks) }),
    ...(cut('labels', names.length) && { labels: labelsKept(app.labels, names) }),
    ...(cut('ports', app.ports.length) && { ports: app.ports.slice(0, appLimits.ports) }),
    ...(cut('health checks', app.healthChecks.length) && {
      healthChecks: app.healthChecks.slice(0, appLimits['health checks']),
    }),
    ...(cut('deployments', app.deployments.length) && {
      deployments: app.deployments.slice(0, appLimits.deployments),
    }),
  };
  const tasks = limited.tasks.some(isLarge) ? limited.tasks.map(limitTask) : limited.tasks;
  if (tasks !== limited.tasks) beyond.push(largeTasks(app, limited.tasks.filter(isLarge).length));
  const isWithin = beyond.length === 0;
  return {
    app: isWithin ? app : { ...limited, tasks },
    diagnostics: limitDiagnostics(isWithin ? diagnostics : [...beyond, ...diagnostics]),
  };
}

/** Those that run first: what serves must not give way to what does not. */
function tasksKept(tasks: readonly Task[]): Task[] {
  const rank = ({ state }: Task) => Number(state !== 'TASK_RUNNING');
  return [...tasks]
    .sort((a, b) => rank(a) - rank(b) || byCodePoint(a.id, b.id))
    .slice(0, appLimits.tasks)
    .sort((a, b) => byCodePoint(a.id, b.id));
}

/** Those that mean something to Pacer first, and of these the ones of the whole app, then by port. */
function labelsKept(labels: App['labels'], names: readonly string[]): Record<string, string> {
  const rank = (name: string): number => {
    if (!name.startsWith('HAPROXY_')) return Infinity;
    return Number(/^HAPROXY_(\d{1,5})_/.exec(name)?.[1] ?? -1);
  };
  const ranked = names.map((name) => ({ name, rank: rank(name) }));
  ranked.sort((a, b) => (a.rank === b.rank ? byCodePoint(a.name, b.name) : a.rank - b.rank));
  const kept = ranked.slice(0, appLimits.labels).map(({ name }) => [name, labels[name] ?? ''] as const);
  return Object.fromEntries(kept);
}

const isLarge = ({ ports, ipAddresses, alive, endpoints }: Task): boolean =>
  [ports, ipAddresses, alive, endpoints ?? []].some(({ length }) => length > maxPartsOfTask);

function limitTask(task: Task): Task {
  if (!isLarge(task)) return task;
  const { ports, ipAddresses, alive, endpoints } = task;
  return {
    ...task,
    ports: ports.slice(0, maxPartsOfTask),
    ipAddresses: ipAddresses.slice(0, maxPartsOfTask),
    alive: alive.slice(0, maxPartsOfTask),
    ...(endpoints !== undefined && { endpoints: endpoints.slice(0, maxPartsOfTask) }),
  };
}

function limitDiagnostics(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const [first] = diagnostics;
  if (first === undefined || diagnostics.length <= maxDiagnosticsOfApp) return diagnostics;
  const shown = diagnostics.slice(0, maxDiagnosticsOfApp - 1);
  const more = diagnostics.length - shown.length;
  const severity = diagnostics.some((one) => one.severity === 'error') ? 'error' : 'warning';
  return [
    ...shown,
    {
      ...{ code: 'DEFINITION_MALFORMED', severity, appId: first.appId },
      reason: `${more} more parts of Marathon's definition are not as they should be`,
      remedy: 'correct those that are named, then look again',
    },
  ];
}

function tooMany(app: App, kind: keyof typeof appLimits, count: number): Diagnostic {
  const most = appLimits[kind];
  return {
    ...{ code: 'DEFINITION_TOO_LARGE', severity: 'warning', appId: app.id },
    reason: `the app has ${count} ${kind}, and Pacer takes ${most} of one app: ${count - most} are left out`,
    remedy:
      kind === 'tasks'
        ? 'split the app into several of one deployment group'
        : `give it at most ${most} ${kind}`,
  };
}

function largeTasks(app: App, count: number): Diagnostic {
  return {
    ...{ code: 'DEFINITION_TOO_LARGE', severity: 'warning', appId: app.id },
    reason: `${count} tasks have more than ${maxPartsOfTask} ports, addresses or health results each; the rest is left out`,
    remedy: 'look at the app with Marathon: GET /v2/apps',
  };
}
