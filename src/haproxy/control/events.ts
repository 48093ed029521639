/** What the control of HAProxy reports while it works; the owner logs it. Data only. */
export type HaproxyEvent =
  | { readonly kind: 'started'; readonly masterPid: number }
  | { readonly kind: 'adopted'; readonly masterPid: number; readonly hash: string | undefined }
  | { readonly kind: 'exited'; readonly exit: HaproxyExit }
  | { readonly kind: 'stale-removed'; readonly path: string }
  | { readonly kind: 'reload-resent'; readonly reason: string }
  /** The master socket was gone or did not answer, so the master got SIGUSR2. */
  | { readonly kind: 'reload-by-signal'; readonly masterPid: number }
  /** The reload command has been running for `ms` milliseconds and continues; it is ended at the deadline. */
  | {
      readonly kind: 'command-slow';
      readonly attempt: number;
      readonly ms: number;
      readonly deadlineMs: number;
    }
  | { readonly kind: 'command-failed'; readonly attempt: number; readonly reason: string }
  | {
      readonly kind: 'stopping';
      readonly masterPid: number;
      readonly signal: 'SIGUSR1' | 'SIGTERM' | 'SIGKILL';
    };

/** The end of a HAProxy that Pacer did not stop. */
export interface HaproxyExit {
  readonly masterPid: number | undefined;
  /** The exit status, if this process started HAProxy. */
  readonly exitCode?: number;
  readonly signal?: string;
  /** The last lines HAProxy wrote, if they are known. */
  readonly lastWords?: string;
}

/** Receives the events. */
export type HaproxyLog = (event: HaproxyEvent) => void;
