/** Ids of apps, instances and tasks, and what can be read out of them. */

/** `web//front/` and `/web/front` are the same app: Marathon's URIs carry the id's own leading slash. */
export function pathId(text: string): string {
  return `/${text.split('/').filter(Boolean).join('/')}`;
}

/** An id as written in a definition inside `group`: relative ids count from the group. */
export function resolveId(group: string, id: string): string {
  return id.startsWith('/') ? pathId(id) : pathId(`${group}/${id}`);
}

export function parentOf(id: string): string {
  return pathId(id.slice(0, id.lastIndexOf('/')));
}

/** Whether `id` lies in `group` or in a group below it. */
export function isBelow(id: string, group: string): boolean {
  return group === '/' || id.startsWith(`${group}/`);
}

/** [marathon] The segments of an id hold no `_`, so the way back is safe. */
function safeId(id: string): string {
  return id.slice(1).replaceAll('/', '_');
}

export function instanceIdOf(runSpecId: string, uuid: string, incarnations: boolean): string {
  return `${safeId(runSpecId)}.${incarnations ? 'instance' : 'marathon'}-${uuid}`;
}

/**
 * [marathon] 1.8 and later: the instance, the container and a number that grows; before: the app and the uuid, or, in
 * a pod, the instance and the container. `incarnation` is undefined where instances have none.
 */
export function taskIdOf(instanceId: string, container: string, incarnation: number | undefined): string {
  if (instanceId.includes('.marathon-')) return instanceId.replace('.marathon-', '.');
  return incarnation === undefined
    ? `${instanceId}.${container}`
    : `${instanceId}.${container}.${incarnation}`;
}

/** [marathon] The shapes of task ids, newest first; the order matters. */
const taskIds = [
  /^(.+)\.(?:instance-|marathon-)[^_.]+[._][^.]+\.\d+$/,
  /^(.+)\.(?:instance-|marathon-)[^_.]+(?:[._][^.]+)?$/,
  /^(.+)[._][^_.]+\.\d+$/,
  /^(.+)[._][^_.]+$/,
];

/** The app a task id belongs to, or undefined where the text is no task id. */
export function runSpecOfTask(taskId: string): string | undefined {
  for (const shape of taskIds) {
    const safe = shape.exec(taskId)?.[1];
    if (safe !== undefined) return pathId(safe.replaceAll('_', '/'));
  }
  return undefined;
}

const segment = /^(?:[a-z0-9]|[a-z0-9][a-z0-9-]*[a-z0-9])(?:\.(?:[a-z0-9]|[a-z0-9][a-z0-9-]*[a-z0-9]))*$/;

export function isValidId(id: string): boolean {
  return (
    id !== '/' &&
    id
      .slice(1)
      .split('/')
      .every((part) => segment.test(part))
  );
}
