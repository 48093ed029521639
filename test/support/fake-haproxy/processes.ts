/** HAProxy's processes: the master, the worker that serves, the old ones; reloads, ends, freezes. Only virtual time passes. */
import { VirtualClock } from './clock.ts';
import { FakeSession } from './cli.ts';
import { sessionsOf } from './commands/process.ts';
import type { Alert } from './configuration.ts';
import { FakeDisk } from './disk.ts';
import { load, type Loaded, type LoadOptions } from './load.ts';
import { runCheck } from './servers.ts';
import { since, type FakeWorker } from './worker.ts';
import type { RuntimeCommand } from '../../../src/haproxy/cli/runtime-command.ts';

export interface FakeMaster {
  readonly pid: number;
  readonly startedAt: number;
  /** Failed ones included. */
  reloads: number;
  /** In a row. */
  failed: number;
  versionText: string;
  frozen: boolean;
}

export type ReloadOutcome =
  | { readonly kind: 'loaded'; readonly worker: FakeWorker }
  | { readonly kind: 'refused'; readonly alerts: readonly Alert[] }
  /** HAProxy ended meanwhile. */
  | { readonly kind: 'gone' };

export interface FakeProcessesOptions {
  /** As `haproxy -v` says it; 2.6.12-1+deb12u4 unless told. */
  readonly version?: string;
  readonly clock?: VirtualClock;
  readonly disk?: FakeDisk;
  /** How long HAProxy reads a configuration, in virtual milliseconds; 0 unless told. */
  readonly reloadMs?: number;
}

export class FakeProcesses {
  readonly clock: VirtualClock;
  readonly disk: FakeDisk;
  /** What the next start or reload executes. */
  program: string;
  reloadMs: number;
  /** What HAProxy has against a line of a configuration; asked at each reading. */
  objection: LoadOptions['objection'];
  /** Ports that somebody else listens on: a configuration that binds one is refused when it is loaded, not when it is checked. */
  readonly takenPorts = new Set<number>();
  /** `<address>:<port>` of what no longer answers; asked by checks. */
  readonly dead = new Set<string>();
  master: FakeMaster | undefined;
  /** The worker that serves. */
  current: FakeWorker | undefined;
  /** Those that only finish what they have. */
  old: FakeWorker[] = [];
  reloading = false;
  /** Which sockets are there: somebody may have removed them. A start and a reload make them again. */
  readonly sockets = { master: true, runtime: true };
  readonly #exits = new Set<(masterPid: number) => void>();
  readonly #wakers = new Set<() => void>();
  #lastReload: Promise<unknown> = Promise.resolve();
  #nextPid = 1000;
  /** What a frozen worker has in its sockets, and does when it goes on. */
  #unread: RuntimeCommand[] = [];

  constructor({ version = '2.6.12-1+deb12u4', clock, disk, reloadMs = 0 }: FakeProcessesOptions = {}) {
    this.clock = clock ?? new VirtualClock();
    this.disk = disk ?? new FakeDisk();
    this.program = version;
    this.reloadMs = reloadMs;
  }

  /** Starts a master that reads what is on disk. @returns why it did not come up; undefined when it serves */
  start(): readonly Alert[] | undefined {
    this.kill();
    const read = this.#read(0);
    if (read.kind === 'refused') return read.alerts;
    const pid = this.#nextPid++;
    const startedAt = this.clock.now();
    this.master = { pid, startedAt, reloads: 0, failed: 0, versionText: this.program, frozen: false };
    this.current = read.worker;
    this.#makeSockets();
    this.wake();
    return undefined;
  }

