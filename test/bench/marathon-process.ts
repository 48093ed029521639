/**
 * Marathon's simulator as a process of its own (forked by marathon.ts). It ends with its parent.
 *
 * In the prober's process it would disturb the measurement: see the header of measure.ts.
 */
import { generateApps } from '../../src/simulator/generate.ts';
import type { MarathonEvent } from '../../src/simulator/faults/events.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { now, type Call, type FromMarathon, type Start, type ToMarathon } from './messages.ts';

/** Long enough for the definition's events to be over before the task runs, as with a real Marathon. */
const startMs = 250;
const { port, taskPorts, killMs } = JSON.parse(process.argv[2] ?? '') as Start;

const say = (message: FromMarathon) => process.send?.(message);

// Ctrl-C reaches the whole process group; the parent ends things in order.
process.on('SIGINT', () => undefined);
process.on('disconnect', () => process.exit());

const simulator = await startSimulator({
  port,
  tasks: 'none',
  hostPorts: taskPorts,
  taskKilling: true,
  timings: { offerMs: 20, startingMs: 20, runningMs: startMs, killMs },
});
let events = 0;
simulator.onEvent((event) => {
  events += 1;
  if (event.eventType === 'status_update_event') tellTask(event);
});
process.on('message', ({ id, call }: ToMarathon) => {
  perform(call)
    .then(() => say({ kind: 'answer', id, events }))
    .catch((error: unknown) => say({ kind: 'failed', id, message: String(error) }));
});
say({ kind: 'listening' });

async function perform(call: Call): Promise<void> {
  if (call.name === 'scale') await simulator.scale(call.app, call.instances);
  if (call.name !== 'load') return;
  // No Marathon health checks: TASK_RUNNING is what makes a task a server. And HAProxy keeps no file
  // descriptor for a server without a check, so that the size is not limited by them.
  simulator.load(generateApps(call.apps, { healthChecks: false }), { tasksEach: call.tasksEach });
}

function tellTask({ appId, taskId, taskStatus, host, ports }: MarathonEvent): void {
  const address = `${String(host)}:${(ports as readonly number[])[0] ?? 0}`;
  const event = { app: String(appId), task: String(taskId), address, state: String(taskStatus) };
  // Node writes to its sockets once what made the event is through.
  process.nextTick(() => say({ kind: 'task', event: { ...event, at: now() } }));
}
