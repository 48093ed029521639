/** Standard output and standard error where nobody reads them any more (`| head`), or where they cannot be written. */
import { messageOf } from '../errors.ts';

const streams = [process.stdout, process.stderr] as const;

const isUnread = (error: NodeJS.ErrnoException): boolean => error.code === 'EPIPE';

/**
 * A reader that has seen enough is no error: the command ends as it would have, with its own exit code. What cannot be
 * written otherwise (a full disk) is one.
 */
export function watchOutput(): void {
  for (const stream of streams) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (isUnread(error)) return;
      process.exitCode = 2;
      // Of the two, the other one may still be written.
      if (stream === process.stdout)
        process.stderr.write(`pacer: what it prints cannot be written: ${messageOf(error)}\n`);
    });
  }
}

/** What goes on printing until it is told to stop is told so when nobody reads it. */
export function onUnread(stop: () => void): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (isUnread(error)) stop();
  });
}
