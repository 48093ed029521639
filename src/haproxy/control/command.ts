/**
 * marathon-lb's way: a shell command reloads HAProxy, which somebody else runs. The runtime socket is used if it can be
 * reached.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { PacerError } from '../../errors.ts';
import { type Capabilities, capabilitiesOf, oldestSupported } from '../machine/capabilities.ts';
import type { HaproxyControl, ReloadResult, RunningAnswer } from './control.ts';
import { currentWorkerBatch } from '../cli/current-worker.ts';
import type { HaproxyLog } from './events.ts';
import { parseMessages } from '../files/messages.ts';
import { commandLine } from '../process/proc-fs.ts';
import { runningOf, whatRuns } from './running.ts';
import type { RuntimeCommand, RuntimeReply } from '../cli/runtime-command.ts';
import { runShell } from '../process/shell-command.ts';
import { parseVersion } from '../machine/version.ts';

/** The command and its limits. */
export interface CommandOptions {
  /** Run by /bin/sh. */
  readonly command: string;
  readonly runtimeSocket?: string;
  /** Attempts after the first one has failed. */
  readonly maxReloadRetries: number;
  /** Milliseconds between attempts. */
  readonly retryIntervalMs: number;
  /** Milliseconds for the command, and again for the new worker to answer. Default: 60,000. */
  readonly deadlineMs?: number;
  /** The command's environment. Default: that of this process. */
  readonly env?: NodeJS.ProcessEnv;
  readonly log?: HaproxyLog;
}

/** The control of a HAProxy that a command reloads. */
export function commandHaproxy(options: CommandOptions): HaproxyControl {
  return new Commanded(options);
}

type Attempt =
  | { readonly kind: 'done'; readonly workerPid?: number }
  | { readonly kind: 'failed'; readonly reason: string; readonly output: string };

class Commanded implements HaproxyControl {
  readonly mode = 'command';
  readonly #options: CommandOptions;
  readonly #detached = new AbortController();
  #capabilities = capabilitiesOf(oldestSupported);
  /** The pid of the worker that answered last. */
  #workerPid: number | undefined;

  constructor(options: CommandOptions) {
    this.#options = options;
  }

  capabilities(): Capabilities {
    return this.#capabilities;
  }

  async running(): Promise<RunningAnswer> {
    const { runtimeSocket } = this.#options;
    if (runtimeSocket === undefined) return { kind: 'blind' };
    const answer = await whatRuns({ runtimeSocket });
    const running = runningOf(answer);
    const version = parseVersion(running?.version ?? '');
    if (version !== undefined) this.#capabilities = capabilitiesOf(version);
    this.#workerPid = running?.workerPid ?? this.#workerPid;
    if (answer.kind !== 'absent') return answer;
    // No HAProxy ever answered on this socket: it may have its socket elsewhere, or none at all.
    if (this.#workerPid === undefined) return { kind: 'blind' };
    return (await isHaproxy(this.#workerPid))
      ? {
          kind: 'silent',
          reason: `HAProxy (pid ${this.#workerPid}) runs, but does not answer on ${runtimeSocket}`,
        }
      : answer;
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  async reload(desiredHash: string, signal?: AbortSignal): Promise<ReloadResult> {
    const { maxReloadRetries, retryIntervalMs, log } = this.#options;
    const begun = performance.now();
    const before = await this.running();
    const answered = before.kind === 'running' || before.kind === 'silent';
    for (let attempt = 1; ; attempt++) {
      const result = await this.#attempt(attempt, desiredHash, answered, signal);
      const durationMs = performance.now() - begun;
      if (result.kind === 'done') return { ...result, oldWorkers: 0, durationMs };
      const { reason, output } = result;
      log?.({ kind: 'command-failed', attempt, reason });
      if (attempt > maxReloadRetries || !(await this.#pause(retryIntervalMs, signal)))
        return { kind: 'failed', reason, messages: parseMessages(output), durationMs };
    }
  }

  async runtime(commands: readonly RuntimeCommand[]): Promise<RuntimeReply[]> {
    const { runtimeSocket } = this.#options;
    if (runtimeSocket !== undefined) return currentWorkerBatch(runtimeSocket, commands);
    throw new PacerError(
      'HAPROXY_UNREACHABLE',
      'the runtime socket of HAProxy is not known',
      'name its stats socket with --haproxy-socket',
    );
  }

  onExit(): void {
    // Whoever runs HAProxy also notices when it ends.
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }

  /** A command that runs is left to finish. No other attempt is made. */
  detach(): void {
    this.#detached.abort();
  }

  /** @returns false if there is no time for another attempt */
  async #pause(ms: number, given?: AbortSignal): Promise<boolean> {
    const signal = AbortSignal.any([this.#detached.signal, ...(given === undefined ? [] : [given])]);
    await sleep(ms, undefined, { signal }).catch(() => undefined);
    return !signal.aborted;
  }

  async #attempt(
    attempt: number,
    desiredHash: string,
    answered: boolean,
    signal: AbortSignal | undefined,
  ): Promise<Attempt> {
    const { command, deadlineMs = 60_000, env, log } = this.#options;
    const onSlow = (ms: number) => log?.({ kind: 'command-slow', attempt, ms, deadlineMs });
    const { kind, exitCode, exitSignal, output } = await runShell(command, {
      deadlineMs,
      env,
      signal,
      onSlow,
    });
    const failed = (reason: string): Attempt => ({ kind: 'failed', reason, output });
    if (kind === 'late') return failed(`the reload command took longer than ${deadlineMs} ms`);
    if (kind === 'aborted') return failed('Pacer stopped waiting for the reload command');
    if (exitCode === null) return failed(`the reload command was ended by ${exitSignal ?? 'a signal'}`);
    if (exitCode !== 0) return failed(`the reload command ended with status ${exitCode}`);
    return this.#confirm(desiredHash, answered, deadlineMs, signal);
  }

  /**
   * If a worker answers, or has answered before the command, one must run the desired revision afterwards. If none
   * does, the exit status is the only evidence.
   */
  async #confirm(
    desiredHash: string,
    answered: boolean,
    deadlineMs: number,
    signal: AbortSignal | undefined,
  ): Promise<Attempt> {
    const deadline = performance.now() + deadlineMs;
    for (let pause = 10; ; pause = Math.min(pause * 2, 250)) {
      const answer = await this.running();
      const running = runningOf(answer);
      if (!answered && (answer.kind === 'blind' || answer.kind === 'absent')) return { kind: 'done' };
      if (running?.hash === desiredHash) return { kind: 'done', workerPid: running.workerPid };
      if (performance.now() > deadline || !(await this.#pause(pause, signal))) {
        const but =
          running === undefined
            ? 'HAProxy no longer answers'
            : `HAProxy runs ${running.hash ?? 'no revision of ours'}, not ${desiredHash}`;
        const reason = `the reload command succeeded, but ${but}`;
        return { kind: 'failed', reason, output: '' };
      }
    }
  }
}

async function isHaproxy(pid: number): Promise<boolean> {
  return ((await commandLine(pid, 'once'))[0] ?? '').includes('haproxy');
}
