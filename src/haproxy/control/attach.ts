/**
 * Somebody else runs HAProxy (systemd, another container), and Pacer has its sockets. Pacer starts and stops nothing.
 */
import { PacerError } from '../../errors.ts';
import { type Capabilities, capabilitiesOf, oldestSupported } from '../machine/capabilities.ts';
import type { HaproxyControl, ReloadResult, RunningAnswer } from './control.ts';
import type { HaproxyExit, HaproxyLog } from './events.ts';
import { pollMaster, readMaster } from '../cli/master-socket.ts';
import { socketRepair } from './reload-by-signal.ts';
import { reloadHaproxy } from './reload.ts';
import { runningOf, whatRuns } from './running.ts';
import type { RuntimeCommand, RuntimeReply } from '../cli/runtime-command.ts';
import { parseVersion } from '../machine/version.ts';
import { type Watch, watchUntilGone } from './watch.ts';
import { workerCommands, type WorkerCommands } from '../cli/worker-commands.ts';

/** How to reach that HAProxy. */
export interface AttachOptions {
  /** The socket of `haproxy -W -S <socket>`. */
  readonly masterSocket: string;
  /** The `stats socket`. Without it, commands go through the master, which sends no severity. */
  readonly runtimeSocket?: string;
  /** Milliseconds that `start` waits for HAProxy. Default: 60,000. */
  readonly startDeadlineMs?: number;
  readonly reloadDeadlineMs?: number;
  readonly log?: HaproxyLog;
}

/** The control of a HAProxy that somebody else runs. */
export function attachHaproxy(options: AttachOptions): HaproxyControl {
  return new Attached(options);
}

/** A master that is parsing does not answer, so it counts as gone only after five questions without an answer. */
const watched = { intervalMs: 1_000, misses: 5 };

class Attached implements HaproxyControl {
  readonly mode = 'attach';
  readonly #options: AttachOptions;
  readonly #commands: WorkerCommands;
  readonly #repaired: ReturnType<typeof socketRepair>;
  readonly #callbacks: ((exit: HaproxyExit) => void)[] = [];
  #capabilities = capabilitiesOf(oldestSupported);
  #watch: Watch | undefined;
  #masterPid: number | undefined;

  constructor(options: AttachOptions) {
    this.#options = options;
    this.#commands = workerCommands(options.masterSocket, options.runtimeSocket);
    this.#repaired = socketRepair(options.masterSocket, options.log);
  }

  capabilities(): Capabilities {
    return this.#capabilities;
  }

  async running(): Promise<RunningAnswer> {
    const { masterSocket, runtimeSocket } = this.#options;
    const answer = await this.#repaired(await whatRuns({ masterSocket, runtimeSocket }, this.#masterPid));
    const running = runningOf(answer);
    if (running === undefined) return answer;
    this.#seen(running.version);
    // HAProxy appeared after `start` had given up.
    if (this.#watch === undefined && running.masterPid !== undefined) this.#follow(running.masterPid);
    return answer;
  }

  async start(): Promise<void> {
    const { masterSocket, startDeadlineMs = 60_000 } = this.#options;
    const state = await pollMaster(masterSocket, { deadlineMs: startDeadlineMs }, (it) => it);
    if (state === undefined) {
      throw new PacerError(
        'HAPROXY_UNREACHABLE',
        `no HAProxy master answers on ${masterSocket} within ${startDeadlineMs} ms`,
        'start HAProxy with -W -S and this socket, at a path that Pacer may write to',
      );
    }
    this.#seen(state.master.version);
    this.#follow(state.master.pid);
  }

  async reload(desiredHash: string, signal?: AbortSignal): Promise<ReloadResult> {
    const { masterSocket, reloadDeadlineMs, log } = this.#options;
    const result = await reloadHaproxy({
      masterSocket,
      desiredHash,
      signal,
      ...(reloadDeadlineMs === undefined ? {} : { deadlineMs: reloadDeadlineMs }),
      ...(log === undefined ? {} : { log }),
    });
    await this.running();
    return result;
  }

  runtime(commands: readonly RuntimeCommand[]): Promise<RuntimeReply[]> {
    return this.#commands.send(commands);
  }

  socketFault(): string | undefined {
    return this.#commands.socketFault();
  }

  onExit(callback: (exit: HaproxyExit) => void): void {
    this.#callbacks.push(callback);
  }

  stop(): Promise<void> {
    this.detach();
    return Promise.resolve();
  }

  detach(): void {
    this.#watch?.cancel();
  }

  #seen(told: string): void {
    const version = parseVersion(told);
    if (version !== undefined) this.#capabilities = capabilitiesOf(version);
  }

  /** Watches the socket: in another container the pid means nothing here. A new pid is a HAProxy that was restarted. */
  #follow(masterPid: number | undefined): void {
    this.#masterPid = masterPid;
    let first = masterPid;
    const same = async () => {
      const state = await readMaster(this.#options.masterSocket).catch(() => undefined);
      // After an exit, HAProxy counts as present only when it answers again.
      first ??= this.#masterPid = state?.master.pid;
      return first === undefined || state?.master.pid === first;
    };
    this.#watch?.cancel();
    this.#watch = watchUntilGone(
      same,
      () => {
        this.#gone(first);
      },
      watched,
    );
  }

  #gone(masterPid: number | undefined): void {
    const exit = { masterPid };
    this.#options.log?.({ kind: 'exited', exit });
    for (const callback of this.#callbacks) callback(exit);
    this.#follow(undefined);
  }
}
