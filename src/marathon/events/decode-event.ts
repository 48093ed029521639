/**
 * Decodes one frame of the event stream into a typed event, for both generations of names and ids. Types that Pacer
 * does not follow are reported differently from frames that cannot be read. Knows nothing of the mirror.
 */
import { z } from 'zod';
import { asAppId, asInstanceId, asTaskId, instanceIdOf, type AppId } from '../../core/model/ids.ts';
import { addressesOf } from '../decode/decode-task.ts';
import {
  followedTypes,
  type EventType,
  type InstanceRef,
  type MarathonEvent,
} from '../decode/event-types.ts';
import { describeIssues } from '../decode/raw.ts';
import { eventShapes, type instanceIds } from './raw-event.ts';
import { taskStateOf } from '../decode/task-state.ts';

/** The result for one frame. */
export type DecodedEvent =
  | { readonly kind: 'event'; readonly event: MarathonEvent }
  /** A type that Pacer does not follow. */
  | { readonly kind: 'ignored'; readonly type: string }
  | { readonly kind: 'malformed'; readonly reason: string };

/** Characters. A larger event is reduced before it is parsed. */
const largeLength = 65_536;

const followed: ReadonlySet<string> = new Set(followedTypes);

/** `name` is the frame's `event:`. If the JSON has an `eventType`, that counts. */
export function decodeEvent(name: string, data: string): DecodedEvent {
  const isLarge = data.length > largeLength;
  // A type that nobody reads need not be parsed.
  if (isLarge && !followed.has(name) && name !== 'message') return { kind: 'ignored', type: name };
  let json: unknown;
  try {
    json = JSON.parse((isLarge && name.startsWith('deployment_') ? lightPlan(data) : undefined) ?? data);
  } catch {
    return { kind: 'malformed', reason: `the data of a ${name} is not JSON` };
  }
  if (typeof json !== 'object' || json === null)
    return { kind: 'malformed', reason: `the data of a ${name} is not an object` };
  const own = 'eventType' in json && typeof json.eventType === 'string' ? json.eventType : name;
  if (!followed.has(own)) return { kind: 'ignored', type: own };
  const type = own as EventType;
  try {
    return { kind: 'event', event: build(type, json) };
  } catch (error) {
    const reason = error instanceof z.ZodError ? describeIssues(error) : String(error);
    return { kind: 'malformed', reason: `${type}: ${reason}` };
  }
}

function build(type: EventType, json: object): MarathonEvent {
  const common = { type, at: timestampOf(json) };
  switch (type) {
    case 'event_stream_attached':
      return { ...common, kind: 'attached' };
    case 'status_update_event':
      return { ...common, ...statusOf(json) };
    case 'instance_changed_event': {
      const raw = eventShapes.instance.parse(json);
      return {
        ...common,
        kind: 'instance',
        appId: raw.runSpecId,
        instance: instanceOf(raw),
        condition: raw.condition,
      };
    }
    case 'instance_health_changed_event':
    case 'health_status_changed_event': {
      const raw = eventShapes.health.parse(json);
      const id = raw.appId ?? raw.runSpecId;
      if (id == null) throw new Error('it names no app');
      const of = type === 'health_status_changed_event' ? 'check' : 'aggregate';
      const alive = raw.alive ?? raw.healthy ?? undefined;
      return { ...common, kind: 'health', of, appId: id, instance: instanceOf(raw), alive };
    }
    case 'unhealthy_instance_kill_event':
    case 'unhealthy_task_kill_event': {
      const raw = eventShapes.kill.parse(json);
      return { ...common, kind: 'unhealthy-kill', appId: raw.appId, instance: instanceOf(raw) };
    }
    case 'unknown_instance_terminated_event':
    case 'unknown_task_terminated_event': {
      const raw = eventShapes.terminated.parse(json);
      return { ...common, kind: 'unknown-terminated', appId: raw.runSpecId, instance: instanceOf(raw) };
    }
    case 'app_terminated_event':
      return { ...common, kind: 'app-terminated', appId: eventShapes.app.parse(json).appId };
    case 'group_change_success':
      return { ...common, kind: 'group-changed', ...eventShapes.group.parse(json) };
    case 'api_post_event':
      // Only the id: the definition in the event may be older than the assignment of service ports.
      return { ...common, kind: 'api-post', appId: eventShapes.apiPost.parse(json).appDefinition.id };
    case 'pod_created_event':
    case 'pod_updated_event':
    case 'pod_deleted_event':
      return { ...common, kind: 'pod-changed', appId: podOf(eventShapes.podChange.parse(json).uri) };
    case 'deployment_info':
    case 'deployment_step_success':
      return { ...common, kind: 'deployment', phase: 'progress', ...planOf(json) };
    case 'deployment_success':
    case 'deployment_failed':
      return { ...common, kind: 'deployment', phase: 'end', ...planOf(json) };
  }
}

