/**
 * The events the mirror follows, as types: one shape for the names and ids of every version of Marathon.
 * It must not know how they arrive.
 * [marathon] core/event/Events.scala, api/v2/json/Formats.scala
 */
import type { AppId, InstanceId, TaskId } from '../../core/model/ids.ts';
import type { TaskState } from '../../core/model/model.ts';

/** Asked for by name: a leader of Marathon 1.6 or older sends whole root groups in the others. */
export const followedTypes = [
  'event_stream_attached',
  'status_update_event',
  'instance_changed_event',
  'instance_health_changed_event',
  'health_status_changed_event',
  'unhealthy_instance_kill_event',
  'unhealthy_task_kill_event',
  'unknown_instance_terminated_event',
  'unknown_task_terminated_event',
  'app_terminated_event',
  'group_change_success',
  'api_post_event',
  'pod_created_event',
  'pod_updated_event',
  'pod_deleted_event',
  'deployment_info',
  'deployment_step_success',
  'deployment_success',
  'deployment_failed',
] as const;

export type EventType = (typeof followedTypes)[number];

interface Common {
  readonly type: EventType;
  /** The event's own timestamp, ms since 1970. */
  readonly at: number | undefined;
}

/** An instance by its own id, or by that of its task (Marathon 1.3). */
export interface InstanceRef {
  readonly instanceId: InstanceId;
  readonly taskId: TaskId | undefined;
}

export interface Attached extends Common {
  readonly kind: 'attached';
}
/** Everything Marathon knows of a task but its health. */
export interface StatusUpdate extends Common {
  readonly kind: 'status';
  readonly appId: AppId;
  readonly taskId: TaskId;
  readonly state: TaskState;
  readonly host: string;
  readonly ports: readonly number[];
  readonly ipAddresses: readonly string[];
  readonly version: string;
}
export interface InstanceChanged extends Common {
  readonly kind: 'instance';
  readonly appId: AppId;
  readonly instance: InstanceRef;
  readonly condition: string;
}
/** `check`: one check of the app; `aggregate`: all of them. */
export interface HealthChanged extends Common {
  readonly kind: 'health';
  readonly of: 'check' | 'aggregate';
  readonly appId: AppId;
  readonly instance: InstanceRef;
  /** Undefined: not known yet. */
  readonly alive: boolean | undefined;
}
/** Marathon is about to kill an instance that fails its checks. */
export interface UnhealthyKill extends Common {
  readonly kind: 'unhealthy-kill';
  readonly appId: AppId;
  readonly instance: InstanceRef;
}
export interface UnknownTerminated extends Common {
  readonly kind: 'unknown-terminated';
  readonly appId: AppId;
  readonly instance: InstanceRef;
}
export interface AppTerminated extends Common {
  readonly kind: 'app-terminated';
  readonly appId: AppId;
}
/** From now on a GET shows the new definitions. */
export interface GroupChanged extends Common {
  readonly kind: 'group-changed';
  readonly groupId: string;
  /** The plan's version, ms since 1970. */
  readonly version: number;
}
export interface ApiPost extends Common {
  readonly kind: 'api-post';
  readonly appId: AppId;
}
/** A pod is another one, or gone; which one, the creation does not say. */
export interface PodChanged extends Common {
  readonly kind: 'pod-changed';
  readonly appId: AppId | undefined;
}
export interface Deployment extends Common {
  readonly kind: 'deployment';
  readonly phase: 'progress' | 'end';
  /** Of the plan, ms since 1970. */
  readonly version: number;
  readonly apps: readonly AppId[];
}

export type MarathonEvent =
  | Attached
  | StatusUpdate
  | InstanceChanged
  | HealthChanged
  | UnhealthyKill
  | UnknownTerminated
  | AppTerminated
  | GroupChanged
  | ApiPost
  | PodChanged
  | Deployment;

/** For logs and the journal: `status_update_event /team/web TASK_RUNNING`. */
export function describeEvent(event: MarathonEvent): string {
  switch (event.kind) {
    case 'attached':
      return event.type;
    case 'status':
      return `${event.type} ${event.appId} ${event.state}`;
    case 'instance':
      return `${event.type} ${event.appId} ${event.condition}`;
    case 'health':
      return `${event.type} ${event.appId} ${event.alive === undefined ? 'unknown' : event.alive ? 'healthy' : 'unhealthy'}`;
    case 'group-changed':
      return `${event.type} ${event.groupId}`;
    case 'deployment':
      return [event.type, ...event.apps.slice(0, 3)].join(' ');
    case 'pod-changed':
      return `${event.type} ${event.appId ?? ''}`.trimEnd();
    default:
      return `${event.type} ${event.appId}`;
  }
}
