/** Placing a task: its agent, its ports, its addresses, and the listeners of its sample program. */
import type { Agent } from './agents.ts';
import { timestamp } from './clock.ts';
import { taskIdOf } from '../definitions/ids.ts';
import type { Instance, TaskRecord } from './instance.ts';
import { startDedicated } from '../samples/dedicated.ts';
import { silentSample, together, type Endpoint, type Sample, type TaskIdentity } from '../samples/sample.ts';
import type { ContainerSpec } from '../definitions/spec.ts';
import type { World } from './world.ts';

/**
 * An offer has come: the instance gets an agent, host ports and its tasks.
 *
 * @param fits which agents may be taken; undefined: any
 * @returns false where no offer fits
 */
export function place(world: World, instance: Instance, fits?: (agent: Agent) => boolean): boolean {
  const { containers, networkMode } = instance.spec;
  const wanted = containers.map((container) => hostPortsOf(container));
  const offer = world.agents.offer(wanted.flat(), fits);
  if (offer === undefined) return false;
  const left = [...offer.ports];
  instance.agent = offer.agent;
  instance.address =
    networkMode === 'host'
      ? offer.agent.host
      : networkMode === 'container'
        ? world.agents.takeAddress()
        : bridgeAddress(offer.ports[0] ?? 2);
  instance.incarnation += 1;
  instance.healthy = undefined;
  instance.tasks = containers.map((container, index) => ({
    id: taskIdOf(instance.id, container.name, world.traits.incarnations ? instance.incarnation : undefined),
    container,
    stagedAt: timestamp(),
    state: 'TASK_STAGING',
    startedAt: undefined,
    ports: left.splice(0, wanted[index]?.length ?? 0),
    ipAddresses: [],
    healthy: true,
    sample: undefined,
    results: [],
  }));
  return true;
}

/** Inside Docker's bridge of the agent: nobody else reaches it. */
function bridgeAddress(port: number): string {
  return `172.17.${(port >> 8) & 255}.${port & 255}`;
}

/** The agent takes back what the instance had. */
export function release(world: World, instance: Instance): void {
  for (const task of instance.tasks) {
    if (instance.agent) world.agents.release(instance.agent, task.ports);
    task.ports = [];
  }
  if (instance.spec.networkMode === 'container' && instance.address !== undefined) {
    world.agents.giveAddress(instance.address);
  }
  instance.address = undefined;
}

function hostPortsOf(container: ContainerSpec): readonly number[] {
  return container.ports.flatMap(({ hostPort }) => (hostPort === undefined ? [] : [hostPort]));
}

/**
 * Where port `index` of a task is reached: agent and host port where one is mapped, else the task's own
 * address and the container's port.
 */
export function endpointOf(instance: Instance, task: TaskRecord, index: number): Endpoint | undefined {
  const port = task.container.ports[index];
  if (port === undefined) return undefined;
  if (port.hostPort === undefined) {
    const { address } = instance;
    if (address === undefined || port.containerPort === undefined) return undefined;
    return { address, port: port.containerPort };
  }
  const before = task.container.ports.slice(0, index).filter(({ hostPort }) => hostPort !== undefined).length;
  const hostPort = task.ports[before];
  if (instance.agent === undefined || hostPort === undefined) return undefined;
  return { address: instance.agent.host, port: hostPort };
}

/** All addresses the task listens on: a container with an address of its own listens there as well. */
export function endpointsOf(instance: Instance, task: TaskRecord): readonly Endpoint[] {
  const found = new Map<string, Endpoint>();
  const add = (endpoint: Endpoint | undefined): void => {
    if (endpoint) found.set(`${endpoint.address}:${endpoint.port}`, endpoint);
  };
  for (const [index, { protocol, containerPort, hostPort }] of task.container.ports.entries()) {
    if (protocol === 'udp') continue;
    const mapped = endpointOf(instance, task, index);
    add(mapped);
    if (
      instance.spec.networkMode === 'container' &&
      hostPort !== undefined &&
      instance.address !== undefined
    ) {
      const port = containerPort === 0 ? mapped?.port : containerPort;
      if (port !== undefined) add({ address: instance.address, port });
    }
  }
  return [...found.values()];
}

function identityOf(instance: Instance, task: TaskRecord): TaskIdentity {
  const { id: app, version } = instance.spec;
  return { app, task: task.id, version, spec: task.container.sample, isHealthy: () => task.healthy };
}

/** Starts to listen. What the app says (SAMPLE=none) and what the simulator was asked for both count. */
export async function startSample(world: World, instance: Instance, task: TaskRecord): Promise<Sample> {
  const now = startSampleNow(world, instance, task);
  if (now) return now;
  const { bootMs } = task.container.sample;
  const start = (): Promise<Sample> => listen(world, instance, task);
  return bootMs > 0 ? bootLater(bootMs, start) : start();
}

/** The same where no socket has to be opened for it; else undefined. */
export function startSampleNow(world: World, instance: Instance, task: TaskRecord): Sample | undefined {
  const { kind, bootMs } = task.container.sample;
  if (world.taskKind === 'none' || kind === 'none') return silentSample;
  const { shared } = world;
  if (!shared || bootMs > 0) return undefined;
  const endpoints = endpointsOf(instance, task);
  const isShared = endpoints.every((endpoint) => shared.holds(endpoint));
  return isShared ? shared.start(identityOf(instance, task), endpoints) : undefined;
}

/** Shared listeners stand for the agents' ports only: a port that the app has fixed gets a socket of its own. */
async function listen({ shared }: World, instance: Instance, task: TaskRecord): Promise<Sample> {
  const identity = identityOf(instance, task);
  const endpoints = endpointsOf(instance, task);
  const own = endpoints.filter((endpoint) => !shared?.holds(endpoint));
  const samples = [await startDedicated(identity, own)];
  if (shared)
    samples.push(
      shared.start(
        identity,
        endpoints.filter((endpoint) => shared.holds(endpoint)),
      ),
    );
  return together(samples);
}

/** A program that needs a while before it listens. */
function bootLater(bootMs: number, start: () => Promise<Sample>): Sample {
  let running: Sample | undefined;
  let ended = false;
  const timer = setTimeout(() => {
    start().then(
      (sample) => {
        if (ended) sample.destroy();
        else running = sample;
      },
      () => undefined,
    );
  }, bootMs);
  const destroy = (): void => {
    ended = true;
    clearTimeout(timer);
    running?.destroy();
  };
  return {
    async stop(graceMs, drainMs) {
      await (running ?? silentSample).stop(graceMs, drainMs);
      destroy();
    },
    destroy,
  };
}
