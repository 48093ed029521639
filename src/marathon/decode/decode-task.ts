/** One task of an app, from any version of the API. It must not know the app's ports or checks. */
import { asTaskId, instanceIdOf, type AppId } from '../../core/model/ids.ts';
import type { Task } from '../../core/model/model.ts';
import { describeIssues, rawTask, type RawTask } from './raw.ts';
import { taskStateOf } from './task-state.ts';

export function decodeTask(json: unknown, appId: AppId): Task | { readonly problem: string } {
  const parsed = rawTask.safeParse(json);
  if (!parsed.success) return { problem: describeIssues(parsed.error) };
  const raw = parsed.data;
  const state = stateOf(raw);
  if (state === undefined) return { problem: `task ${raw.id} has the unknown state "${raw.state ?? ''}"` };
  return {
    id: asTaskId(raw.id),
    instanceId: instanceIdOf(raw.id),
    appId,
    state,
    host: raw.host ?? '',
    ports: raw.ports ?? [],
    ipAddresses: addressesOf(raw.ipAddresses),
    version: raw.version ?? '',
    ...at('startedAt', raw.startedAt ?? raw.stagedAt),
    alive: (raw.healthCheckResults ?? []).flatMap((result) => result?.alive ?? []),
    aliveIsAggregate: false,
    awaitsReadiness: false,
    leaving: state === 'TASK_KILLING',
  };
}

/** A time of Marathon's as milliseconds since 1970; no key where there is none. */
export function at<K extends string>(key: K, text: string | null | undefined): Partial<Record<K, number>> {
  const time = Date.parse(text ?? '');
  return (Number.isNaN(time) ? {} : { [key]: time }) as Partial<Record<K, number>>;
}

export function addressesOf(list: RawTask['ipAddresses']): string[] {
  return (list ?? []).flatMap((entry) => entry.ipAddress ?? []);
}

/** [marathon] before 1.0 tasks came without a state; `startedAt` is set when TASK_RUNNING is seen. */
function stateOf(raw: RawTask): Task['state'] | undefined {
  if (raw.state !== undefined && raw.state !== null) return taskStateOf(raw.state);
  return raw.startedAt === undefined || raw.startedAt === null ? 'TASK_STAGING' : 'TASK_RUNNING';
}
