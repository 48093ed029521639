/**
 * A blue/green deploy tool as they are used with marathon-lb: it knows Marathon's API, and of the load balancers
 * only `/haproxy?stats;csv` and `/_haproxy_getpids`. It ends a task when every one of them says that it is MAINT
 * and has neither sessions nor a queue.
 */
import { request } from 'undici';
import { setTimeout as sleep } from 'node:timers/promises';
import { serverName } from '../../src/core/model/names.ts';

export interface DeployTool {
  readonly marathon: string;
  /** `http://host:port` of each load balancer's statistics. */
  readonly loadBalancers: readonly string[];
}

interface MarathonTask {
  readonly id: string;
  readonly host: string;
  readonly ports: readonly number[];
}

export interface MarathonApp {
  readonly id: string;
  readonly instances: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly tasks?: readonly MarathonTask[];
}

interface Listener {
  readonly server: string;
  readonly status: string;
  readonly sessions: number;
  readonly queue: number;
}

/** On a connection of its own: one that is kept may be closed by the other side just now. */
export async function call(url: string, method = 'GET', body?: unknown): Promise<unknown> {
  const response = await request(url, {
    method: method as 'GET',
    reset: true,
    headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.body.text();
  if (response.statusCode >= 300) throw new Error(`${method} ${url}: ${response.statusCode} ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}

/** What a load balancer answers, asked on a connection of its own, as `call` does. */
export async function textAt(url: string): Promise<string> {
  const { statusCode, body } = await request(url, { reset: true });
  const text = await body.text();
  if (statusCode !== 200) throw new Error(`${url}: ${statusCode}`);
  return text;
}

export const appOf = async (tool: DeployTool, id: string): Promise<MarathonApp> =>
  ((await call(`${tool.marathon}/v2/apps/${id}?embed=app.tasks`)) as { app: MarathonApp }).app;

export interface Step {
  readonly old: number;
  readonly fresh: number;
  readonly killed: readonly string[];
}

/**
 * Replaces the tasks of `oldId` by those of `newId`, which has been started, step by step; then deletes the old app.
 * @param watch is told of every step, and may end the deploy early by answering false
 */
export async function swap(
  tool: DeployTool,
  names: {
    readonly oldId: string;
    readonly newId: string;
    readonly backend: string;
    readonly target: number;
  },
  watch: (step: Step) => boolean,
): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    if (Date.now() > deadline) throw new Error('the deploy does not come to an end');
    await sleep(50);
    const [old, fresh] = [await appOf(tool, names.oldId), await appOf(tool, names.newId)];
    const [oldTasks, newTasks] = [old.tasks ?? [], fresh.tasks ?? []];
    const listeners = await allListeners(tool, names.backend);
    // A load balancer with two workers is in a reload: what it says is not all there is.
    if (listeners === undefined) continue;
    const known = (tasks: readonly MarathonTask[]) => {
      const servers = new Set(tasks.map(nameOf));
      return listeners.map((of) => of.filter(({ server }) => servers.has(server)));
    };
    const ups = known(newTasks).map((of) => of.filter(({ status }) => status === 'UP').length);
    if (newTasks.length < fresh.instances || ups.some((count) => count < fresh.instances)) continue;
    if (known(oldTasks).some((of) => of.length !== oldTasks.length)) continue;
    const drained = oldTasks.filter((task) =>
      listeners.every((of) =>
        of.some(
          ({ server, status, sessions, queue }) =>
            server === nameOf(task) && status === 'MAINT' && sessions === 0 && queue === 0,
        ),
      ),
    );
    if (drained.length === 0 && oldTasks.length > 0) continue;
    const killed = drained.map(({ id }) => id);
    if (!watch({ old: oldTasks.length, fresh: newTasks.length, killed })) return;
    if (drained.length === oldTasks.length && fresh.instances >= names.target) {
      await call(`${tool.marathon}/v2/apps/${names.oldId}`, 'DELETE');
      return;
    }
    if (drained.length < oldTasks.length)
      await call(`${tool.marathon}/v2/tasks/delete?scale=true&force=true`, 'POST', { ids: killed });
    if (fresh.instances < names.target) {
      const instances = Math.min(names.target, Math.ceil(fresh.instances * 1.5));
      await call(`${tool.marathon}/v2/apps/${names.newId}?force=true`, 'PUT', { instances });
    }
  }
}

const nameOf = ({ host, ports }: MarathonTask): string => serverName(host, host, ports[0] ?? 0);

/** What each load balancer says of the servers of a backend; undefined while one of them reloads. */
async function allListeners(
  { loadBalancers }: DeployTool,
  backend: string,
): Promise<Listener[][] | undefined> {
  const all: Listener[][] = [];
  for (const base of loadBalancers) {
    const pids = (await textAt(`${base}/_haproxy_getpids`)).trim().split(/\s+/);
    if (pids.length !== 1) return undefined;
    all.push(listenersOf(await textAt(`${base}/haproxy?stats;csv`), backend));
  }
  return all;
}

function listenersOf(csv: string, backend: string): Listener[] {
  const [head = '', ...rows] = csv.trim().split('\n');
  const columns = head.replace(/^# /, '').split(',');
  return rows.flatMap((row) => {
    const cells = row.split(',');
    const cell = (name: string) => cells[columns.indexOf(name)] ?? '';
    if (cell('pxname') !== backend || ['BACKEND', 'FRONTEND'].includes(cell('svname'))) return [];
    return [
      {
        server: cell('svname'),
        status: cell('status'),
        sessions: Number(cell('scur')),
        queue: Number(cell('qcur')),
      },
    ];
  });
}
