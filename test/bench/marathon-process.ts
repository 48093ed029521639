/**
 * Marathon's simulator, its sample tasks and the counting proxy, as a process of their own (forked by
 * marathon.ts). It ends with its parent.
 *
 * In the prober's process it would disturb the measurement: see the header of measure.ts.
 */
import { generateApps } from '../../src/simulator/generate.ts';
import type { MarathonEvent } from '../../src/simulator/events.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { startCountingProxy } from './counting-proxy.ts';
import { now, type Call, type Counts, type FromMarathon, type ToMarathon } from './messages.ts';

/** Long enough for the definition's events to be over before the task runs, as with a real Marathon. */
const startMs = 250;
/** A task that is killed serves on for so long: what ends its answers has to be HAProxy, not its death. */
const killMs = Number(process.argv[2]);

const say = (message: FromMarathon) => process.send?.(message);

// Ctrl-C reaches the whole process group; the parent ends things in order.
process.on('SIGINT', () => undefined);
process.on('disconnect', () => process.exit());

const simulator = await startSimulator({
  tasks: 'shared',
  taskKilling: true,
  timings: { offerMs: 20, startingMs: 20, runningMs: startMs, killMs },
});
const proxy = await startCountingProxy(simulator.port);
let events = 0;
simulator.onEvent((event) => {
  events += 1;
  if (event.eventType === 'status_update_event') tellTask(event);
});
process.on('message', ({ id, call }: ToMarathon) => {
  perform(call)
    .then(() => say({ kind: 'answer', id, counts: counts() }))
    .catch((error: unknown) => say({ kind: 'failed', id, message: String(error) }));
});
say({ kind: 'listening', url: `http://127.0.0.1:${proxy.port}` });

async function perform(call: Call): Promise<void> {
  if (call.name === 'scale') await simulator.scale(call.app, call.instances);
  if (call.name !== 'load') return;
  // No Marathon health checks: TASK_RUNNING is what makes a task a server. And HAProxy keeps no file
  // descriptor for a server without a check, so that the size is not limited by them.
  simulator.load(generateApps(call.apps, { healthChecks: false }), { tasksEach: call.tasksEach });
  await simulator.listening();
}

function counts(): Counts {
  return { events, ...proxy.counts() };
}

function tellTask({ appId, taskId, taskStatus }: MarathonEvent): void {
  const event = { app: String(appId), task: String(taskId), state: String(taskStatus), at: now() };
  say({ kind: 'task', event });
}
