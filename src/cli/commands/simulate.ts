/** `pacer simulate`: a Marathon to try Pacer against, with sample apps, generated ones or those of a saved answer. */
import { PacerError } from '../../errors.ts';
import { generateApps } from '../../simulator/generate.ts';
import { sampleApps } from '../../simulator/sample-apps.ts';
import { readSavedApps } from '../../simulator/saved.ts';
import { startSimulator, type Simulator, type SimulatorOptions } from '../../simulator/simulator.ts';

export interface SimulateOptions {
  port: number;
  /** How many apps to make up. */
  apps?: number;
  /** Tasks of each app that is made up or loaded. */
  tasks?: number;
  /** A saved answer of GET /v2/apps or GET /v2/groups. */
  load?: string;
  /** At most so many tasks of each loaded app. */
  maxTasks?: number;
  sampleApps: boolean;
  /** The first three numbers of the agents' addresses, like 127.0.1. */
  agentNetwork?: string;
  version?: NonNullable<SimulatorOptions['version']>;
}

export interface SimulateIo {
  out: (line: string) => void;
  signal: AbortSignal;
}

/** From this many tasks on, a few listeners stand for all of them. */
const manyTasks = 2000;
/** A saved cluster is made small enough for one machine. */
const defaultMaxTasks = 5;

export async function simulate(options: SimulateOptions, io: SimulateIo): Promise<number> {
  const loaded = options.load === undefined ? [] : readSavedApps(options.load);
  const generated = generateApps(options.apps ?? 0);
  const bulk = [...generated, ...loaded];
  const perApp = options.tasks ?? options.maxTasks ?? defaultMaxTasks;
  const shared = bulk.length * perApp >= manyTasks;
  const simulator = await start(options, shared);
  try {
    simulator.load(loaded, loadOptions(options, undefined));
    simulator.load(generated, loadOptions(options, 1));
    const samples = options.sampleApps ? sampleApps() : [];
    const begun = [...samples.map((app) => begin(simulator, app, io.out)), simulator.listening()];
    // Whoever ends it does not wait for tasks that come late, or never.
    await Promise.race([Promise.all(begun), aborted(io.signal)]);
    if (!io.signal.aborted) greet(simulator, bulk.length + samples.length, io.out);
    await aborted(io.signal);
  } finally {
    await simulator.close();
  }
  return 0;
}

/** Resolves when the tasks of a sample app run, or when one of them has failed, which is told once. */
function begin(
  simulator: Simulator,
  app: { readonly id: string },
  out: (line: string) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const forget = simulator.onEvent(({ eventType, appId, taskStatus, message }) => {
      if (eventType !== 'status_update_event' || appId !== app.id || taskStatus !== 'TASK_FAILED') return;
      out(
        `A task of ${app.id} cannot start: ${String(message).replace(/^Error: /, '')}. It is tried again and again.`,
      );
      forget();
      resolve();
    });
    simulator.deploy(app).then(() => {
      forget();
      resolve();
    }, reject);
  });
}

async function start(options: SimulateOptions, shared: boolean): Promise<Simulator> {
  const { port, agentNetwork, version } = options;
  try {
    return await startSimulator({
      port,
      tasks: shared ? 'shared' : 'dedicated',
      taskKilling: true,
      timings: { offerMs: 200, startingMs: 200, runningMs: 500, killMs: 1000 },
      definitionDelayMs: 20,
      ...(agentNetwork === undefined ? {} : { agentNetwork }),
      ...(version === undefined ? {} : { version }),
    });
  } catch (error) {
    const why = reasons.get(String((error as NodeJS.ErrnoException).code));
    if (why === undefined) throw error;
    const remedy = 'choose another port with --port, or end the program that holds it';
    throw new PacerError('PORT_IN_USE', `port ${port} ${why}`, remedy, { cause: error });
  }
}

/** Why the system gives no port. */
const reasons: ReadonlyMap<string, string> = new Map([
  ['EADDRINUSE', 'is taken'],
  ['EACCES', 'is not for this user: below 1024 it takes root'],
]);

function loadOptions({ tasks, maxTasks }: SimulateOptions, fallback: number | undefined) {
  const tasksEach = tasks ?? fallback;
  return tasksEach === undefined ? { maxTasks: maxTasks ?? defaultMaxTasks } : { tasksEach };
}

function greet(simulator: Simulator, apps: number, out: (line: string) => void): void {
  const { url } = simulator;
  const tasks = simulator.tasks();
  const [first] = tasks;
  out(`A simulated Marathon listens on ${url} with ${apps} apps and ${tasks.length} tasks.`);
  if (tasks.length === 0) out('No app has a task: the apps say 0 instances. --tasks gives them some.');
  out('');
  out('Things to try:');
  out(`  curl -s '${url}/v2/apps?embed=apps.tasks'`);
  out(`  curl -sN -H 'Accept: text/event-stream' ${url}/v2/events`);
  if (first) {
    out(`  curl -s http://${first.address}:${first.port}/`);
    out(`  curl -s -X PUT ${url}/v2/apps/${first.appId} -d '{"instances": 5}'`);
    out(`  curl -s -X POST ${url}/v2/apps/${first.appId}/restart`);
    out(`  curl -s -X POST ${url}/_simulator/unhealthy -d '{"task": "${first.id}"}'`);
    out(`  curl -s -X POST ${url}/_simulator/lose-agent -d '{"host": "${first.host}"}'`);
  }
  out(`  curl -s ${url}/_simulator/state`);
  out('');
  out('It runs until Ctrl-C.');
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
