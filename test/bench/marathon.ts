/** The benchmark's hand on the process that plays Marathon. */
import { fork } from 'node:child_process';
import { join } from 'node:path';
import type { Call, Counts, FromMarathon, TaskEvent, ToMarathon } from './messages.ts';

export interface Marathon {
  /** Of the counting proxy. */
  readonly url: string;
  readonly load: (apps: number, tasksEach: number) => Promise<unknown>;
  /** Resolves when the deployment has finished. */
  readonly scale: (app: string, instances: number) => Promise<unknown>;
  readonly counts: () => Promise<Counts>;
  /** The next event that says one of these of a task of the app. Ask before what causes it. */
  readonly next: (app: string, states: readonly string[]) => Promise<TaskEvent>;
  readonly close: () => Promise<void>;
}

const root = join(import.meta.dirname, '..', '..');

export async function startMarathon(killMs: number): Promise<Marathon> {
  const child = fork(new URL('./marathon-process.ts', import.meta.url), [String(killMs)], {
    cwd: root,
    execArgv: ['--import', 'tsx'],
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const gone = new Promise<never>((_, reject) => {
    child.once('exit', () => reject(new Error('the process that plays Marathon has ended')));
  });
  /** Whoever waits for it hears of the end; it may be that nobody waits yet. */
  const orGone = <T>(answer: Promise<T>): Promise<T> => {
    const first = Promise.race([answer, gone]);
    first.catch(() => undefined);
    return first;
  };
  const waiting = new Map<number, { resolve: (counts: Counts) => void; reject: (error: Error) => void }>();
  const watchers = new Set<(event: TaskEvent) => void>();
  let calls = 0;
  const url = new Promise<string>((resolve) => {
    child.on('message', (message: FromMarathon) => {
      switch (message.kind) {
        case 'listening':
          resolve(message.url);
          break;
        case 'task':
          for (const watcher of watchers) watcher(message.event);
          break;
        case 'answer':
          waiting.get(message.id)?.resolve(message.counts);
          waiting.delete(message.id);
          break;
        case 'failed':
          waiting.get(message.id)?.reject(new Error(message.message));
          waiting.delete(message.id);
          break;
      }
    });
  });
  const call = (what: Call) =>
    orGone(
      new Promise<Counts>((resolve, reject) => {
        const message: ToMarathon = { id: ++calls, call: what };
        waiting.set(message.id, { resolve, reject });
        child.send(message, (error) => {
          if (error !== null) reject(error);
        });
      }),
    );
  return {
    url: await orGone(url),
    load: (apps, tasksEach) => call({ name: 'load', apps, tasksEach }),
    scale: (app, instances) => call({ name: 'scale', app, instances }),
    counts: () => call({ name: 'counts' }),
    next: (app, states) =>
      orGone(
        new Promise((resolve) => {
          const watcher = (event: TaskEvent) => {
            if (event.app !== app || !states.includes(event.state)) return;
            watchers.delete(watcher);
            resolve(event);
          };
          watchers.add(watcher);
        }),
      ),
    close: () => {
      if (child.connected) child.disconnect();
      return ended;
    },
  };
}
