/** `pacer migrate`: marathon-lb's command line, environment and templates → Pacer's settings and what will differ. */
import { existsSync, readFileSync } from 'node:fs';
import { PacerError, messageOf } from '../../errors.ts';
import { readCommandLine } from '../../migration/command-line.ts';
import { planMigration, type MigrationPlan } from '../../migration/plan.ts';
import { migrationText } from '../../migration/print.ts';
import { resolveSettings } from '../../settings/settings.ts';
import { settingKeys, settingsTable } from '../../settings/table.ts';
import { readNamed } from '../input.ts';
import { templateVerdicts } from './migrate-templates.ts';

/** Exit code 1 where something is to be done by hand. */
export async function migrate(options: Record<string, unknown>): Promise<number> {
  const word = (name: string) => {
    const value = options[name];
    return typeof value === 'string' ? value : undefined;
  };
  const given = readCommandLine(await invocationText(word('fromArgs'), word('fromFile')), word('service'));
  const { environment, problems } = environmentOf(word('env'), given);
  const commandLine = { ...given, problems: [...given.problems, ...problems] };
  const templates = word('templates');
  const plan = checked(planMigration({ commandLine, environment, templates }));
  const verdicts = templateVerdicts(environment, templates ?? templatesHere(plan));
  const settings = Object.fromEntries(plan.settings);
  const output =
    options['json'] === true
      ? `${JSON.stringify({ ...plan, settings, templates: verdicts }, null, 2)}\n`
      : migrationText(plan, verdicts);
  process.stdout.write(output);
  const attention =
    plan.remarks.some((remark) => remark.attention) || verdicts.some(({ kind }) => kind === 'refused');
  return attention ? 1 : 0;
}

async function invocationText(args: string | undefined, file: string | undefined): Promise<string> {
  if (args !== undefined && file === undefined) return args;
  if (file !== undefined && args === undefined) return readNamed(file, '--from-file');
  throw new PacerError(
    'SETTINGS_INVALID',
    args === undefined ? 'nothing is given to be read' : '--from-args and --from-file are both given',
    'write --from-args with the command line, or --from-file with a compose file, a unit, an app or a script',
  );
}

/** The folder that is mounted, where this is the machine. */
function templatesHere({ settings }: MigrationPlan): string | undefined {
  const folder = settings.get('templates');
  return typeof folder === 'string' && existsSync(folder) ? folder : undefined;
}

function environmentOf(
  file: string | undefined,
  { environment, environmentFiles }: ReturnType<typeof readCommandLine>,
) {
  const problems: string[] = [];
  const all = new Map<string, string>();
  // The file that the command line itself names may be on another machine.
  if (file === undefined && environmentFiles.length > 0)
    problems.push(
      `the variables of ${environmentFiles.join(', ')} are not looked at; name the file with --env`,
    );
  if (file !== undefined) {
    const { variables, wrong } = readEnvironmentFile(readEnvFile(file));
    for (const [name, value] of variables) all.set(name, value);
    if (wrong.length > 0) problems.push(`${file}: line ${wrong.join(', ')} is no NAME=value`);
  }
  for (const [name, value] of environment) all.set(name, value);
  return { environment: all, problems };
}

function readEnvFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new PacerError(
      'FILE_UNREADABLE',
      `--env ${path}: ${messageOf(error)}`,
      'name a file with one NAME=value a line',
    );
  }
}

/** With what Pacer would say to these settings, but for files, which may be on another machine. */
function checked(plan: MigrationPlan): MigrationPlan {
  const written = [...plan.settings].filter(([flag]) => !/(?:file|ca-cert|templates)$/.test(flag));
  const keyOf = (flag: string) => settingKeys.find((key) => settingsTable[key].flag === flag) ?? flag;
  const flags = Object.fromEntries(written.map(([flag, value]) => [keyOf(flag), value]));
  try {
    resolveSettings({ flags, environment: {}, file: undefined });
    return plan;
  } catch (error) {
    if (!(error instanceof PacerError) || error.message.includes('no --group')) return plan;
    const wrong = error.message.split('\n').map((text) => ({ about: 'the settings', text, attention: true }));
    return { ...plan, remarks: [...wrong, ...plan.remarks] };
  }
}

/** Files of variables, as docker and systemd take them: one `NAME=value` a line. */

/** @returns the variables, and the lines that are none */
export function readEnvironmentFile(text: string): {
  readonly variables: ReadonlyMap<string, string>;
  readonly wrong: readonly number[];
} {
  const variables = new Map<string, string>();
  const wrong: number[] = [];
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    if (/^\s*(?:[#;].*)?$/.test(line)) continue;
    const match = /^\s*(?:export\s+)?([A-Za-z_]\w*)=(.*)$/.exec(line);
    if (match?.[1] === undefined) wrong.push(i + 1);
    else variables.set(match[1], unquoted(match[2] ?? ''));
  }
  return { variables, wrong };
}

const unquoted = (value: string): string => /^(["'])(.*)\1\s*$/.exec(value)?.[2] ?? value;
