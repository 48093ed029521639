/** `HaproxyControl` over the fake processes, in each of its modes, with the deadlines of the real ones. */
import { PacerError } from '../../../src/errors.ts';
import { capabilitiesOf, oldestSupported } from '../../../src/haproxy/machine/capabilities.ts';
import type {
  ControlMode,
  HaproxyControl,
  ReloadResult,
  RunningAnswer,
} from '../../../src/haproxy/control/control.ts';
import type { HaproxyExit } from '../../../src/haproxy/control/events.ts';
import type { RuntimeCommand, RuntimeReply } from '../../../src/haproxy/cli/runtime-command.ts';
import { encodeAll } from '../../../src/haproxy/cli/runtime-socket.ts';
import { judgeReply } from '../../../src/haproxy/cli/runtime-reply.ts';
import { parseVersion } from '../../../src/haproxy/machine/version.ts';
import { FakeSession } from './cli.ts';
import { withFault, type FakeCall, type Fault } from './faults.ts';
import type { FakeProcesses } from './processes.ts';
import { reloadFake } from './reload.ts';
import { hashOf, whatRunsNow } from './running.ts';

export interface FakeControlOptions {
  /** supervise unless told. */
  readonly mode?: ControlMode;
  /** attach and command: whether the runtime socket is known; it is unless told. */
  readonly runtimeSocket?: boolean;
  /** 60,000 unless told. */
  readonly reloadDeadlineMs?: number;
  /** attach; 60,000 unless told. */
  readonly startDeadlineMs?: number;
  /** command: what the reload command does; it reloads HAProxy unless told. @returns why it failed */
  readonly command?: (reload: () => Promise<unknown>) => Promise<string | undefined>;
}

/** Milliseconds for each reply on a socket. */
const replyMs = 5_000;
/** Milliseconds after which a runtime socket that failed is tried again. */
const retryMs = 5_000;
/** Milliseconds until an end is noticed: a look each 250 ms, or five looks a second apart. */
const noticedAfterMs = { supervise: 250, attach: 5_000, command: Infinity } as const;

export class FakeControl implements HaproxyControl {
  readonly mode: ControlMode;
  readonly #haproxy: FakeProcesses;
  readonly #options: FakeControlOptions;
  readonly #fault: (call: Omit<FakeCall, 'number'>) => Fault | undefined;
  readonly #callbacks: ((exit: HaproxyExit) => void)[] = [];
  #capabilities;
  #socketFault: { readonly message: string; readonly since: number } | undefined;
  /** The master that was last seen; watched until it ends. */
  #watched: number | undefined;
  #workerPid: number | undefined;