  /** Everything ends at once, as by SIGKILL. Whoever watches is told. */
  kill(): void {
    const { master } = this;
    for (const worker of [this.current, ...this.old]) if (worker !== undefined) worker.alive = false;
    [this.master, this.current, this.old, this.#unread] = [undefined, undefined, [], []];
    if (master !== undefined) for (const tell of this.#exits) tell(master.pid);
    this.wake();
  }

  /** Ends and starts with another program: what an upgrade of the package and a restart do. */
  restart(version = this.program): readonly Alert[] | undefined {
    this.program = version;
    return this.start();
  }

  /** As `rm`: whoever is behind them runs on. */
  removeSockets(...which: ('master' | 'runtime')[]): void {
    for (const each of which) this.sockets[each] = false;
    this.wake();
  }

  /** As SIGSTOP. */
  freeze(which: 'worker' | 'master' | 'both' = 'both'): void {
    if (which !== 'master' && this.current !== undefined) this.current.frozen = true;
    if (which !== 'worker' && this.master !== undefined) this.master.frozen = true;
    this.wake();
  }

  /** As SIGCONT: what came meanwhile is done now. */
  thaw(): void {
    const { current } = this;
    if (this.master !== undefined) this.master.frozen = false;
    if (current?.frozen === true) {
      current.frozen = false;
      const session = new FakeSession(current, this.clock.now(), false);
      for (const command of this.#unread.splice(0)) session.raw(command);
    }
    this.wake();
  }

  /**
   * A caller has given up on a frozen worker. Tried: 2.6 and 3.0 find the closed connection first and do nothing;
   * 3.2 and 3.4 do all commands that were sent in one go; through the master each does the first.
   */
  leaveUnread(commands: readonly RuntimeCommand[], throughMaster: boolean): void {
    const { current } = this;
    if (current?.frozen !== true) return;
    const done = throughMaster ? commands.slice(0, 1) : since(current, 3, 1) ? commands : [];
    this.#unread.push(...done);
  }

  /** What somebody's `reload` does, ours or another's: one after the other, on what is on disk when it begins. */
  reload(): Promise<ReloadOutcome> {
    const outcome = this.#lastReload.then(() => this.#reload());
    this.#lastReload = outcome;
    return outcome;
  }

  async #reload(): Promise<ReloadOutcome> {
    const { master } = this;
    if (master === undefined) return { kind: 'gone' };
    await this.waitFor(() => (this.master !== master || !master.frozen ? true : undefined), Infinity);
    if (this.master !== master) return { kind: 'gone' };
    this.reloading = true;
    const read = this.#read(master.reloads + 1);
    if (this.reloadMs > 0) await this.clock.sleep(this.reloadMs);
    this.reloading = false;
    if (this.master !== master) {
      this.wake();
      return { kind: 'gone' };
    }
    master.reloads += 1;
    master.versionText = this.program;
    this.sockets.master = true;
    if (read.kind === 'refused') {
      master.failed += 1;
      this.wake();
      return read;
    }
    master.failed = 0;
    this.#retire();
    this.current = read.worker;
    this.#makeSockets();
    this.wake();
    return { kind: 'loaded', worker: read.worker };
  }

  #makeSockets(): void {
    this.sockets.master = true;
    this.sockets.runtime = true;
  }

  /** The worker that served goes on while it has sessions. */
  #retire(): void {
    const { current } = this;
    if (current === undefined) return;
    current.stopping = true;
    this.#unread = [];
    this.old.unshift(current);
    this.sessionsChanged();
    if (current.alive && current.hardStopAfterMs !== undefined)
      this.clock.after(current.hardStopAfterMs, () => this.#end(current));
  }

  /** To be called when sessions have ended: an old worker without any ends. */
  sessionsChanged(): void {
    for (const worker of this.old) if (sessionsOf(worker) === 0) this.#end(worker);
  }

  #end(worker: FakeWorker): void {
    worker.alive = false;
    this.old = this.old.filter((each) => each !== worker);
    this.wake();
  }

  #read(loadedAt: number): Loaded {
    const revision = this.disk.current;
    if (revision === undefined)
      return { kind: 'refused', alerts: [{ line: 0, text: 'cannot open the configuration' }] };
    const loaded = this.judge(revision.files, loadedAt);
    if (loaded.kind === 'refused') return loaded;
    for (const { name, binds, rules } of loaded.worker.frontends)
      for (const bind of binds) {
        if (!this.takenPorts.has(portOf(bind))) continue;
        const line = rules.find(({ words }) => words[0] === 'bind' && words[1] === bind)?.line ?? 0;
        const text = `Binding for frontend ${name}: cannot bind socket (Address already in use) for [${bind}]`;
        return { kind: 'refused', alerts: [{ line, text }] };
      }
    return loaded;
  }

  /** What HAProxy makes of these files; what `haproxy -c` can see, which is not who holds a port. */
  judge(files: ReadonlyMap<string, Buffer | string>, loadedAt = 0): Loaded {
    const text = files.get('haproxy.cfg');
    const loaded = load({
      ...{ text: text === undefined ? '' : String(text), configFile: this.disk.configFile, loadedAt },
      read: (name) => this.disk.read({ files }, name),
      ...{
        versionText: this.program,
        pid: this.#nextPid++,
        now: this.clock.now(),
        objection: this.objection,
      },
    });
    if (loaded.kind === 'worker') this.runChecks(loaded.worker);
    return loaded;
  }

  /** Each health check that is on runs until it has an answer. A worker that starts does so at once. */
  runChecks(worker = this.current): void {
    if (worker === undefined) return;
    for (const { servers, checksHttp } of worker.backends.values())
      for (const server of servers) {
        const alive = !this.dead.has(`${server.address}:${server.port}`);
        runCheck(server, alive, checksHttp, this.clock.now(), since(worker, 3, 4));
      }
  }

  onExit(callback: (masterPid: number) => void): void {
    this.#exits.add(callback);
  }

  /** Whoever waits looks again. */
  wake(): void {
    for (const look of [...this.#wakers]) look();
  }

  /** Waits until `look` finds something. @returns undefined when the time was over */
  waitFor<T>(look: () => T | undefined, deadlineMs: number): Promise<T | undefined> {
    const found = look();
    if (found !== undefined || deadlineMs <= 0) return Promise.resolve(found);
    return new Promise((resolve) => {
      const end = (value: T | undefined) => {
        this.#wakers.delete(again);
        cancel();
        resolve(value);
      };
      const again = () => {
        const value = look();
        if (value !== undefined) end(value);
      };
      const cancel =
        deadlineMs === Infinity ? () => undefined : this.clock.after(deadlineMs, () => end(undefined));
      this.#wakers.add(again);
    });
  }
}

export const portOf = (bind: string): number => Number(bind.slice(bind.lastIndexOf(':') + 1));
