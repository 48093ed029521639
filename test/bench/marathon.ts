/** The benchmark's hand on the process that plays Marathon, and on what is between it and Pacer. */
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { freePorts } from '../support/free-ports.ts';
import { startElsewhere } from './elsewhere.ts';
import type { Call, Counts, FromMarathon, Start, TaskEvent, ToMarathon } from './messages.ts';

export interface Marathon {
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

export interface MarathonOptions {
  readonly killMs: number;
  /** For files of its own. */
  readonly directory: string;
  readonly haproxyBin: string | undefined;
}

export async function startMarathon({ killMs, directory, haproxyBin }: MarathonOptions): Promise<Marathon> {
  const [port = 0] = await freePorts(1);
  const elsewhere = await startElsewhere(directory, port, haproxyBin);
  const start: Start = { port, taskPorts: elsewhere.taskPorts, killMs };
  const child = fork(new URL('./marathon-process.ts', import.meta.url), [JSON.stringify(start)], {
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
  const waiting = new Map<number, { resolve: (events: number) => void; reject: (error: Error) => void }>();
  const watchers = new Set<(event: TaskEvent) => void>();
  let calls = 0;
  const listening = new Promise<void>((resolve) => {
    child.on('message', (message: FromMarathon) => {
      switch (message.kind) {
        case 'listening':
          resolve();
          break;
        case 'task':
          for (const watcher of watchers) watcher(message.event);
          break;
        case 'answer':
          waiting.get(message.id)?.resolve(message.events);
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
      new Promise<number>((resolve, reject) => {
        const message: ToMarathon = { id: ++calls, call: what };
        waiting.set(message.id, { resolve, reject });
        child.send(message, (error) => {
          if (error !== null) reject(error);
        });
      }),
    );
  await orGone(listening).catch(async (error: unknown) => {
    await elsewhere.close();
    throw error;
  });
  return {
    url: `http://127.0.0.1:${elsewhere.marathonPort}`,
    load: (apps, tasksEach) => call({ name: 'load', apps, tasksEach }),
    scale: (app, instances) => call({ name: 'scale', app, instances }),
    counts: async () => ({ events: await call({ name: 'counts' }), ...(await elsewhere.counts()) }),
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
    close: async () => {
      if (child.connected) child.disconnect();
      await ended;
      await elsewhere.close();
    },
  };
}
