/**
 * A reload through the master socket, judged by `show proc` and the new worker, never by the reply alone: 2.6 sends no
 * reply, and 3.2 has replied with an error although the reload succeeded (haproxy#3351).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ReloadResult } from './control.ts';
import type { HaproxyLog } from './events.ts';
import { anotherReload, type MasterState, pollMaster, sendReload } from '../cli/master-socket.ts';
import { type CheckMessage, parseMessages } from '../files/messages.ts';
import { frozenMaster, socketIsGone } from './presence.ts';
import { masterToSignal, signalReload } from './reload-by-signal.ts';

/** The reload and its limits. */
export interface ReloadOptions {
  readonly masterSocket: string;
  /** What the new worker must answer for PACER_HASH. */
  readonly desiredHash: string;
  /** Milliseconds until the new worker must answer. Default: 60,000. */
  readonly deadlineMs?: number;
  /** HAProxy's output since this reload began, if its stderr is known: 2.6 reports errors nowhere else. */
  readonly stderr?: () => Promise<string>;
  readonly log?: HaproxyLog;
  /** Ends the waiting. HAProxy continues what it has begun. */
  readonly signal?: AbortSignal | undefined;
}

/** For this many milliseconds, a new worker with another hash may come from somebody else's reload just before ours. */
const foreignReloadMs = 2_000;
/** Milliseconds after which the reload is requested again if the master accepted it and shows no effect. */
const resendAfterMs = 5_000;

/** Milliseconds that a verdict waits for a request that the master has neither answered nor closed. */
const longestHoldMs = 2_000;

type Verdict =
  | { readonly kind: 'done'; readonly workerPid: number; readonly oldWorkers: number }
  | { readonly kind: 'failed'; readonly reason: string };

/** Reloads HAProxy. Never rejects for HAProxy's reasons. */
export async function reloadHaproxy(options: ReloadOptions): Promise<ReloadResult> {
  const { deadlineMs = 60_000, signal } = options;
  const begun = performance.now();
  const elapsed = () => performance.now() - begun;
  const request = new ReloadRequest(options, deadlineMs);
  const watched = await begin(options, request, deadlineMs);
  const verdict: Verdict =
    'reason' in watched
      ? { kind: 'failed', reason: watched.reason }
      : ((await pollMaster(
          options.masterSocket,
          { deadlineMs: deadlineMs - elapsed(), signal },
          watched.until,
        )) ?? {
          kind: 'failed',
          reason:
            signal?.aborted === true
              ? givenUp
              : `HAProxy has not finished the reload within ${Math.round(deadlineMs)} ms`,
        });
  if (verdict.kind === 'done') return { ...verdict, durationMs: elapsed() };
  return { ...verdict, messages: await messagesOf(request, options), durationMs: elapsed() };
}

/** Milliseconds without an answer after which a running master gets a signal instead. */
const silenceMs = 15_000;

const givenUp = 'Pacer stopped waiting for the reload';

type Begun = { readonly until: (state: MasterState) => Verdict | undefined } | { readonly reason: string };

/** Requests the reload. @returns how to tell that it is over, or why it could not be requested */
async function begin(options: ReloadOptions, request: ReloadRequest, deadlineMs: number): Promise<Begun> {
  const { masterSocket, desiredHash, signal, log } = options;
  const frozen = await frozenMaster(masterSocket);
  if (frozen !== undefined)
    return { reason: `HAProxy (pid ${frozen}) is frozen; "kill -CONT ${frozen}" wakes it` };
  const waitMs = (await socketIsGone(masterSocket)) ? 0 : Math.min(deadlineMs, silenceMs);
  const before = await pollMaster(masterSocket, { deadlineMs: waitMs, signal }, (state) => state);
  if (before !== undefined) return { until: watchRequest(before, desiredHash, request) };
  if (signal?.aborted === true) return { reason: givenUp };
  const masterPid = await masterToSignal(masterSocket);
  if (masterPid === undefined) return { reason: `the master socket ${masterSocket} does not answer` };
  log?.({ kind: 'reload-by-signal', masterPid });
  const judge = judgeAgainst(await signalReload(masterPid, masterSocket), desiredHash);
  return { until: (state) => judge(state, performance.now()) };
}

