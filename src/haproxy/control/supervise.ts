/** Pacer runs HAProxy: starts it, adopts one that an earlier Pacer left, reloads and stops it. */
import type { ChildProcess } from 'node:child_process';
import path from 'node:path';
import { PacerError } from '../../errors.ts';
import { type Capabilities, capabilitiesOf } from '../machine/capabilities.ts';
import type { HaproxyControl, ReloadResult, RunningAnswer } from './control.ts';
import type { HaproxyExit, HaproxyLog } from './events.ts';
import { findRunning } from './find-running.ts';
import { isOurs } from '../process/our-processes.ts';
import { logSize, readLogSince, rotateLog } from '../process/log-file.ts';
import { lastWords, startHaproxy, stopHaproxy } from './process.ts';
import { livingMaster } from './presence.ts';
import { commandLine } from '../process/proc-fs.ts';
import { socketRepair } from './reload-by-signal.ts';
import { reloadHaproxy } from './reload.ts';
import type { RuntimeCommand, RuntimeReply } from '../cli/runtime-command.ts';
import { runningOf, whatRuns } from './running.ts';
import { type HaproxyVersion, parseVersion } from '../machine/version.ts';
import { type Watch, watchUntilGone } from './watch.ts';
import { workerCommands, type WorkerCommands } from '../cli/worker-commands.ts';

/** How to run HAProxy. */
export interface SuperviseOptions {
  readonly program: string;
  /** The version of the program. */
  readonly version: HaproxyVersion;
  /** The folder of the sockets, the pid file and HAProxy's log: `superviseFiles(runDir)`. */
  readonly runDir: string;
  /** The `stats socket` of the configuration. */
  readonly runtimeSocket: string;
  /** Milliseconds that connections may take to finish at `stop()`. */
  readonly stopGraceMs: number;
  readonly startDeadlineMs?: number;
  readonly reloadDeadlineMs?: number;
  readonly env?: NodeJS.ProcessEnv;
  readonly log?: HaproxyLog;
}

/** The paths of the master socket, the pid file and HAProxy's log. */
export function superviseFiles(runDir: string) {
  return {
    masterSocket: path.join(runDir, 'master.sock'),
    pidFile: path.join(runDir, 'haproxy.pid'),
    logFile: path.join(runDir, 'haproxy.log'),
  };
}

/** The control of a HAProxy that Pacer runs. */
export function superviseHaproxy(options: SuperviseOptions): HaproxyControl {
  return new Supervisor(options);
}

const watchIntervalMs = 250;

class Supervisor implements HaproxyControl {
  readonly mode = 'supervise';
  readonly #options: SuperviseOptions;
  readonly #files: ReturnType<typeof superviseFiles>;
  readonly #commands: WorkerCommands;
  readonly #repaired: ReturnType<typeof socketRepair>;
  readonly #callbacks: ((exit: HaproxyExit) => void)[] = [];
  #capabilities: Capabilities;
  #masterPid: number | undefined;
  #child: ChildProcess | undefined;
  #watch: Watch | undefined;
  #logStart = 0;

  constructor(options: SuperviseOptions) {
    this.#options = options;
    this.#files = superviseFiles(options.runDir);
    this.#commands = workerCommands(this.#files.masterSocket, options.runtimeSocket);
    this.#repaired = socketRepair(this.#files.masterSocket, options.log);
    this.#capabilities = capabilitiesOf(options.version);
  }

  capabilities(): Capabilities {
    return this.#capabilities;
  }

