/**
 * Decides to which task an address belongs: of all tasks that Marathon lists with it, of any app, the one that started
 * last. An agent that was lost and came back gives its ports to new tasks, while Marathon may still list the old ones.
 * A task whose start time is not known neither gains nor loses an address.
 */
import type { AppId, TaskId } from '../model/ids.ts';
import { isIp } from '../labels/address.ts';
import type { App, Task } from '../model/model.ts';
import { endpointOf } from './ports.ts';
import { ShardedMap } from '../collections/sharded-map.ts';
import { startOf } from '../model/task-start.ts';

/** One task and its address: `address:port`, or `name:port` if the name does not resolve. */
export interface Place {
  readonly appId: AppId;
  readonly taskId: TaskId;
  readonly startedAt: number;
  readonly isLost: boolean;
  readonly addresses: readonly string[];
}

/** Address → all tasks that are listed with it. */
export type Addresses = ShardedMap<readonly Place[]>;

/** No task has an address. */
export const noAddresses: Addresses = new ShardedMap();

/** The task to which the address belongs. */
export function holderOf(addresses: Addresses, address: string): Place | undefined {
  const [first, ...others] = addresses.get(address) ?? [];
  return others.reduce((best, other) => (best === undefined || isLater(other, best) ? other : best), first);
}

function isLater(a: Place, b: Place): boolean {
  if (a.startedAt !== b.startedAt) return a.startedAt > b.startedAt;
  if (a.isLost !== b.isLost) return b.isLost;
  return a.taskId === b.taskId ? a.appId < b.appId : a.taskId < b.taskId;
}

type Resolve = (host: string) => string | undefined;

/** What a place was made from, so that unchanged tasks of a large app cost nothing. */
interface Made {
  readonly from: Pick<App, 'id' | 'ports' | 'networkMode' | 'kind'>;
  readonly address: string | undefined;
  readonly place: Place;
}
const made = new WeakMap<Task, Made>();

/** The places of an app's tasks. An unchanged task keeps the same object. */
export function placesOf(app: App, resolve: Resolve): Place[] {
  return app.tasks.flatMap((task) => {
    if (hasEnded.has(task.state) || startOf(task) === -Infinity) return [];
    const address = isIp(task.host) ? task.host : resolve(task.host);
    const known = made.get(task);
    if (known !== undefined && known.address === address && isSame(known.from, app)) return known.place;
    const place = placeOf(app, task, resolve);
    // Not the app itself: its other tasks would keep the versions before it, as long as this task lives.
    const { id, ports, networkMode, kind } = app;
    made.set(task, { from: { id, ports, networkMode, kind }, address, place });
    return place;
  });
}

const hasEnded: ReadonlySet<Task['state']> = new Set([
  'TASK_FINISHED',
  'TASK_FAILED',
  'TASK_KILLED',
  'TASK_ERROR',
  'TASK_DROPPED',
  'TASK_GONE',
  'TASK_GONE_BY_OPERATOR',
]);

const isSame = (a: Made['from'], b: Made['from']): boolean =>
  a.id === b.id && a.ports === b.ports && a.networkMode === b.networkMode && a.kind === b.kind;

function placeOf(app: App, task: Task, resolve: Resolve): Place {
  const addresses = new Set<string>();
  for (const index of app.ports.keys()) {
    const endpoint = endpointOf(app, task, index);
    if (endpoint.kind === 'none') continue;
    const { host, port } = endpoint;
    addresses.add(addressOf((isIp(host) ? undefined : resolve(host)) ?? host, port));
  }
  const isLost = task.state === 'TASK_UNREACHABLE' || task.state === 'TASK_LOST';
  const { id: taskId } = task;
  return { appId: app.id, taskId, startedAt: startOf(task), isLost, addresses: [...addresses] };
}

/** The key of an address. */
export const addressOf = (host: string, port: number): string => `${host}:${port}`;

/** The places of one app before and after a change. */
export interface PlacesChange {
  readonly before: readonly Place[];
  readonly after: readonly Place[];
}

/** The addresses after some apps changed, and the apps with a task that gained or lost an address. */
export function nextAddresses(
  previous: Addresses,
  changes: Iterable<PlacesChange>,
): { addresses: Addresses; touched: ReadonlySet<AppId> } {
  const edits = new Map<string, readonly Place[]>();
  const edit = (place: Place, change: (places: readonly Place[]) => readonly Place[]) => {
    for (const address of place.addresses)
      edits.set(address, change(edits.get(address) ?? previous.get(address) ?? []));
  };
  for (const { before, after } of changes) {
    const [old, now] = [new Set(before), new Set(after)];
    for (const place of old)
      if (!now.has(place)) edit(place, (places) => places.filter((it) => it !== place));
    for (const place of now) if (!old.has(place)) edit(place, (places) => [...places, place]);
  }
  const addresses = previous.with(
    new Map([...edits].map(([address, places]) => [address, places.length === 0 ? undefined : places])),
  );
  const touched = new Set<AppId>();
  for (const address of edits.keys()) {
    if (holderOf(previous, address)?.taskId === holderOf(addresses, address)?.taskId) continue;
    for (const { appId } of [...(previous.get(address) ?? []), ...(addresses.get(address) ?? [])])
      touched.add(appId);
  }
  return { addresses, touched };
}
