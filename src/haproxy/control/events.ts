/** What the adapter tells its owner while it works; the owner logs it. Data only. */
export type HaproxyEvent =
  | { readonly kind: 'started'; readonly masterPid: number }
  | { readonly kind: 'adopted'; readonly masterPid: number; readonly hash: string | undefined }
  | { readonly kind: 'exited'; readonly exit: HaproxyExit }
  | { readonly kind: 'stale-removed'; readonly path: string }
  | { readonly kind: 'reload-resent'; readonly reason: string }
  /** The master socket was gone or silent, so the master got SIGUSR2. */
  | { readonly kind: 'reload-by-signal'; readonly masterPid: number }
  /** The reload command has run for `ms` milliseconds, and goes on; it is ended at the deadline. */
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

export interface HaproxyExit {
  readonly masterPid: number | undefined;
  /** The exit status, where this process started HAProxy and so is told. */
  readonly exitCode?: number;
  readonly signal?: string;
  /** HAProxy's last words, where they are known. */
  readonly lastWords?: string;
}

export type HaproxyLog = (event: HaproxyEvent) => void;
