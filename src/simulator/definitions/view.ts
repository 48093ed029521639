/** Apps and tasks as GET writes them. The text of an app is kept until something of it changes. */
import type { Deployments } from '../deploy/deployments.ts';
import { ipAddressesOf } from '../faults/events.ts';
import { isActive, type Instance, type TaskRecord } from '../cluster/instance.ts';
import { withNulls, oldShape } from './legacy.ts';
import { readinessResults } from '../cluster/readiness.ts';
import { compact, objectOf, stringOf, type Json } from './json.ts';
import type { RunSpec } from './spec.ts';
import type { World } from '../cluster/world.ts';

export type Embed = 'tasks' | 'counts' | 'deployments' | 'lastTaskFailure' | 'readiness' | 'taskStats';

const listAlways: readonly Embed[] = ['counts', 'deployments'];
const singleAlways: readonly Embed[] = ['counts', 'deployments', 'tasks', 'lastTaskFailure'];

/** [marathon] `apps.tasks`, `app.tasks`, `group.apps.tasks` and `tasks` mean the same. */
export function embedsOf(query: URLSearchParams, single: boolean): ReadonlySet<Embed> {
  const embeds = new Set<Embed>(single ? singleAlways : listAlways);
  for (const value of query.getAll('embed')) {
    const name = value.replace(/^(?:group\.)?apps?\./, '');
    if (name === 'failures') embeds.add('tasks').add('lastTaskFailure');
    else embeds.add(name as Embed);
  }
  return embeds;
}

export class View {
  readonly #world: World;
  readonly #deployments: Deployments;
  readonly #cache = new Map<string, { revision: number; texts: Map<string, string> }>();

  constructor(world: World, deployments: Deployments) {
    this.#world = world;
    this.#deployments = deployments;
  }

  /** The JSON text of an app. */
  appText(spec: RunSpec, embeds: ReadonlySet<Embed>): string {
    // These tell how old the tasks are.
    if (embeds.has('taskStats')) return JSON.stringify(this.app(spec, embeds));
    const revision = this.#world.registry.revision(spec.id);
    let entry = this.#cache.get(spec.id);
    if (entry?.revision !== revision) {
      entry = { revision, texts: new Map() };
      this.#cache.set(spec.id, entry);
    }
    const key = [...embeds].sort().join();
    const text = entry.texts.get(key) ?? JSON.stringify(this.app(spec, embeds));
    entry.texts.set(key, text);
    return text;
  }

  app(spec: RunSpec, embeds: ReadonlySet<Embed>): Json {
    const { traits, registry } = this.#world;
    const definition = traits.oldNetworks ? oldShape(spec.definition) : spec.definition;
    const instances = registry.instancesOf(spec.id);
    const app: Json = {
      ...definition,
      ...(embeds.has('counts') ? countsOf(instances) : {}),
      ...(embeds.has('deployments') || embeds.has('tasks')
        ? { deployments: this.#deployments.locking([spec.id]).map((id) => ({ id })) }
        : {}),
      ...(embeds.has('tasks') ? { tasks: this.tasks(instances) } : {}),
      ...(embeds.has('readiness') ? { readinessCheckResults: this.#readiness(spec, instances) } : {}),
      ...(embeds.has('taskStats') ? { taskStats: taskStatsOf(spec, instances) } : {}),
      ...(embeds.has('lastTaskFailure')
        ? compact({ lastTaskFailure: registry.lastFailures.get(spec.id) })
        : {}),
    };
    return traits.nulls ? withNulls(app) : app;
  }

  /** [marathon] They are the deployment's, and gone with it. */
  #readiness(spec: RunSpec, instances: readonly Instance[]): readonly Json[] {
    return this.#deployments.locking([spec.id]).length === 0 ? [] : readinessResults(instances);
  }

  /** Instances that wait for an offer have no task yet. */
  tasks(instances: readonly Instance[], servicePorts: readonly number[] = []): readonly Json[] {
    return instances.flatMap((instance) =>
      instance.tasks.slice(0, 1).map((task) => this.task(instance, task, servicePorts)),
    );
  }

  task(instance: Instance, task: TaskRecord, servicePorts: readonly number[] = []): Json {
    const { omitsEmptyLists, nulls } = this.#world.traits;
    const lists: Json = {
      healthCheckResults: task.results.filter((result) => result !== undefined),
      ipAddresses: ipAddressesOf(task),
      servicePorts,
      localVolumes: [],
    };
    const shown = omitsEmptyLists
      ? Object.fromEntries(Object.entries(lists).filter(([, list]) => (list as unknown[]).length > 0))
      : lists;
    const active = isActive(instance);
    const json: Json = {
      appId: instance.spec.id,
      ...shown,
      host: instance.agent?.host,
      id: task.id,
      // [marathon] A task that is over stays listed until it is launched again, without its ports.
      ports: active ? task.ports : [],
      slaveId: instance.agent?.id,
      state: task.state,
      ...(active ? { stagedAt: task.stagedAt, version: instance.spec.version } : {}),
      ...(active && task.startedAt !== undefined ? { startedAt: task.startedAt } : {}),
      ...(omitsEmptyLists ? {} : { region: 'local', zone: 'loopback', role: '*' }),
    };
    return nulls ? { startedAt: null, ...json } : json;
  }
}

/** [marathon] By which version of the app the tasks are of; what no task is of is left out. */
function taskStatsOf({ definition }: RunSpec, instances: readonly Instance[]): Json {
  const { lastScalingAt, lastConfigChangeAt } = objectOf(definition['versionInfo']);
  const [scaled, configured] = [stringOf(lastScalingAt), stringOf(lastConfigChangeAt)];
  const withTasks = instances.filter(({ tasks }) => tasks.length > 0);
  const since = (time: string) => withTasks.filter(({ spec }) => spec.version >= time);
  return compact({
    startedAfterLastScaling: statsOf(since(scaled)),
    withLatestConfig: statsOf(since(configured)),
    withOutdatedConfig: statsOf(withTasks.filter(({ spec }) => spec.version < configured)),
    totalSummary: statsOf(withTasks),
  });
}

function statsOf(instances: readonly Instance[]): Json | undefined {
  if (instances.length === 0) return undefined;
  const counts = Object.fromEntries(
    Object.entries(countsOf(instances)).map(([name, count]) => [
      name.replace('tasks', '').toLowerCase(),
      count,
    ]),
  );
  const ages = instances
    .flatMap(({ tasks }) => tasks[0]?.startedAt ?? [])
    .map((time) => (Date.now() - Date.parse(time)) / 1000)
    .sort((a, b) => a - b);
  const averageSeconds = ages.reduce((sum, age) => sum + age, 0) / ages.length;
  const lifeTime = { averageSeconds, medianSeconds: ages[Math.floor((ages.length - 1) / 2)] };
  return { stats: { counts, ...(ages.length > 0 ? { lifeTime } : {}) } };
}

function countsOf(instances: readonly Instance[]): Json {
  const running = instances.filter(({ condition }) => condition === 'Running');
  const staged = instances.filter(({ condition }) =>
    ['Provisioned', 'Created', 'Starting'].includes(condition),
  );
  return {
    tasksStaged: staged.length,
    tasksRunning: running.length,
    tasksHealthy: running.filter(({ healthy }) => healthy === true).length,
    tasksUnhealthy: running.filter(({ healthy }) => healthy === false).length,
  };
}
