/** Finds out whether HAProxy has followed a change, and how long that took, from what Pacer reports. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Simulator } from '../simulator/simulator.ts';
import type { DaemonProcess } from './daemon.ts';

/** How HAProxy followed one change. */
export interface Followed {
  /**
   * Milliseconds from the event's arrival until HAProxy ran it, of the slowest revision of the change; undefined if
   * there was none.
   */
  readonly slowestMs: number | undefined;
  readonly reloads: number;
}

interface RevisionView {
  readonly revision: number;
  readonly eventToAppliedMs?: number;
  readonly plan: { readonly kind: string };
  readonly result: { readonly kind: string };
}

interface AppView {
  readonly ports: readonly {
    readonly servers: readonly { readonly taskId: string; readonly admin: string }[];
  }[];
}

/** The number of the newest revision; 0 if there is none. */
export async function lastRevision(daemon: DaemonProcess): Promise<number> {
  return (await revisions(daemon))[0]?.revision ?? 0;
}

/**
 * Waits until the app's servers are its healthy tasks and HAProxy runs the desired configuration.
 * @throws Error after 30 seconds
 */
export async function followed(
  daemon: DaemonProcess,
  marathon: Simulator,
  app: string,
  since: number,
): Promise<Followed> {
  const deadline = Date.now() + 30_000;
  while (!(await inStep(daemon, marathon, app))) {
    if (Date.now() > deadline)
      throw new Error(`HAProxy has not followed the change of ${app} within 30 seconds`);
    await sleep(25);
  }
  const fresh = (await revisions(daemon)).filter(
    ({ revision, result }) => revision > since && result.kind === 'applied',
  );
  const times = fresh.flatMap(({ eventToAppliedMs }) => eventToAppliedMs ?? []);
  return {
    slowestMs: times.length === 0 ? undefined : Math.max(...times),
    reloads: fresh.filter(({ plan }) => plan.kind === 'reload').length,
  };
}

async function inStep(daemon: DaemonProcess, marathon: Simulator, app: string): Promise<boolean> {
  const wanted = marathon
    .tasks(app)
    .filter(({ state, healthy }) => state === 'TASK_RUNNING' && healthy !== false)
    .map(({ id }) => id)
    .sort();
  const view = (await daemon.get(`/apps${app}`)) as AppView | undefined;
  const servers = (view?.ports ?? []).flatMap((port) => port.servers.map(({ taskId }) => taskId)).sort();
  return JSON.stringify(servers) === JSON.stringify(wanted) && (await inSync(daemon));
}

async function revisions(daemon: DaemonProcess): Promise<readonly RevisionView[]> {
  return ((await daemon.get('/revisions')) ?? []) as readonly RevisionView[];
}

async function inSync(daemon: DaemonProcess): Promise<boolean> {
  const status = (await daemon.get('/status')) as { haproxy: { inSync: boolean } } | undefined;
  return status?.haproxy.inSync === true;
}
