/**
 * Runs a shell command with a deadline. The command is over when its process has ended, even if other processes still
 * have its output open: `sleep 150 & kill -USR2 7` is over at once. At the deadline all of it is ended, children
 * included.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { commandLine, groupOf, signal as send } from './proc-fs.ts';

/** Limits of a command. */
export interface ShellOptions {
  /** Milliseconds. */
  readonly deadlineMs: number;
  /** Default: the environment of this process. */
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** Ends the command like the deadline does. */
  readonly signal?: AbortSignal | undefined;
  /** Called once if the command takes long. */
  readonly onSlow?: (ms: number) => void;
}

/** How the command ended. */
export interface ShellResult {
  /** `aborted`: ended by the signal. */
  readonly kind: 'ended' | 'late' | 'aborted';
  /** Null unless the command ended by itself. */
  readonly exitCode: number | null;
  readonly exitSignal: NodeJS.Signals | null;
  /** The last 64 KiB of its stdout and stderr. */
  readonly output: string;
}

const longestOutput = 64 * 1024;
/** Milliseconds until `onSlow` is called. */
const slowMs = 5_000;
/** Milliseconds to read what is still in the pipe after the command has ended. */
const drainMs = 100;
/** Milliseconds between SIGTERM and SIGKILL. */
const killMs = 1_000;

/** Runs the command with /bin/sh. Never rejects. */
export async function runShell(command: string, options: ShellOptions): Promise<ShellResult> {
  const { deadlineMs, env, signal, onSlow } = options;
  if (signal?.aborted === true) return { kind: 'aborted', exitCode: null, exitSignal: null, output: '' };
  // A process group of its own, so that its children can be found.
  const child = spawn('/bin/sh', ['-c', command], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(env === undefined ? {} : { env }),
  });
  // If Pacer is stopped meanwhile, it ends, and lets the command finish by itself.
  child.unref();
  const output = keepLast(child);
  const slow = setTimeout(() => onSlow?.(slowMs), slowMs);
  const over = await Promise.race([exitOf(child), lateOrAborted(deadlineMs, signal)]).finally(() =>
    clearTimeout(slow),
  );
  if (typeof over === 'string') {
    const exit = exitOf(child);
    await endGroup(child.pid);
    await Promise.race([exit, sleep(killMs)]);
    return { kind: over, exitCode: null, exitSignal: null, output: output() };
  }
  await Promise.race([closeOf(child), sleep(drainMs)]);
  return { kind: 'ended', ...over, output: output() };
}

type Exit = Pick<ShellResult, 'exitCode' | 'exitSignal'>;

function exitOf(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null)
      resolve({ exitCode: child.exitCode, exitSignal: child.signalCode });
    child.once('exit', (exitCode, exitSignal) => resolve({ exitCode, exitSignal }));
    // There is no shell. 127 is also what a shell returns for a command that does not exist.
    child.once('error', () => resolve({ exitCode: 127, exitSignal: null }));
  });
}

function closeOf(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => child.once('close', () => resolve()));
}

async function lateOrAborted(deadlineMs: number, signal?: AbortSignal): Promise<'late' | 'aborted'> {
  const waited = await sleep(deadlineMs, 'late' as const, { ref: false, ...(signal && { signal }) }).catch(
    () => 'aborted' as const,
  );
  return waited;
}

/** Output that a surviving child writes later is read and discarded, and keeps nobody from ending. */
function keepLast(child: ChildProcess): () => string {
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8');
    stream?.on('data', (chunk: string) => {
      text = (text + chunk).slice(-longestOutput);
    });
    stream?.on('error', () => undefined);
    if (stream !== null && 'unref' in stream) (stream as unknown as { unref: () => void }).unref();
  }
  return () => text;
}

/** All processes of the group, except a HAProxy that the command has started: it serves. */
async function endGroup(group: number | undefined): Promise<void> {
  if (group === undefined) return;
  for (const name of ['SIGTERM', 'SIGKILL'] as const) {
    const members = await membersOf(group);
    for (const pid of members) send(pid, name);
    const deadline = performance.now() + killMs;
    while (name === 'SIGTERM' && performance.now() < deadline && (await membersOf(group)).length > 0)
      await sleep(20);
  }
}

async function membersOf(group: number): Promise<number[]> {
  const names = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  // Without /proc only the whole group can be signalled. [linux] kill(2)
  if (names.length === 0) return [-group];
  const members: number[] = [];
  for (const pid of names.map(Number)) {
    if ((await groupOf(pid)) !== group) continue;
    const args = await commandLine(pid, 'once');
    const serves = /(?:^|\/)haproxy$/.test(args[0] ?? '') && !args.includes('-c');
    if (!serves) members.push(pid);
  }
  return members;
}
