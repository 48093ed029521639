/** Tasks: lists, and the ways to kill them. */
import { ApiError, noSuchApp } from '../api-error.ts';
import { existingApp } from '../deploy/changes.ts';
import { runSpecOfTask } from '../definitions/ids.ts';
import { isActive, type Instance } from '../cluster/instance.ts';
import { listOf, objectOf, type Json } from '../definitions/json.ts';
import { appSpec } from '../definitions/run-spec.ts';
import { servicePortsOf } from '../definitions/service-ports.ts';
import type { RunSpec } from '../definitions/spec.ts';
import type { World } from '../cluster/world.ts';
import { wipe } from '../deploy/wipe.ts';
import { appsBelow, deployedAnswer } from './apps.ts';
import type { ApiContext } from './context.ts';
import { flag, ok, type Answer, type Exchange } from './exchange.ts';

/** GET /v2/tasks. [marathon] The one place that fills in servicePorts. */
export function listTasks({ world, view }: ApiContext, { query }: Exchange): Answer {
  const wanted = [...query.getAll('status'), ...query.getAll('status[]')];
  const shown = (instance: Instance): boolean =>
    wanted.length === 0 ||
    (wanted.includes('running') && instance.condition === 'Running') ||
    (wanted.includes('staging') && ['Provisioned', 'Created', 'Starting'].includes(instance.condition));
  const tasks = [...world.registry.specs.values()].flatMap((spec) =>
    spec.kind === 'app'
      ? view.tasks(world.registry.instancesOf(spec.id).filter(shown), servicePortsOf(spec.definition))
      : [],
  );
  return ok({ tasks });
}

export function listAppTasks({ world, view }: ApiContext, id: string): Answer {
  existingApp(world, id);
  return ok({ tasks: view.tasks(world.registry.instancesOf(id)) });
}

export function listGroupTasks({ world, view }: ApiContext, group: string): Answer {
  const specs = appsBelow(world.registry.specs, group);
  return ok({ tasks: specs.flatMap(({ id }) => view.tasks(world.registry.instancesOf(id))) });
}

/** DELETE /v2/apps/{id}/tasks, with `host` only those on one agent. */
export function killAppTasks(context: ApiContext, exchange: Exchange, id: string): Promise<Answer> {
  const { world } = context;
  existingApp(world, id);
  const host = exchange.query.get('host');
  const instances = world.registry
    .instancesOf(id)
    .filter((instance) => isActive(instance) && (host === null || instance.agent?.host === host));
  return killInstances(context, exchange, instances, (tasks) => ({ tasks }));
}

/** DELETE /v2/apps/{id}/tasks/{taskId}. */
export function killAppTask(
  context: ApiContext,
  exchange: Exchange,
  id: string,
  taskId: string,
): Promise<Answer> {
  existingApp(context.world, id);
  const found = findTasks(context.world, [taskId]);
  if (!found[0]) throw new ApiError(404, { message: `Task '${taskId}' does not exist` });
  return killInstances(context, exchange, found, ([task]) => ({ task }));
}

/** POST /v2/tasks/delete with the ids of tasks of any apps. */
export async function killTasks(context: ApiContext, exchange: Exchange): Promise<Answer> {
  const ids = listOf(objectOf(await exchange.json())['ids']).map(String);
  for (const id of ids) {
    const app = runSpecOfTask(id);
    if (app === undefined) throw new ApiError(400, { message: `Invalid task id '${id}'. ` });
    if (!context.world.registry.specs.has(app)) throw noSuchApp(app);
  }
  return killInstances(context, exchange, findTasks(context.world, ids), (tasks) => ({ tasks }));
}

async function killInstances(
  context: ApiContext,
  { query }: Exchange,
  instances: readonly Instance[],
  answer: (tasks: readonly Json[]) => Json,
): Promise<Answer> {
  const { view, life } = context;
  const wipes = flag(query, 'wipe');
  if (flag(query, 'scale')) {
    if (wipes) throw new ApiError(400, { message: 'You cannot use scale and wipe at the same time.' });
    return deployedAnswer(await killAndScale(context, instances, flag(query, 'force')));
  }
  const tasks = view.tasks(instances);
  for (const instance of instances) {
    if (wipes) void wipe(context.world, life, instance);
    else void life.kill(instance, false);
  }
  return ok(answer(tasks));
}

/** [marathon] Fewer instances by the number of tasks that are alive, and exactly these are killed. */
export function killAndScale(
  context: Pick<ApiContext, 'world' | 'groups'>,
  instances: readonly Instance[],
  force: boolean,
) {
  const { world, groups } = context;
  return groups.update((version) => {
    const specs = new Map<string, RunSpec>();
    const victims = new Map<string, string[]>();
    const alive = instances.filter((one) => isActive(one) && one.condition !== 'Killing');
    for (const instance of alive) {
      const chosen = victims.get(instance.spec.id) ?? [];
      victims.set(instance.spec.id, [...chosen, instance.id]);
    }
    for (const [id, chosen] of victims) {
      const spec = world.registry.specs.get(id);
      if (spec) specs.set(id, scaled(world, spec, Math.max(0, spec.instances - chosen.length), version));
    }
    return { groupId: '/', specs, victims, force };
  });
}

function scaled(world: World, { definition }: RunSpec, instances: number, version: string): RunSpec {
  const versionInfo = { ...objectOf(definition['versionInfo']), lastScalingAt: version };
  return appSpec({ ...definition, instances, version, versionInfo }, world.timings.healthScale);
}

/** The instances of task ids (or of instance ids: the API takes both). */
function findTasks(world: World, ids: readonly string[]): readonly Instance[] {
  const wanted = new Set(ids);
  return [...world.registry.allInstances()].filter(
    (instance) => wanted.has(instance.id) || instance.tasks.some(({ id }) => wanted.has(id)),
  );
}
