/** The smaller parts of the API: deployments, leader, info. */
import { ApiError } from '../api-error.ts';
import { objectOf } from '../definitions/json.ts';
import { appSpec, podSpec } from '../definitions/run-spec.ts';
import type { SpecChange } from '../deploy/plan.ts';
import type { RunSpec } from '../definitions/spec.ts';
import type { World } from '../cluster/world.ts';
import { deployedAnswer } from './apps.ts';
import type { ApiContext } from './context.ts';
import { flag, ok, type Answer, type Exchange } from './exchange.ts';

/** DELETE /v2/deployments/{id}: back to what was before, or with `force` just no further. */
export async function deleteDeployment(
  context: ApiContext,
  { query }: Exchange,
  id: string,
): Promise<Answer> {
  const { deployments, groups, world } = context;
  const plan = deployments.get(id);
  if (!plan) throw new ApiError(404, { message: `DeploymentPlan ${id} does not exist` });
  if (flag(query, 'force')) {
    deployments.cancel(id);
    return { status: 202 };
  }
  const deployed = await groups.update((version) => ({
    groupId: '/',
    specs: new Map(plan.changes.map((change) => [change.id, asBefore(world, change, version)])),
    force: true,
  }));
  return deployedAnswer(deployed);
}

function asBefore(world: World, { before, after }: SpecChange, version: string): RunSpec | undefined {
  if (!before) return undefined;
  const { healthScale } = world.timings;
  const definition = { ...before.definition, version };
  const sameConfig = after?.configVersion === before.configVersion;
  if (before.kind === 'pod')
    return podSpec(definition, sameConfig ? before.configVersion : version, healthScale);
  const info = objectOf(before.definition['versionInfo']);
  const lastConfigChangeAt = sameConfig ? info['lastConfigChangeAt'] : version;
  return appSpec({ ...definition, versionInfo: { lastScalingAt: version, lastConfigChangeAt } }, healthScale);
}

export function deleteLeader({ abdicate, world }: ApiContext): Answer {
  world.timers.after(500, abdicate);
  return ok({ message: 'Leadership abdicated' });
}

export function getInfo({ world, leader }: ApiContext): Answer {
  const port = Number(leader().split(':').at(-1));
  return ok({
    name: 'marathon',
    version: world.traits.full,
    buildref: 'pacer-simulator',
    elected: true,
    leader: leader(),
    frameworkId: '96d7da70-b731-4cfb-96a7-0ee877af615d-0000',
    marathon_config: {
      features: world.taskKilling ? ['task_killing'] : [],
      framework_name: 'marathon',
      ha: true,
      hostname: 'localhost',
      local_port_min: 10_000,
      local_port_max: 20_000,
      master: 'zk://localhost:2181/mesos',
    },
    zookeeper_config: { zk: 'zk://localhost:2181/marathon', zk_timeout: 10_000, zk_session_timeout: 10_000 },
    http_config: { http_port: port, https_port: 8443 },
  });
}
