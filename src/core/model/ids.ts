/** Branded strings, so that an app id cannot be used as a backend name. */
declare const brand: unique symbol;
type Brand<T, B extends string> = T & { readonly [brand]: B };

/** Marathon's absolute path of an app or pod, for example `/team/web`. */
export type AppId = Brand<string, 'AppId'>;
/** Marathon's task id, for example `team_web.instance-8a2b…._app.1`. */
export type TaskId = Brand<string, 'TaskId'>;
/** Marathon's instance id, for example `team_web.instance-8a2b…`. */
export type InstanceId = Brand<string, 'InstanceId'>;
/** The name of a HAProxy backend (and of its service port's frontend), for example `team_web_10001`. */
export type BackendName = Brand<string, 'BackendName'>;
/** The name of a HAProxy server, for example `agent1_10_0_0_5_31007`. */
export type ServerName = Brand<string, 'ServerName'>;
/** A lower-case host name, or `*.` and a host name, for any one label below it. */
export type Host = Brand<string, 'Host'>;

/** Marks text as an app id, and makes it absolute. */
export const asAppId = (text: string): AppId => (text.startsWith('/') ? text : `/${text}`) as AppId;
/** Marks text as a task id. */
export const asTaskId = (text: string): TaskId => text as TaskId;
/** Marks text as an instance id. */
export const asInstanceId = (text: string): InstanceId => text as InstanceId;

/**
 * The instance of a task id: everything except the container, and the incarnation that Marathon 1.4 and later append.
 * In older versions a task was its own instance.
 * [marathon] core/task/Task.scala, core/instance/Instance.scala
 */
export function instanceIdOf(taskId: string): InstanceId {
  const match = /^(.+\.(?:instance-|marathon-)[^_.]+)[._][^.]+(?:\.\d+)?$/.exec(taskId);
  return (match?.[1] ?? taskId) as InstanceId;
}

/** Orders by code point: the same on every node, whatever its locale. */
export function byCodePoint(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
