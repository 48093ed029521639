/** `pacer run`, and `sse` and `poll` as the entry point of marathon-lb's image takes them: `run sse --group external`. */
import type { Command } from 'commander';
import { PacerError } from '../errors.ts';
import type { SettingsHelp } from './settings-for.ts';

type Options = Record<string, unknown>;

export function addRunCommands(
  program: Command,
  onExit: (code: number) => void,
  { addSettings, longHelp }: SettingsHelp,
): void {
  const start = async (mode: string | undefined, { longhelp, ...options }: Options) => {
    if (longhelp === true) {
      process.stdout.write(longHelp(run.helpInformation()));
      onExit(0);
      return;
    }
    const { run: daemon } = await import('./commands/run.ts');
    onExit(await daemon(mode === 'poll' ? { ...options, poll: true } : options));
  };
  const command = (name: string, summary: string) =>
    addSettings(program.command(name).summary(summary).description(summary))
      .option('--longhelp', 'all of it: flags, variables and labels')
      .addHelpText('after', afterHelp);

  const run = command('run', 'follow Marathon and keep HAProxy in step: the daemon')
    .argument('[mode]', 'sse or poll, as for marathon-lb')
    .action((mode: string | undefined, options: Options) => start(known(mode), options));
  command('sse', "the same, as marathon-lb's image is told").action((options: Options) =>
    start('sse', options),
  );
  command(
    'poll',
    'the same, asking Marathon every --poll-interval seconds instead of following its events',
  ).action((options: Options) => start('poll', options));
  program.option('--longhelp', 'all of it: flags, variables and labels');
  program.on('option:longhelp', () => {
    process.stdout.write(longHelp(run.helpInformation()));
    // As --help and --version do.
    process.exit(0);
  });
}

const afterHelp = `
Every setting can also be given in the environment (--http-port as PACER_HTTP_PORT) and in a YAML file
(--config pacer.yaml, or PACER_CONFIG), where its key is the flag without dashes: \`http-port: 8080\`.
A flag wins over the environment, that over the file, that over the default. --longhelp tells of
marathon-lb's variables and of the labels too.
Several Marathon clusters stand in the YAML file, under \`clusters\`: docs/marathon.md.
`;

function known(mode: string | undefined): string | undefined {
  if (mode === undefined || mode === 'sse' || mode === 'poll') return mode;
  throw new PacerError(
    'SETTINGS_INVALID',
    `\`pacer run ${mode}\`: there is no such mode`,
    'write `pacer run`, `pacer run sse` or `pacer run poll`, then the flags',
  );
}
