/** The commands of `pacer` and their help. Each command's code is imported only when it runs. */
import { Command } from 'commander';
import { addAskCommands } from './ask-commands.ts';
import { packageVersion } from '../package.ts';
import { addRunCommands } from './run-commands.ts';
import { settingsFor } from './settings-for.ts';

/** Runs a command; the number is the exit code. */
type Action = (options: Record<string, unknown>) => Promise<number>;

/** @param words the command line after the program's name */
export async function createProgram(
  words: readonly string[],
  onExit: (code: number) => void,
): Promise<Command> {
  const settings = await settingsFor(words);
  const { addSettings } = settings;
  const program = new Command('pacer')
    .description("Keeps HAProxy serving the healthy tasks of Marathon's apps.")
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .showSuggestionAfterError()
    .showHelpAfterError('(see --help)')
    .addHelpText(
      'after',
      `
Try it out:
  pacer demo                                     Marathon, apps and HAProxy, all on this machine
Run it:
  pacer run --marathon http://m1:8080 http://m2:8080 --group external --health-check
See what it would do:
  pacer render --apps apps.json --group external
  pacer lint app.json
Ask the one that runs:
  pacer status
  pacer explain https://shop.example.com/api
`,
    );
  const command = (name: string, summary: string, action: Action) =>
    program
      .command(name)
      .summary(summary)
      .description(summary)
      .action(async (options: Record<string, unknown>) => onExit(await action(options)));

  program.commandsGroup('Serve:');
  addRunCommands(program, onExit, settings);
  addSettings(
    command('init', 'write a first configuration, for a HAProxy that starts before Pacer', async (options) =>
      (await import('./commands/init.ts')).init(options),
    ),
  );
  addAskCommands(program, onExit, settings);
  program.commandsGroup('Try it, look it up:');
  addSettings(
    command('render', "print HAProxy's configuration for a saved answer of Marathon", async (options) =>
      (await import('./commands/render.ts')).render(options),
    )
      .requiredOption(
        '--apps <file>',
        'a saved answer of GET /v2/apps?embed=apps.tasks; - for standard input',
      )
      .option('--out <dir>', 'write the files there instead of printing them')
      .option('--hosts <file>', "agents' addresses, as in /etc/hosts, instead of asking the resolver"),
  );
  command(
    'migrate',
    "Pacer's settings from the way marathon-lb is started, and what will differ",
    async (options) => (await import('./commands/migrate.ts')).migrate(options),
  )
    .option(
      '--from-args <command line>',
      'as it is: the flags alone, or all of `docker run ...`, `rkt run ...`',
    )
    .option(
      '--from-file <file>',
      'a script, a compose file, a unit, or the app of Marathon; - for standard input',
    )
    .option('--service <name>', 'the service of the compose file, or the app, where several run marathon-lb')
    .option('--templates <dir>', 'its templates, which are checked')
    .option('--env <file>', 'its variables, one NAME=value a line')
    .option('--json', 'for tools');
  addSettings(
    command(
      'compare',
      'where Pacer would serve otherwise than a running marathon-lb, and why',
      async (options) => (await import('./commands/compare.ts')).compare(options),
    )
      .requiredOption(
        '--marathon-lb <url or file>',
        'its statistics port, or a saved answer of /_haproxy_getconfig',
      )
      .option('--vhost-map <file>', 'with a file: a saved answer of /_haproxy_getvhostmap')
      .option('--app-map <file>', 'with a file: a saved answer of /_haproxy_getappmap')
      .option('--apps <file>', 'a saved answer of GET /v2/apps?embed=apps.tasks, instead of --marathon')
      .option('--json', 'for tools'),
  );
  command('simulate', 'a Marathon of its own, for trying things and for benchmarks', async (options) =>
    (await import('./simulate-command.ts')).simulateCommand(options),
  )
    .option('--port <port>', 'where it listens', '8080')
    .option('--apps <n>', 'so many generated apps instead of the sample apps')
    .option('--tasks <n>', 'tasks of each of them', '5')
    .option('--load <file>', 'the apps of a saved answer of /v2/apps or /v2/groups');
  command('labels', 'the labels of apps, with what they mean', async (options) =>
    (await import('./commands/labels.ts')).labels(options),
  ).option('--format <format>', 'table, markdown or json', 'table');
  command(
    'templates',
    'the templates that may be replaced, with their placeholders and data',
    async (options) => (await import('./commands/templates.ts')).templates(options),
  ).option('--format <format>', 'table, markdown or json', 'table');
  command('errors', 'what each error code means and what to do', async (options) =>
    (await import('./errors.ts')).errors(options),
  ).option('--format <format>', 'table, markdown or json', 'table');
  command(
    'demo',
    'everything on this machine: Marathon simulator, apps, Pacer, HAProxy and a load',
    async (options) => (await import('./commands/demo.ts')).demo(options),
  )
    .option('--once', 'a fixed short script of changes; exit code 0 only if no request failed')
    .option('--haproxy-bin <path>', 'the HAProxy program');
  return program;
}
