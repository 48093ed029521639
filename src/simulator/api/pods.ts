/** /v2/pods: definitions, their changes and the status of all instances. */
import { ApiError } from '../api-error.ts';
import { event } from '../faults/events.ts';
import type { Deployed } from '../definitions/groups.ts';
import { parentOf, pathId, resolveId } from '../definitions/ids.ts';
import {
  canonical,
  listOf,
  numberOf,
  objectOf,
  stringMapOf,
  stringOf,
  type Json,
} from '../definitions/json.ts';
import { podStatus } from '../definitions/pod-status.ts';
import { podSpec } from '../definitions/run-spec.ts';
import type { RunSpec } from '../definitions/spec.ts';
import type { World } from '../cluster/world.ts';
import { checkPod } from '../validation/pod.ts';
import { checkPodShape } from '../validation/shape.ts';
import { deploymentHeader } from './apps.ts';
import type { ApiContext } from './context.ts';
import { flag, ok, type Answer, type Exchange } from './exchange.ts';
import { killPodInstances } from './pod-instances.ts';

export function routePods(
  context: ApiContext,
  exchange: Exchange,
  rest: readonly string[],
): Answer | undefined | Promise<Answer | undefined> {
  const { method } = exchange;
  const [name = '', view] = rest.join('/').split('::');
  const id = pathId(name);
  if (method === 'DELETE' && view !== undefined)
    return killPodInstances(context, exchange, existingPod(context.world, id), view);
  if (method === 'POST' && id === '/') return writePod(context, exchange, undefined);
  if (method === 'PUT') return writePod(context, exchange, id);
  if (method === 'DELETE') return deletePod(context, exchange, id);
  if (method === 'HEAD' && rest.length === 0) return { status: 200 };
  if (method !== 'GET') return undefined;
  if (id === '/') return listPods(context, view);
  const spec = existingPod(context.world, id);
  if (view === 'status') return ok(podStatus(context.world, spec));
  if (view?.startsWith('versions')) return versions(context.world, id, view.split('/')[1]);
  return ok(spec.definition);
}

function listPods({ world }: ApiContext, view: string | undefined): Answer {
  const pods = [...world.registry.specs.values()].filter(({ kind }) => kind === 'pod');
  return ok(pods.map((spec) => (view === 'status' ? podStatus(world, spec) : spec.definition)));
}

function versions({ registry }: World, id: string, wanted: string | undefined): Answer {
  const all = registry.versions(id);
  if (wanted === undefined) return ok(all.map(({ version }) => version).toReversed());
  const spec = all.find(({ version }) => version === wanted);
  if (!spec) throw noSuchPod(id);
  return ok(spec.definition);
}

async function writePod(context: ApiContext, exchange: Exchange, id: string | undefined): Promise<Answer> {
  const { world, groups } = context;
  const body = objectOf(await exchange.json());
  const podId = id ?? resolveId('/', stringOf(body['id']));
  const creates = id === undefined;
  if (creates && world.registry.specs.has(podId)) {
    throw new ApiError(409, { message: `Pod "${podId}" already exists` });
  }
  if (!creates) {
    existingPod(world, podId);
    const named = stringOf(body['id'], podId);
    if (resolveId('/', named) !== podId)
      throw new ApiError(400, { message: `'${podId}' does not match definition's id ('${named}')` });
  }
  const deployed = await groups.update((version) => ({
    groupId: parentOf(podId),
    specs: new Map([[podId, podOf(world, body, podId, version)]]),
    force: flag(exchange.query, 'force'),
    announce: () => podEvent(creates ? 'pod_created_event' : 'pod_updated_event', exchange),
  }));
  const headers = creates
    ? { Location: `/v2/pods${podId}`, ...deploymentHeader(deployed) }
    : deploymentHeader(deployed);
  return { status: creates ? 201 : 200, json: existingPod(world, podId).definition, headers };
}

async function deletePod(context: ApiContext, exchange: Exchange, id: string): Promise<Answer> {
  existingPod(context.world, id);
  const deployed: Deployed = await context.groups.update(() => ({
    groupId: parentOf(id),
    specs: new Map([[id, undefined]]),
    force: flag(exchange.query, 'force', true),
    announce: () => podEvent('pod_deleted_event', exchange),
  }));
  return { status: 202, headers: { Location: deployed.deploymentId, ...deploymentHeader(deployed) } };
}

/** [marathon] The event does not name the pod: only its uri does. */
function podEvent(type: string, { request, path }: Exchange) {
  return event(type, { clientIp: request.socket.remoteAddress, uri: path });
}

export function podOf(world: World, body: Json, id: string, version: string): RunSpec {
  checkPodShape(body);
  const before = world.registry.specs.get(id);
  const definition: Json = {
    ...normalizePod(body),
    id,
    version,
  };
  checkPod(definition, id);
  const config = ({ version: _version, scaling, ...rest }: Json): string =>
    canonical({ ...rest, scaling: { ...objectOf(scaling), instances: 0 } });
  const keeps = before !== undefined && config(before.definition) === config(definition);
  if (keeps && canonical(before.definition['scaling']) === canonical(definition['scaling'])) return before;
  return podSpec(definition, keeps ? before.configVersion : version, world.timings.healthScale);
}

function normalizePod(body: Json): Json {
  const containers = listOf(body['containers']).map((item) => {
    const container = objectOf(item);
    const endpoints = listOf(container['endpoints']).map((endpoint) => ({
      labels: {},
      protocol: ['tcp'],
      networkNames: [],
      ...objectOf(endpoint),
    }));
    return {
      resources: { cpus: 0.1, mem: 32, disk: 0, gpus: 0 },
      labels: {},
      environment: {},
      volumeMounts: [],
      ...container,
      endpoints,
    };
  });
  const networks = listOf(body['networks']).map((network) => ({
    mode: 'container',
    labels: {},
    ...objectOf(network),
  }));
  return {
    ...body,
    labels: stringMapOf(body['labels']),
    environment: objectOf(body['environment']),
    containers,
    networks: networks.length > 0 ? networks : [{ mode: 'host' }],
    scaling: { kind: 'fixed', instances: numberOf(objectOf(body['scaling'])['instances'], 1) },
    volumes: listOf(body['volumes']),
  };
}

function existingPod({ registry }: World, id: string): RunSpec {
  const spec = registry.specs.get(id);
  if (spec?.kind !== 'pod') throw noSuchPod(id);
  return spec;
}

function noSuchPod(id: string): ApiError {
  return new ApiError(404, { message: `Pod '${id}' does not exist` });
}