  constructor(
    haproxy: FakeProcesses,
    options: FakeControlOptions,
    fault: (call: Omit<FakeCall, 'number'>) => Fault | undefined,
  ) {
    this.mode = options.mode ?? 'supervise';
    this.#haproxy = haproxy;
    this.#options = options;
    this.#fault = fault;
    const known = this.mode === 'supervise' ? parseVersion(haproxy.program) : undefined;
    this.#capabilities = capabilitiesOf(known ?? oldestSupported);
    haproxy.onExit((masterPid) => this.#noticeExit(masterPid));
  }

  capabilities() {
    return this.#capabilities;
  }

  running(): Promise<RunningAnswer> {
    const silent = (reason: string): RunningAnswer => ({ kind: 'silent', reason });
    const unanswered = () => silent('HAProxy does not answer');
    return withFault<RunningAnswer>({
      ...this.#call({ kind: 'running' }),
      deadlineMs: 4_000,
      work: () => this.#look(),
      ...{ unanswered, failed: unanswered },
      wrong: (how, answer) =>
        how === 'truncated' && answer?.kind === 'running'
          ? { kind: 'running', running: { ...answer.running, hash: undefined } }
          : silent('HAProxy answers what cannot be understood'),
    });
  }

  async start(_configFile: string, desiredHash: string): Promise<void> {
    if (this.mode === 'command') return;
    const fail = (): never => {
      throw this.mode === 'supervise'
        ? new PacerError(
            'HAPROXY_START_FAILED',
            'HAProxy did not serve within 60000 ms',
            'correct what it says',
          )
        : unreachable('no HAProxy master answers');
    };
    const { startDeadlineMs = 60_000 } = this.#options;
    await withFault<undefined>({
      ...this.#call({ kind: 'start' }),
      deadlineMs: startDeadlineMs,
      work: async () => {
        await (this.mode === 'supervise' ? this.#adoptOrStart(desiredHash) : this.#attach(startDeadlineMs));
        return undefined;
      },
      ...{ unanswered: fail, failed: fail, wrong: fail },
    });
  }

  reload(desiredHash: string, signal?: AbortSignal): Promise<ReloadResult> {
    const { reloadDeadlineMs: deadlineMs = 60_000 } = this.#options;
    const begun = this.#haproxy.clock.now();
    const failed = (reason: string, texts: readonly string[] = []): ReloadResult => ({
      ...{ kind: 'failed', reason, durationMs: this.#haproxy.clock.now() - begun },
      messages: texts.map((text) => ({ severity: 'alert', text })),
    });
    return withFault<ReloadResult>({
      ...this.#call({ kind: 'reload' }),
      deadlineMs,
      work: async () => {
        const { command } = this.#options;
        const options = { desiredHash, deadlineMs, command, signal, sees: this.#seesWorker() };
        const result = await reloadFake(this.#haproxy, this.mode, options);
        await this.#look();
        return { ...result, durationMs: this.#haproxy.clock.now() - begun };
      },
      unanswered: () => failed(`HAProxy has not finished the reload within ${deadlineMs} ms`),
      failed: () => failed('the master socket /state/run/master.sock does not answer'),
      wrong: () => failed('HAProxy refused the configuration', ['[haproxy.cfg] Internal error.']),
    });
  }

  async runtime(commands: readonly RuntimeCommand[]): Promise<RuntimeReply[]> {
    const lines = encodeAll(commands).map(({ line }) => line);
    if (lines.length === 0) return [];
    const fail = (): never => {
      throw unreachable('no complete answer from the HAProxy socket');
    };
    const { fault, sleep } = this.#call({ kind: 'runtime', commands });
    return withFault<RuntimeReply[]>({
      ...{ fault, sleep, deadlineMs: this.mode === 'command' ? replyMs : 2 * replyMs },
      work: () => this.#send(commands),
      ...{ unanswered: fail, failed: fail },
      cut: async (after) => {
        if (after > 0) await this.#send(commands.slice(0, after));
        return fail();
      },
      wrong: (how, replies) =>
        lines.map((line, i) => {
          if (how === 'refused') return judgeReply(line, '[3]: Internal error.\n');
          const text = replies?.[i]?.text ?? '';
          return judgeReply(line, how === 'empty' ? '' : text.slice(0, Math.floor(text.length / 2)));
        }),
    });
  }

  socketFault(): string | undefined {
    return this.#socketFault?.message;
  }

  onExit(callback: (exit: HaproxyExit) => void): void {
    this.#callbacks.push(callback);
  }

  stop(): Promise<void> {
    this.#watched = undefined;
    if (this.mode === 'supervise') this.#haproxy.kill();
    return Promise.resolve();
  }

  detach(): void {
    this.#watched = undefined;
  }

  #call(call: Omit<FakeCall, 'number'>) {
    return { fault: this.#fault(call), sleep: (ms: number) => this.#haproxy.clock.sleep(ms) };
  }

  #seesWorker(): boolean {
    return this.mode === 'supervise' || this.#options.runtimeSocket !== false;
  }

  async #look(): Promise<RunningAnswer> {
    const answer = await whatRunsNow(this.#haproxy, {
      ...{ mode: this.mode, seesWorker: this.#seesWorker() },
      ...{ masterPid: this.#watched, workerPid: this.#workerPid },
    });
    if (answer.kind !== 'running') return answer;
    const version = parseVersion(answer.running.version);
    if (version !== undefined) this.#capabilities = capabilitiesOf(version);
    this.#workerPid = answer.running.workerPid;
    if (this.mode !== 'command') this.#watched ??= answer.running.masterPid;
    return answer;
  }

  async #adoptOrStart(desiredHash: string): Promise<void> {
    const { master } = this.#haproxy;
    if (master !== undefined) {
      const answers = await this.#haproxy.waitFor(() => (master.frozen ? undefined : true), 10_000);
      if (answers === undefined) throw unreachable(`HAProxy (pid ${master.pid}) runs, but does not answer`);
    } else {
      const alerts = this.#haproxy.start();
      const { current } = this.#haproxy;
      if (alerts !== undefined || (current !== undefined && hashOf(current) !== desiredHash)) {
        this.#haproxy.kill();
        const words =
          alerts?.map(({ line, text }) => `haproxy.cfg:${line}: ${text}`).join('\n') ?? 'it has another hash';
        throw new PacerError(
          'HAPROXY_START_FAILED',
          `HAProxy ended with status 1: ${words}`,
          'correct what it says',
        );
      }
    }
    this.#watched = this.#haproxy.master?.pid;
    await this.#look();
  }

  async #attach(deadlineMs: number): Promise<void> {
    const answers = () => (this.#haproxy.master?.frozen === false ? this.#haproxy.master : undefined);
    const master = await this.#haproxy.waitFor(answers, deadlineMs);
    if (master === undefined) throw unreachable(`no HAProxy master answers within ${deadlineMs} ms`);
    this.#watched = master.pid;
    const version = parseVersion(master.versionText);
    if (version !== undefined) this.#capabilities = capabilitiesOf(version);
  }

  async #send(commands: readonly RuntimeCommand[]): Promise<RuntimeReply[]> {
    if (this.mode === 'command' && !this.#seesWorker())
      throw unreachable('the runtime socket of HAProxy is not known');
    const { clock } = this.#haproxy;
    const faulty = this.#socketFault !== undefined && clock.now() - this.#socketFault.since < retryMs;
    if (this.#seesWorker() && !faulty) {
      const replies = await this.#ask(commands, false);
      if (replies !== undefined) {
        this.#socketFault = undefined;
        return replies;
      }
      if (this.mode === 'command') throw unreachable('no complete answer from the HAProxy socket');
    }
    const replies = await this.#ask(commands, true);
    if (replies === undefined) throw unreachable('no complete answer from the HAProxy socket');
    if (this.#seesWorker() && !faulty)
      this.#socketFault = { message: 'no complete answer from the HAProxy socket', since: clock.now() };
    return replies;
  }

  /** @returns undefined when not all were answered in time, or nobody is there */
  async #ask(
    commands: readonly RuntimeCommand[],
    throughMaster: boolean,
  ): Promise<RuntimeReply[] | undefined> {
    const haproxy = this.#haproxy;
    // Nobody behind the socket: the connection is refused at once.
    const open = () => {
      const { current, master, sockets } = haproxy;
      const there = throughMaster ? sockets.master && master !== undefined : sockets.runtime;
      if (current === undefined || !there) return 'refused' as const;
      return current.frozen || (throughMaster && master?.frozen === true) ? undefined : current;
    };
    const worker = await haproxy.waitFor(open, replyMs);
    if (worker === undefined) {
      if (!throughMaster || haproxy.master?.frozen === false) haproxy.leaveUnread(commands, throughMaster);
      return undefined;
    }
    if (worker === 'refused') return undefined;
    const session = new FakeSession(worker, haproxy.clock.now(), !throughMaster);
    const replies = commands.map((command) => session.ask(command));
    haproxy.sessionsChanged();
    return replies;
  }

  #noticeExit(masterPid: number): void {
    if (this.#watched !== masterPid) return;
    const afterMs = noticedAfterMs[this.mode];
    this.#watched = undefined;
    if (afterMs === Infinity) return;
    this.#haproxy.clock.after(afterMs, () => {
      for (const callback of this.#callbacks) callback({ masterPid });
    });
  }
}

const unreachable = (message: string): PacerError =>
  new PacerError('HAPROXY_UNREACHABLE', message, 'check that HAProxy runs');
