/** Apps with running tasks, all at once, with no deployment and no event: for benchmarks and saved answers. */
import { timestamp } from './cluster/clock.ts';
import { normalizeApp } from './definitions/definition.ts';
import { instanceIdOf, resolveId } from './definitions/ids.ts';
import type { Instance, TaskRecord } from './cluster/instance.ts';
import { place, startSample, startSampleNow } from './cluster/launch.ts';
import type { Life } from './cluster/life.ts';
import { listOf, objectOf, stringOf, type Json } from './definitions/json.ts';
import { appSpec } from './definitions/run-spec.ts';
import type { RunSpec } from './definitions/spec.ts';
import type { World } from './cluster/world.ts';

export interface LoadOptions {
  /** How many tasks each app gets; else as many as it had, or as it has instances. */
  tasksEach?: number;
  /** At most so many. */
  maxTasks?: number;
}

/** Resolves when all tasks listen; the state is there when the function returns. */
export function loadApps(
  world: World,
  life: Life,
  apps: readonly object[],
  options: LoadOptions = {},
): Promise<void> {
  const listening: Promise<void>[] = [];
  for (const item of apps) {
    const app = objectOf(item);
    const spec = specOf(world, app, options.tasksEach);
    world.registry.set(spec);
    const had = Array.isArray(app['tasks']) ? listOf(app['tasks']).length : spec.instances;
    const count = Math.min(options.tasksEach ?? had, options.maxTasks ?? Infinity);
    for (let i = 0; i < count; i++) listening.push(...run(world, life, spec));
  }
  world.registry.rootVersion = world.clock.next();
  return Promise.all(listening).then(() => undefined);
}

/** With `tasksEach` that is the number of instances as well, or the first change would end the others. */
function specOf(world: World, app: Json, tasksEach: number | undefined): RunSpec {
  const id = resolveId('/', stringOf(app['id']));
  const version = stringOf(app['version'], world.clock.next());
  const before = world.registry.specs.get(id)?.definition;
  const wanted = tasksEach === undefined ? app : { ...app, instances: tasksEach };
  const definition = world.registry.servicePorts.assign(normalizeApp(wanted, id), before);
  const versionInfo = {
    lastScalingAt: version,
    lastConfigChangeAt: version,
    ...objectOf(app['versionInfo']),
  };
  return appSpec({ ...definition, version, versionInfo }, world.timings.healthScale);
}

function run(world: World, life: Life, spec: RunSpec): Promise<void>[] {
  const instance: Instance = {
    id: instanceIdOf(spec.id, world.uuids.next(), world.traits.incarnations || spec.kind === 'pod'),
    spec,
    condition: 'Running',
    goal: 'Running',
    incarnation: 0,
    agent: undefined,
    address: undefined,
    tasks: [],
    healthy: undefined,
    ready: new Map(),
    failures: 0,
    since: timestamp(),
    epoch: 0,
  };
  if (!place(world, instance)) throw new RangeError(`No agent has as many ports as ${spec.id} wants`);
  life.markRunning(instance);
  world.registry.addInstance(instance);
  for (const task of instance.tasks) believeHealthy(instance, task);
  return instance.tasks.flatMap((task) => {
    const later = listen(world, instance, task, () => life.fail(instance, 'The address is taken'));
    return later ? [later.then(() => life.hooks.running(instance))] : [];
  });
}

/** As if all checks had passed a while ago. */
function believeHealthy(instance: Instance, task: TaskRecord): void {
  task.state = 'TASK_RUNNING';
  const { checks } = task.container;
  if (checks.length === 0) return;
  const now = timestamp();
  const result = {
    alive: true,
    consecutiveFailures: 0,
    firstSuccess: now,
    lastSuccess: now,
    instanceId: instance.id,
  };
  task.results = checks.map(() => ({ ...result }));
  instance.healthy = true;
}

/** Listens, where it can at once; else the promise of it. */
function listen(
  world: World,
  instance: Instance,
  task: TaskRecord,
  failed: () => void,
): Promise<void> | undefined {
  task.sample = startSampleNow(world, instance, task);
  if (task.sample) return undefined;
  const { epoch } = instance;
  return startSample(world, instance, task).then((sample) => {
    if (instance.epoch === epoch) task.sample = sample;
    else sample.destroy();
  }, failed);
}
