/** The commands that ask a running Pacer. */
import type { Command } from 'commander';
import { addClientOptions } from './client/options.ts';

export function addAskCommands(program: Command, onExit: (code: number) => void): void {
  const command = (name: string, summary: string) =>
    addClientOptions(program.command(name).summary(summary).description(summary)).option(
      '--json',
      'for programs',
    );

  command('explain <what>', 'why a URL, host/path, :port, app or task is served as it is')
    .description(
      'Why a URL, host/path, :port, app id, task id or backend is served as it is; exit code 1 where it is not.\nOr what an error code means.',
    )
    .action(async (what: string, options: Record<string, unknown>) =>
      onExit(await (await import('./explain.ts')).explain(what, options)),
    );
}
