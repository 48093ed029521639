/**
 * The health check on the statistics port while the node stops. It fails first, so that load balancers in front of this
 * node use other nodes.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { HaproxyControl } from '../../haproxy/control/control.ts';
import type { Logger } from '../../observe/log.ts';
import { stoppingMap } from '../../render/render.ts';
import type { Settings } from '../../settings/settings.ts';

type Runtime = Pick<HaproxyControl, 'runtime'>;

/** Milliseconds between two checks of the mark: a reload reads the map from its file, which is empty. */
const lookMs = 200;

/**
 * Makes the health check fail and gives load balancers in front time to notice. Not needed if HAProxy keeps running.
 */
export async function leaveNode(
  { haproxyMode, onExit, stopDelay }: Settings,
  control: Runtime,
  log: Logger,
): Promise<void> {
  if (haproxyMode !== 'supervise' || onExit === 'keep') return;
  log.info({ stopDelay }, 'the health check fails from now on; HAProxy serves until the delay is over');
  const told = await announceStop(control, stopDelay * 1000).catch(() => false);
  if (!told) log.warn('HAProxy did not accept the failing health check, so it is stopped at once');
}

/**
 * Makes the health check fail for this many milliseconds, then returns. Everything else is still served.
 * @returns false, at once, if HAProxy does not accept it
 */
async function announceStop(control: Runtime, delayMs: number): Promise<boolean> {
  const until = performance.now() + delayMs;
  if (!(await marked(control)) && !(await mark(control))) return false;
  for (let left = delayMs; left > 0; left = until - performance.now()) {
    await sleep(Math.min(lookMs, left));
    // A HAProxy that does not answer is reloading: it is asked again.
    if (!(await marked(control).catch(() => true))) await mark(control).catch(() => undefined);
  }
  return true;
}

/** Removes the mark of a Pacer that was killed while it stopped. */
export async function takeBackStop(control: Runtime): Promise<void> {
  if (await marked(control)) await control.runtime([`clear map ${stoppingMap}`]);
}

async function marked(control: Runtime): Promise<boolean> {
  const [reply] = await control.runtime([`show map ${stoppingMap}`]);
  return reply?.kind === 'ok' && / node stopping$/m.test(reply.text);
}

async function mark(control: Runtime): Promise<boolean> {
  const [reply] = await control.runtime([`add map ${stoppingMap} node stopping`]);
  return reply?.kind === 'ok';
}
