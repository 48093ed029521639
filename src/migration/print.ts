/** A migration as a settings file whose comments say the rest, so that it can be kept as it is printed. */
import { stringify } from 'yaml';
import type { MigrationPlan, Remark } from './plan.ts';

/** What is said of one template. */
export interface TemplateVerdict {
  /** `HAPROXY_HEAD in the environment`, `templates/HAPROXY_HEAD`. */
  readonly place: string;
  readonly kind: 'taken as it is' | 'taken, with changes' | 'refused';
  /** One line each. */
  readonly notes: readonly string[];
}

export function migrationText(plan: MigrationPlan, templates: readonly TemplateVerdict[]): string {
  const settings = Object.fromEntries(plan.settings);
  return [
    '# Settings for Pacer, from the command line of marathon-lb. Keep it as pacer.yaml and start',
    '#   pacer run --config pacer.yaml',
    ...(plan.environment.length === 0
      ? []
      : ['# with these variables in the environment:', ...plan.environment.map(comment)]),
    '# The same without a file:',
    comment(plan.command.map(shellWord).join(' ')),
    '',
    plan.settings.size === 0 ? '# (nothing is set)' : stringify(settings, { lineWidth: 110 }).trimEnd(),
    '',
    ...section('To be done by hand', plan.remarks.filter(({ attention }) => attention).map(line)),
    ...section('Flags and variables', plan.remarks.filter(({ attention }) => !attention).map(line)),
    ...section('Templates', templates.flatMap(templateLines)),
    ...section(
      'What is different on purpose',
      plan.differences.flatMap(({ marathonLb, pacer, why }) => [
        `marathon-lb: ${marathonLb}.`,
        `  Pacer: ${pacer}.`,
        `  Since ${why}.`,
      ]),
    ),
  ].join('\n');
}

const line = ({ about, text }: Remark): string => `${about}: ${text}`;

function templateLines({ place, kind, notes }: TemplateVerdict): string[] {
  return [`${place}: ${kind}`, ...notes.map((note) => `  ${note}`)];
}

function section(title: string, lines: readonly string[]): string[] {
  if (lines.length === 0) return [];
  return [`# ${title}`, ...lines.map(comment), ''];
}

/** Whatever a value holds stays in the comment: to YAML a carriage return ends a line, too. */
const comment = (text: string): string =>
  text
    .split(/\r\n|[\n\r\u0085\u2028\u2029]/)
    .map((part) => `#   ${part.replace(controls, escaped)}`)
    .join('\n');

const controls = /[^\P{Cc}\t]/gu;

const escaped = (character: string): string =>
  `\\x${(character.codePointAt(0) ?? 0).toString(16).padStart(2, '0')}`;

/** As a shell reads it back. */
const shellWord = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
