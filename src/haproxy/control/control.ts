/**
 * What the daemon needs from a HAProxy, whoever runs it. Types only; implemented by supervise.ts, attach.ts and
 * command.ts.
 */
import type { Capabilities } from '../machine/capabilities.ts';
import type { HaproxyExit } from './events.ts';
import type { CheckMessage } from '../files/messages.ts';
import type { RuntimeCommand, RuntimeReply } from '../cli/runtime-command.ts';

/** Who runs HAProxy: Pacer, somebody else with a master socket, or somebody else with a reload command. */
export type ControlMode = 'supervise' | 'attach' | 'command';

/** What runs, as HAProxy reports it. */
export interface Running {
  /** What the current worker answers for PACER_HASH; undefined if its configuration is not ours. */
  readonly hash: string | undefined;
  readonly version: string;
  /** Undefined if there is no master socket, or it is gone. Then the worker has answered. */
  readonly masterPid?: number;
  readonly workerPid: number;
  readonly uptimeSeconds: number;
  /** Workers of earlier configurations that finish their connections. Empty if there is no master socket. */
  readonly oldWorkers: readonly OldWorker[];
  /** Reloads since the master started, failed ones included. 0 if there is no master socket. */
  readonly reloads: number;
  /** Failed reloads in a row. */
  readonly failedReloads: number;
}

/**
 * The answer to what HAProxy runs. Silence is no answer: a HAProxy that is frozen, reloading or busy may still serve.
 */
export type RunningAnswer =
  | { readonly kind: 'running'; readonly running: Running }
  /** Certain: no process of ours lives, and nobody listens on the sockets. */
  | { readonly kind: 'absent' }
  /**
   * `reason` is a clause: `HAProxy (pid 7) runs, and does not answer`. `socketsGone`: HAProxy runs, but its sockets
   * were removed. `reload()` sends a signal that makes the master create its socket again. If nobody reloads, the
   * second call of `running()` sends that signal.
   */
  | { readonly kind: 'silent'; readonly reason: string; readonly socketsGone?: true }
  /** It can never be asked: command mode without a runtime socket. */
  | { readonly kind: 'blind' };

/** A worker of an earlier configuration. */
export interface OldWorker {
  readonly pid: number;
  readonly uptimeSeconds: number;
  /** How many reloads happened since it was the current worker. */
  readonly reloads: number;
  /** Client connections it still has; undefined if it did not say. */
  readonly connections?: number;
}

/** The result of a reload. */
export type ReloadResult =
  | {
      readonly kind: 'done';
      /** Undefined if only the exit status of the reload command is known. */
      readonly workerPid?: number;
      /** Workers that still finish their connections. */
      readonly oldWorkers: number;
      readonly durationMs: number;
    }
  | {
      readonly kind: 'failed';
      /** A clause: `HAProxy refused the configuration`. */
      readonly reason: string;
      /** HAProxy's own messages, if it sent any. */
      readonly messages: readonly CheckMessage[];
      readonly durationMs: number;
    };

/** One HAProxy that Pacer controls. */
export interface HaproxyControl {
  readonly mode: ControlMode;
  /** What the running HAProxy can do, as last read. Before the first answer: that of the program, or of 2.6. */
  capabilities(): Capabilities;
  /** Asks HAProxy at each call, with a deadline. Never rejects. */
  running(): Promise<RunningAnswer>;
  /**
   * supervise: adopts the HAProxy an earlier Pacer started, or starts one, and waits until it serves. attach: waits for
   * the master socket. command: nothing. A HAProxy that was adopted or attached to may run another hash: see
   * `running()`.
   * @throws PacerError HAPROXY_START_FAILED, HAPROXY_UNREACHABLE
   */
  start(configFile: string, desiredHash: string): Promise<void>;
  /**
   * Makes HAProxy read its configuration again. Done when a new worker answers with `desiredHash`. Failures of HAProxy
   * are results; it never rejects because of them. `runtime()` and `running()` can be used meanwhile. `signal` ends the
   * waiting (and a reload command); HAProxy continues what it has begun.
   */
  reload(desiredHash: string, signal?: AbortSignal): Promise<ReloadResult>;
  /**
   * Sends commands in order, over one fresh connection, to the current worker.
   * @throws PacerError HAPROXY_UNREACHABLE if not all were answered
   */
  runtime(commands: readonly RuntimeCommand[]): Promise<RuntimeReply[]>;
  /** Why commands go through the master; undefined while they do not. */
  socketFault?(): string | undefined;
  /** Calls back each time HAProxy ends without `stop()`. command: never. */
  onExit(callback: (exit: HaproxyExit) => void): void;
  /** supervise: soft stop, then hard stop. attach and command: the same as `detach`. */
  stop(): Promise<void>;
  /** Stops controlling HAProxy and leaves it running. */
  detach(): void;
}

/** What is needed to change a HAProxy at runtime. */
export type RuntimeAccess = Pick<HaproxyControl, 'runtime' | 'capabilities'>;
