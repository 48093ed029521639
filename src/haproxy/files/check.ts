/** Asks HAProxy whether it accepts a configuration. Knows nothing of its content. */
import { setPriority } from 'node:os';
import { execa } from 'execa';
import { PacerError } from '../../errors.ts';
import { type CheckMessage, parseMessages } from './messages.ts';

export type { CheckMessage } from './messages.ts';

/** HAProxy's verdict on a configuration. */
export type CheckResult =
  | { readonly kind: 'accepted'; readonly warnings: readonly CheckMessage[] }
  | { readonly kind: 'rejected'; readonly messages: readonly CheckMessage[] };

/** What to check, and how. */
export interface CheckOptions {
  readonly program: string;
  /** Absolute path of the configuration. */
  readonly file: string;
  /** Milliseconds. Default: 30,000 (10,000 backends take half a second). */
  readonly timeoutMs?: number;
  /** Nobody waits for the verdict, so processes that serve come first. */
  readonly unhurried?: boolean;
}

/** A process with this nice value gets a tenth of the usual CPU weight. [sched(7)] "The nice value" */
const unhurriedNice = 10;

/**
 * Runs `haproxy -c -f FILE`. It does not see ports that other processes use, or too few file descriptors.
 * @throws PacerError HAPROXY_MISSING if the program cannot be run, HAPROXY_REJECTS if it does not end in time
 */
export async function checkConfiguration({
  program,
  file,
  timeoutMs = 30_000,
  unhurried = false,
}: CheckOptions): Promise<CheckResult> {
  // Not -q: it hides the messages. [haproxy] management.txt 3 "-c"
  const check = execa(program, ['-c', '-f', file], {
    reject: false,
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    stdin: 'ignore',
    stripFinalNewline: false,
  });
  if (unhurried) giveWay(check.pid);
  const result = await check;
  if (result.timedOut) {
    throw new PacerError(
      'HAPROXY_REJECTS',
      `haproxy -c has not judged ${file} within ${timeoutMs} ms`,
      'check the configuration for host names that must be resolved, or give the machine more CPU',
    );
  }
  if (result.exitCode === undefined) {
    throw new PacerError(
      'HAPROXY_MISSING',
      `${program} cannot be run`,
      'name the HAProxy program with --haproxy-bin',
      {
        cause: result,
      },
    );
  }
  return judgeCheck(result.exitCode, `${result.stdout}\n${result.stderr}`);
}

/** Lowers the priority of a process, which may have ended already. */
function giveWay(pid: number | undefined): void {
  try {
    if (pid !== undefined) setPriority(pid, unhurriedNice);
  } catch {
    // Then it runs with normal priority.
  }
}

/**
 * The verdict from an exit status and everything printed. 3.4.0 may print an [ALERT] and exit with 0: that is a
 * failure.
 */
export function judgeCheck(exitCode: number, output: string): CheckResult {
  const messages = parseMessages(output);
  if (exitCode === 0 && !messages.some((message) => message.severity === 'alert')) {
    return { kind: 'accepted', warnings: messages };
  }
  if (messages.length > 0) return { kind: 'rejected', messages };
  const text =
    output.trim() === '' ? `haproxy -c ended with status ${exitCode} and said nothing` : output.trim();
  return { kind: 'rejected', messages: [{ severity: 'alert', text }] };
}