function statusOf(json: object) {
  const raw = eventShapes.status.parse(json);
  const state = taskStateOf(raw.taskStatus);
  if (state === undefined) throw new Error(`"${raw.taskStatus}" is not a state of a task`);
  return {
    kind: 'status' as const,
    appId: raw.appId,
    taskId: asTaskId(raw.taskId),
    state,
    // [marathon] "unknown" where there is no agent yet
    host: raw.host == null || raw.host === 'unknown' ? '' : raw.host,
    ports: raw.ports ?? [],
    ipAddresses: addressesOf(raw.ipAddresses),
    version: raw.version ?? '',
  };
}

/** [marathon] The event names the pod by its uri alone: `/v2/pods//web/pod1`, and `/v2/pods` where it is created. */
function podOf(uri: string): AppId | undefined {
  const [, path = ''] = /\/v2\/pods(?:\/+(.*))?$/.exec(uri.split(/[?#]/)[0] ?? '') ?? [];
  const id = decoded(path).replaceAll(/^\/+|\/+$/g, '');
  return id === '' ? undefined : asAppId(`/${id}`);
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function planOf(json: object) {
  const { version, steps } = eventShapes.deployment.parse(json).plan;
  const ids = steps.flatMap((step) =>
    step.actions.flatMap(({ app, pod }) => [app ?? pod ?? []].flat().map(asAppId)),
  );
  return { version, apps: [...new Set(ids)] };
}

/** [marathon] 1.3 has no instances: the task is the instance. */
function instanceOf(raw: z.infer<typeof instanceIds>): InstanceRef {
  const taskId = raw.taskId == null ? undefined : asTaskId(raw.taskId);
  if (raw.instanceId != null) return { instanceId: asInstanceId(raw.instanceId), taskId };
  if (taskId === undefined) throw new Error('it names neither an instance nor a task');
  return { instanceId: instanceIdOf(taskId), taskId };
}

function timestampOf(json: object): number | undefined {
  if (!('timestamp' in json) || typeof json.timestamp !== 'string') return undefined;
  const ms = Date.parse(json.timestamp);
  return Number.isNaN(ms) ? undefined : ms;
}

/**
 * The small part of a deployment event that contains the whole root group, twice (Marathon 1.6 and older). Parsing tens
 * of megabytes would delay every other event. Knows nothing of what the steps mean.
 * [marathon] api/v2/json/Formats.scala DeploymentPlanWrites: id, original, target, steps, version, in this order
 */

/** Undefined if the text does not have that order; then it must be parsed as a whole. */
function lightPlan(data: string): string | undefined {
  // Within a string the quotes would be escaped, so these are keys. Groups have no steps.
  const steps = data.lastIndexOf('"steps":[');
  if (steps < 0) return undefined;
  const rest = data.slice(steps);
  const end = rest.indexOf('],"version":"');
  const version = /^\],"version":"([^"\\]+)"/.exec(rest.slice(end, end + 64))?.[1];
  if (end < 0 || version === undefined) return undefined;
  const own = (key: string) => new RegExp(`"${key}":"([^"\\\\]*)"`).exec(outside(data, rest))?.[1];
  return `{"eventType":${JSON.stringify(own('eventType'))},"timestamp":${JSON.stringify(own('timestamp'))},"plan":{${rest.slice(0, end)}],"version":"${version}"}}`;
}

/** The text before and after the plan. */
function outside(data: string, rest: string): string {
  return data.slice(0, Math.max(0, data.indexOf('"plan":'))) + rest;
}