/** Sends the request, and again if it got lost. */
function watchRequest(before: MasterState, desiredHash: string, request: ReloadRequest) {
  request.send();
  const judge = judgeAgainst(before, desiredHash);
  let heldSince: number | undefined;
  return (state: MasterState): Verdict | undefined => {
    if (state.master.pid === before.master.pid && state.master.reloads <= before.master.reloads)
      request.again();
    const settled = request.settledBefore();
    const now = performance.now();
    const verdict = judge(state, now);
    if (verdict === undefined) return undefined;
    // It may be about somebody else's reload while ours still waits for the master. Runtime commands sent now would be
    // lost with our reload.
    heldSince ??= now;
    return settled || now - heldSince > longestHoldMs ? verdict : undefined;
  };
}

/**
 * [haproxy] management.txt 9.4.1 "show proc": `reloads` also counts failures; `failed` counts failures in a row. From
 * 3.1 on `reloads` increases when the reload begins, so an unchanged worker means "not yet".
 */
export function judgeAgainst(before: MasterState, desiredHash: string) {
  const oldPids = new Set([...before.workers, ...before.oldWorkers].map((worker) => worker.pid));
  let foreignSince: number | undefined;
  return (state: MasterState, now: number): Verdict | undefined => {
    if (state.master.pid === before.master.pid && state.master.reloads <= before.master.reloads)
      return undefined;
    if (state.master.failed > 0) return { kind: 'failed', reason: 'HAProxy refused the configuration' };
    const worker = state.workers.find(({ pid }) => !oldPids.has(pid));
    if (worker === undefined) return undefined;
    if (state.hash === desiredHash)
      return { kind: 'done', workerPid: worker.pid, oldWorkers: state.oldWorkers.length };
    if (!state.workerAnswers) return undefined;
    foreignSince ??= now;
    if (now - foreignSince < foreignReloadMs) return undefined;
    return {
      kind: 'failed',
      reason: `the new worker runs ${state.hash ?? 'no revision of ours'}, not ${desiredHash}`,
    };
  };
}

/** The request to the master, sent again if it got lost, and the reply to it. */
class ReloadRequest {
  readonly #options: ReloadOptions;
  readonly #deadlineMs: number;
  #reply: ReturnType<typeof sendReload> | undefined;
  #sentAt = 0;
  #outcome: { readonly sent: boolean; readonly text: string } | undefined;
  #wasSettled = false;

  constructor(options: ReloadOptions, deadlineMs: number) {
    this.#options = options;
    this.#deadlineMs = deadlineMs;
  }

  send(): void {
    this.#sentAt = performance.now();
    this.#outcome = undefined;
    this.#wasSettled = false;
    this.#reply = sendReload(this.#options.masterSocket, this.#deadlineMs);
    void this.#reply.then((outcome) => (this.#outcome = outcome));
  }

  /** Call when the master answers and has not begun a reload. */
  again(): void {
    const waited = performance.now() - this.#sentAt;
    // It still waits for its reply, so it has arrived.
    if (this.#outcome === undefined) return;
    const { sent, text } = this.#outcome;
    const refused = !sent || text.includes(anotherReload);
    if (!refused && (text.startsWith('Success=') || waited < resendAfterMs)) return;
    const reason = !sent
      ? 'the master socket refused the connection'
      : refused
        ? 'another reload was under way'
        : `the master shows no reload after ${Math.round(waited)} ms`;
    this.#options.log?.({ kind: 'reload-resent', reason });
    this.send();
  }

  /** Whether the request was over at the previous call, so that everything read since shows its effect. */
  settledBefore(): boolean {
    const before = this.#wasSettled;
    this.#wasSettled = this.#outcome !== undefined;
    return before;
  }

  /** What the master said; '' if it says nothing within a moment. */
  async text(): Promise<string> {
    if (this.#reply === undefined) return '';
    return Promise.race([this.#reply.then(({ text }) => text), sleep(500, '')]);
  }
}

/** The alerts; if HAProxy sent none, its warnings. */
async function messagesOf(request: ReloadRequest, options: ReloadOptions): Promise<CheckMessage[]> {
  const replied = parseMessages(await request.text());
  const messages = replied.length > 0 ? replied : parseMessages((await options.stderr?.()) ?? '');
  const alerts = messages.filter(({ severity }) => severity === 'alert');
  return alerts.length > 0 ? alerts : messages;
}
