/** A HAProxy that somebody else runs, as systemd or another container would; the test is that somebody. */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { init } from '../../src/cli/commands/init.ts';
import type { Stack } from './stack.ts';

/** The one that Pacer checks with: its setting is the way to run the tests with another version. */
const haproxyProgram = process.env['PACER_HAPROXY_BIN'] ?? '/usr/sbin/haproxy';

export interface OwnHaproxy {
  readonly masterPid: number;
  /** Ends it at once, connections and all. */
  readonly end: () => Promise<void>;
}

export const masterSocketOf = ({ directory }: Stack): string => join(directory, 'run', 'master.sock');

/** Resolves once it serves. */
export async function startOwnHaproxy(
  stack: Stack,
  cwd = '/',
  config = join(stack.directory, 'current', 'haproxy.cfg'),
  /** What it is started through, such as setpriv. */
  wrapper: readonly string[] = [],
): Promise<OwnHaproxy> {
  const output = openSync(join(stack.directory, 'haproxy.log'), 'a');
  const words = [...wrapper, haproxyProgram, '-W', '-S', `${masterSocketOf(stack)},mode,600`, '-f', config];
  const child = spawn(words[0] ?? '', words.slice(1), {
    cwd,
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await stack.until('the HAProxy of the test serves', () =>
    stack.ask({}).then(
      () => true,
      () => false,
    ),
  );
  return {
    masterPid: child.pid ?? 0,
    end: async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      await exited;
    },
  };
}

/** `pacer init` with the settings that the stack's daemon has. */
export function initFor({ directory, ports }: Stack, more: Record<string, unknown> = {}): Promise<number> {
  return init({
    stateDir: directory,
    bindAddress: '127.0.0.1',
    maxconn: '500',
    httpPort: ports.http,
    httpsPort: ports.https,
    appidPort: ports.appid,
    statsPort: ports.stats,
    ...more,
  });
}
