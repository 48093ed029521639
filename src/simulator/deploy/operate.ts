/** The simulator's programmatic side: what a test does to a cluster. */
import { isReady } from './choice.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { appOf, existingApp, patchedApp, restarted } from './changes.ts';
import { taskOf } from '../faults/control.ts';
import { event, type MarathonEvent } from '../faults/events.ts';
import type { Update } from '../definitions/groups.ts';
import { parentOf, resolveId } from '../definitions/ids.ts';
import type { Instance, TaskRecord, TaskState } from '../cluster/instance.ts';
import { objectOf, stringOf, type Json } from '../definitions/json.ts';
import { endpointOf } from '../cluster/launch.ts';
import { hasImage } from '../validation/container.ts';
import { loadApps, type LoadOptions } from '../load.ts';
import { killAndScale } from '../api/tasks.ts';

/** A task as a test sees it. */
export interface TaskView {
  readonly id: string;
  readonly instanceId: string;
  readonly appId: string;
  readonly version: string;
  readonly host: string;
  /** Where it listens for the first of its ports; 0 where it has none. */
  readonly port: number;
  readonly address: string;
  /** Host ports, as Marathon lists them. */
  readonly ports: readonly number[];
  readonly ipAddresses: readonly string[];
  readonly state: TaskState;
  readonly healthy: boolean | undefined;
}

export interface Operations {
  /** Creates the app, or replaces its definition. Resolves when the deployment has finished. */
  deploy(app: object): Promise<void>;
  /** PATCH. Resolves when the deployment has finished. */
  update(id: string, patch: object): Promise<void>;
  scale(id: string, instances: number): Promise<void>;
  restart(id: string): Promise<void>;
  remove(id: string): Promise<void>;
  /** Resolves when the task is dead. */
  kill(taskId: string, options?: { scale?: boolean }): Promise<void>;
  failTask(taskId: string): void;
  /** `serving`: Marathon cannot see the agent, but its tasks go on answering. */
  loseAgent(host: string, options?: { serving?: boolean }): void;
  /** The machine of a lost agent is back as another one, with all its ports free; the tasks of the lost one stay listed. */
  replaceAgent(host: string): void;
  recoverAgent(host: string): Promise<void>;
  setHealthy(taskId: string, healthy: boolean): void;
  /** The readiness checks of the task pass; with real checks they pass by themselves. */
  setReady(taskId: string): void;
  tasks(appId?: string): readonly TaskView[];
  /** Many apps at once, running, with no events. */
  load(apps: readonly object[], options?: LoadOptions): void;
  /** Resolves when all tasks that were loaded listen. */
  listening(): Promise<void>;
  /** The leader changes: all streams are closed, and (unless told otherwise) the health results are lost. */
  failover(options?: { loseHealth?: boolean }): void;
  /** Sees each event as it is published; returns the way to stop. */
  onEvent(listener: (published: MarathonEvent) => void): () => void;
  /** How many streams are attached. */
  readers(): number;
  /** Resolves when `count` tasks of the app run (and are healthy, where it has checks). */
  running(appId: string, count: number): Promise<void>;
}

export function operate(cluster: Cluster): Operations {
  const { world, life, groups, control, streams } = cluster;
  let loading: Promise<void> = Promise.resolve();

  async function change(id: string, make: (version: string) => Update): Promise<void> {
    const { done } = await groups.update(make);
    if ((await done) === 'failed') throw new Error(`The deployment of ${id} has failed`);
  }

  const put = (id: string, uri: string, make: (version: string) => Update['specs']): Promise<void> =>
    change(id, (version) => ({
      groupId: parentOf(id),
      specs: make(version),
      force: true,
      announce: () =>
        event('api_post_event', {
          clientIp: '127.0.0.1',
          uri,
          appDefinition: world.registry.specs.get(id)?.definition,
        }),
    }));
  const patch = (id: string, fields: Json): Promise<void> =>
    put(id, `/v2/apps/${id}`, (version) => new Map([[id, patchedApp(world, fields, id, version)]]));

  return {
    deploy(app) {
      const body = runnable(objectOf(app));
      const id = resolveId('/', stringOf(body['id']));
      return put(id, '/v2/apps', (version) => new Map([[id, appOf(world, body, id, version)]]));
    },
    update: (id, fields) => patch(id, objectOf(fields)),
    scale: (id, instances) => patch(id, { instances }),
    restart: (id) =>
      change(id, (version) => ({
        groupId: parentOf(id),
        specs: new Map([[id, restarted(world, id, version)]]),
        force: true,
      })),
    async remove(id) {
      existingApp(world, id);
      await change(id, () => ({ groupId: parentOf(id), specs: new Map([[id, undefined]]), force: true }));
    },
    async kill(taskId, { scale = false } = {}) {
      const { instance } = taskOf(world, taskId);
      if (!scale) return life.kill(instance, false);
      await (
        await killAndScale({ world, groups }, [instance], true)
      ).done;
    },
    ...control,
    tasks: (appId) => {
      const instances =
        appId === undefined ? world.registry.allInstances() : world.registry.instancesOf(appId);
      return [...instances].flatMap((instance) => instance.tasks.map((task) => taskView(instance, task)));
    },
    load(apps, options) {
      loading = Promise.all([loading, loadApps(world, life, apps, options)]).then(() => undefined);
    },
    listening: () => loading,
    onEvent: (listener) => world.bus.watch(listener),
    readers: () => streams.size,
    running: (appId, count) =>
      life.until(
        appId,
        () => world.registry.instancesOf(appId).filter(isReady).length === count,
        new AbortController().signal,
      ),
  };
}

/** A test need not say what its app runs. */
function runnable(app: Json): Json {
  const says = app['cmd'] !== undefined || app['args'] !== undefined || hasImage(app['container']);
  return says ? app : { cmd: './sample', ...app };
}

function taskView(instance: Instance, task: TaskRecord): TaskView {
  const endpoint = endpointOf(instance, task, 0);
  return {
    id: task.id,
    instanceId: instance.id,
    appId: instance.spec.id,
    version: instance.spec.version,
    host: instance.agent?.host ?? '',
    port: endpoint?.port ?? 0,
    address: endpoint?.address ?? '',
    ports: task.ports,
    ipAddresses: task.ipAddresses,
    state: task.state,
    healthy: instance.healthy,
  };
}
