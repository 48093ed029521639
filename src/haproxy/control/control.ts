/** What the daemon needs of a HAProxy, whoever runs it. Types only; supervise.ts, attach.ts and command.ts do it. */
import type { Capabilities } from '../machine/capabilities.ts';
import type { HaproxyExit } from './events.ts';
import type { CheckMessage } from '../files/messages.ts';
import type { RuntimeCommand, RuntimeReply } from '../cli/runtime-command.ts';

export type ControlMode = 'supervise' | 'attach' | 'command';

/** What runs, read back from HAProxy. */
export interface Running {
  /** What the current worker answers for PACER_HASH; undefined when its configuration is not ours. */
  readonly hash: string | undefined;
  readonly version: string;
  /** Undefined where there is no master socket, or it is gone: then the worker has answered. */
  readonly masterPid?: number;
  readonly workerPid: number;
  readonly uptimeSeconds: number;
  /** Workers of earlier configurations that still finish their connections. Empty where there is no master socket. */
  readonly oldWorkers: readonly OldWorker[];
  /** Reloads since the master started, failed ones included. 0 where there is no master socket. */
  readonly reloads: number;
  /** Failed reloads in a row. */
  readonly failedReloads: number;
}

/** What HAProxy answers when asked what it runs. Silence is no answer: one that is frozen, reloading or busy may still serve. */
export type RunningAnswer =
  | { readonly kind: 'running'; readonly running: Running }
  /** Certain: no process of ours lives, and nobody is behind the sockets. */
  | { readonly kind: 'absent' }
  /**
   * `reason` is a clause: `HAProxy (pid 7) runs, and does not answer`. `socketsGone`: it runs, its sockets were
   * removed. `reload()`, by a signal, makes the master's again; where nobody reloads, the second question does.
   */
  | { readonly kind: 'silent'; readonly reason: string; readonly socketsGone?: true }
  /** It can never be asked: command mode without a runtime socket. */
  | { readonly kind: 'blind' };

export interface OldWorker {
  readonly pid: number;
  readonly uptimeSeconds: number;
  /** How many reloads it has outlived. */
  readonly reloads: number;
  /** Client connections it still has; undefined where it did not say. */
  readonly connections?: number;
}

export type ReloadResult =
  | {
      readonly kind: 'done';
      /** Undefined where nothing but the reload command's status is known. */
      readonly workerPid?: number;
      /** Workers that still finish their connections. */
      readonly oldWorkers: number;
      readonly durationMs: number;
    }
  | {
      readonly kind: 'failed';
      /** A clause: `HAProxy refused the configuration`. */
      readonly reason: string;
      /** HAProxy's own messages, as far as it gave them. */
      readonly messages: readonly CheckMessage[];
      readonly durationMs: number;
    };

export interface HaproxyControl {
  readonly mode: ControlMode;
  /** Of the HAProxy that runs, as last read; of the program, or of 2.6, before. */
  capabilities(): Capabilities;
  /** Asked of HAProxy at each call, with a deadline. Never rejects. */
  running(): Promise<RunningAnswer>;
  /**
   * supervise: adopts the HAProxy an earlier Pacer started, else starts one, and waits until it serves.
   * attach: waits for the master socket. command: nothing.
   * An adopted or attached HAProxy may run another hash: see `running()`.
   * @throws PacerError HAPROXY_START_FAILED, HAPROXY_UNREACHABLE
   */
  start(configFile: string, desiredHash: string): Promise<void>;
  /**
   * Makes HAProxy read its configuration again; done when a new worker answers with `desiredHash`. Never rejects
   * for HAProxy's reasons. `runtime()` and `running()` go on meanwhile. `signal` ends the waiting (and a reload
   * command); what HAProxy has begun it goes on with.
   */
  reload(desiredHash: string, signal?: AbortSignal): Promise<ReloadResult>;
  /**
   * Sends commands, in order, on one fresh connection to the current worker.
   * @throws PacerError HAPROXY_UNREACHABLE when not all were answered
   */
  runtime(commands: readonly RuntimeCommand[]): Promise<RuntimeReply[]>;
  /** Why commands go through the master, while they must. */
  socketFault?(): string | undefined;
  /** Calls back once for each time HAProxy ends without `stop()`. command: never. */
  onExit(callback: (exit: HaproxyExit) => void): void;
  /** supervise: soft stop, then harder. attach and command: as detach. */
  stop(): Promise<void>;
  /** Lets go of HAProxy and leaves it running. */
  detach(): void;
}

/** What it takes to change a HAProxy while it runs. */
export type RuntimeAccess = Pick<HaproxyControl, 'runtime' | 'capabilities'>;
