/** DELETE of single instances of a pod. */
import { ApiError, invalidObject } from '../api-error.ts';
import type { Instance } from '../cluster/instance.ts';
import { compact, listOf, objectOf, type Json } from '../definitions/json.ts';
import type { RunSpec } from '../definitions/spec.ts';
import { wipe } from '../deploy/wipe.ts';
import type { ApiContext } from './context.ts';
import { flag, ok, type Answer, type Exchange } from './exchange.ts';

/** DELETE {id}::instances/{instance}, or {id}::instances with a list of them: the pod stays, and starts others. */
export async function killPodInstances(
  { world, life }: ApiContext,
  exchange: Exchange,
  pod: RunSpec,
  view: string,
): Promise<Answer | undefined> {
  const single = /^instances\/(.+)$/.exec(view)?.[1];
  if (single === undefined && view !== 'instances') return undefined;
  const ids = single === undefined ? listOf(await exchange.json()).map(String) : [single];
  checkIds(ids, single === undefined);
  const found = world.registry.instancesOf(pod.id).filter((instance) => ids.includes(instance.id));
  if (single !== undefined && found.length === 0)
    throw new ApiError(404, { message: `Task '${single}' does not exist` });
  // As they are before they end.
  const shown = found.map(instanceJson);
  for (const instance of found) {
    if (flag(exchange.query, 'wipe')) void wipe(world, life, instance);
    else void life.kill(instance, false);
  }
  return ok(single === undefined ? shown : shown[0]);
}

const isInstanceId = (text: string): boolean => /^.+\.(?:instance-|marathon-)[^.]+$/.test(text);

function checkIds(ids: readonly string[], isList: boolean): void {
  const errors = ["must fully match regular expression '^(.+)\\.(instance-|marathon-)([^\\.]+)$'"];
  const details = ids.flatMap((id, index) =>
    isInstanceId(id) ? [] : [{ path: isList ? `/(${index})` : '/', errors }],
  );
  if (details.length > 0) throw invalidObject(details);
}

/** [marathon] raml/InstanceConversion.scala: the map of tasks is left empty. */
const instanceJson = ({ id, condition, since, healthy, agent, spec, tasks }: Instance): Json => ({
  instanceId: id,
  state: compact({ condition, since, activeSince: tasks[0]?.startedAt, healthy }),
  ...(agent && {
    agentInfo: {
      ...{ host: agent.host, agentId: agent.id, region: 'local', zone: 'loopback', attributes: [] },
    },
  }),
  tasksMap: {},
  runSpecVersion: spec.version,
  unreachableStrategy: objectOf(spec.definition['scheduling'])['unreachableStrategy'] ?? {
    ...{ inactiveAfterSeconds: 0, expungeAfterSeconds: 0 },
  },
});