  async running(): Promise<RunningAnswer> {
    const { masterSocket } = this.#files;
    const { runtimeSocket } = this.#options;
    const answer = await this.#repaired(await whatRuns({ masterSocket, runtimeSocket }, this.#masterPid));
    const version = parseVersion(runningOf(answer)?.version ?? '');
    // A reload executes the program again, and it may have been upgraded since.
    if (version !== undefined) this.#capabilities = capabilitiesOf(version);
    const masterPid = runningOf(answer)?.masterPid;
    // This HAProxy did not answer until `start` gave up.
    if (this.#masterPid === undefined && masterPid !== undefined && (await isOurs(masterPid, masterSocket)))
      this.#follow(masterPid, undefined);
    return answer;
  }

  async start(configFile: string, desiredHash: string): Promise<void> {
    this.#logStart = await logSize(this.#files.logFile);
    const { log } = this.#options;
    const found = await findRunning({ ...this.#files, ...(log === undefined ? {} : { log }) });
    if (found === undefined) {
      await this.#startNew(configFile, desiredHash);
      return;
    }
    await assertSameConfig(found.masterPid, configFile);
    log?.({ kind: 'adopted', masterPid: found.masterPid, hash: found.hash });
    this.#follow(found.masterPid, undefined);
    await this.running();
  }

  async reload(desiredHash: string, signal?: AbortSignal): Promise<ReloadResult> {
    const { reloadDeadlineMs, log } = this.#options;
    const { masterSocket, logFile } = this.#files;
    await rotateLog(logFile);
    const from = await logSize(logFile);
    const result = await reloadHaproxy({
      masterSocket,
      desiredHash,
      signal,
      stderr: () => readLogSince(logFile, from),
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

  async stop(): Promise<void> {
    this.#watch?.cancel();
    // A HAProxy that did not answer at the start is not being watched.
    const masterPid = this.#masterPid ?? (await livingMaster(this.#files.masterSocket));
    if (masterPid === undefined) return;
    const { stopGraceMs: graceMs, log } = this.#options;
    const { masterSocket } = this.#files;
    await stopHaproxy({
      masterPid,
      masterSocket,
      graceMs,
      ...(log === undefined ? {} : { log }),
    });
    this.#masterPid = undefined;
  }

  detach(): void {
    this.#watch?.cancel();
  }

  async #startNew(configFile: string, desiredHash: string): Promise<void> {
    const { program, startDeadlineMs, env, log } = this.#options;
    const started = await startHaproxy({
      ...this.#files,
      program,
      configFile,
      desiredHash,
      ...(startDeadlineMs === undefined ? {} : { deadlineMs: startDeadlineMs }),
      ...(env === undefined ? {} : { env }),
    });
    log?.({ kind: 'started', masterPid: started.masterPid });
    this.#follow(started.masterPid, started.child);
    await this.running();
  }

  #follow(masterPid: number, child: ChildProcess | undefined): void {
    const { masterSocket } = this.#files;
    this.#masterPid = masterPid;
    this.#child = child;
    this.#watch?.cancel();
    this.#watch = watchUntilGone(
      () => isOurs(masterPid, masterSocket),
      () => void this.#gone(masterPid),
      { intervalMs: watchIntervalMs },
    );
  }

  async #gone(masterPid: number): Promise<void> {
    const words = lastWords(await readLogSince(this.#files.logFile, this.#logStart));
    const { exitCode, signalCode } = this.#child ?? { exitCode: null, signalCode: null };
    const exit = {
      masterPid,
      ...(exitCode === null ? {} : { exitCode }),
      ...(signalCode === null ? {} : { signal: signalCode }),
      ...(words === '' ? {} : { lastWords: words }),
    };
    this.#masterPid = undefined;
    this.#options.log?.({ kind: 'exited', exit });
    for (const callback of this.#callbacks) callback(exit);
  }
}

/**
 * A master opens the file it was started with at each reload, so that file must be ours.
 * @throws PacerError HAPROXY_START_FAILED
 */
async function assertSameConfig(masterPid: number, configFile: string): Promise<void> {
  if ((await commandLine(masterPid)).includes(configFile)) return;
  throw new PacerError(
    'HAPROXY_START_FAILED',
    `the HAProxy that runs (pid ${masterPid}) was started with another configuration file than ${configFile}`,
    `stop it with "kill ${masterPid}" and start Pacer again, or choose another --state-dir`,
  );
}
