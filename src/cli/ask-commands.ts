/** The commands that ask a running Pacer. */
import type { Command } from 'commander';
import type { SettingsHelp } from './settings-for.ts';

export function addAskCommands(
  program: Command,
  onExit: (code: number) => void,
  { addSettings }: SettingsHelp,
): void {
  const command = (name: string, summary: string) =>
    addClientOptions(program.command(name).summary(summary).description(summary)).option(
      '--json',
      'for programs',
    );

  program.commandsGroup('Ask the Pacer that runs:');
  command('status', 'what a running Pacer does now; exit code 1 while it is not ready')
    .option('--watch', 'again and again, every 2 seconds')
    .action(async (options: Record<string, unknown>) =>
      onExit(await (await import('./commands/status.ts')).status(options)),
    );
  command('apps [filter]', 'every app, where it is served and by how many servers').action(
    async (filter: string | undefined, options: Record<string, unknown>) =>
      onExit(await (await import('./commands/apps.ts')).apps(filter, options)),
  );
  command('revisions', 'what was done to HAProxy, newest first').action(
    async (options: Record<string, unknown>) =>
      onExit(await (await import('./commands/revisions.ts')).revisions(options)),
  );
  command('diff', 'what stands between HAProxy and what Marathon says now').action(
    async (options: Record<string, unknown>) =>
      onExit(await (await import('./commands/diff.ts')).diff(options)),
  );
  command('rollback [revision]', 'back to a revision, which is pinned until it is released; takes the token')
    .option('--release', 'serve again what Marathon says')
    .action(async (revision: string | undefined, options: Record<string, unknown>) =>
      onExit(await (await import('./commands/rollback.ts')).rollback(revision, options)),
    );
  command('approve', 'agree to a withheld removal of servers; takes the token').action(
    async (options: Record<string, unknown>) =>
      onExit(await (await import('./commands/approve.ts')).approve(options)),
  );
  command('explain <what>', 'why a URL, host/path, :port, app or task is served as it is')
    .description(
      'Why a URL, host/path, :port, app id, task id or backend is served as it is; exit code 1 where it is not.\nOr what an error code means.',
    )
    .action(async (what: string, options: Record<string, unknown>) =>
      onExit(await (await import('./commands/explain.ts')).explain(what, options)),
    );

  program.commandsGroup('Before deploying:');
  addSettings(
    program
      .command('lint <file>')
      .summary('what is wrong with apps before they are deployed; for CI pipelines')
      .description(
        'Checks the labels of apps that are not deployed yet: one app, a list, a group, or the answer of GET /v2/apps, in a\nfile, from standard input (-) or from a URL. Exit code 1 where there are errors.',
      )
      .option('--format <format>', 'human, json, sarif or github', 'human')
      .option('--against <url>', 'collisions with what the Pacer at this address serves, too')
      .option('--token-file <file>', 'a token of it (default: PACER_TOKEN_FILE)')
      .option('--ca-file <file>', 'the authority of its certificate, PEM')
      .option('--cert-file <file>', 'a client certificate with its key, PEM')
      .option('--show', "print what the apps add to HAProxy's configuration")
      .option('--check', 'ask haproxy -c as well; needs the haproxy program')
      .option('--allow-empty', 'exit code 0 where nothing is exposed, so that nothing is checked')
      .option('--fail-on <severity>', 'error or warning: from which on the exit code is 1', 'error'),
  ).action(async (file: string, options: Record<string, unknown>) =>
    onExit(await (await import('./lint/lint.ts')).lint(file, options)),
  );
}

/** The options of every command that asks a running Pacer. */
function addClientOptions(command: Command): Command {
  return command
    .option(
      '--status <url>',
      'the status server of the Pacer to ask (default: PACER_STATUS, else http://127.0.0.1:9095)',
    )
    .option('--token-file <file>', 'a token of it (default: PACER_TOKEN_FILE); changes take one')
    .option('--ca-file <file>', 'the authority of its certificate, PEM, where the system does not know it')
    .option('--cert-file <file>', 'a client certificate with its key, PEM, instead of a token');
}
