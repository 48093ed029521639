/** The reference of labels, made from the one table. */
import { labelFragments } from './fragments.ts';
import { labelLimits } from './limits.ts';
import { appLabels, portLabels, type LabelSpec } from './table.ts';

export interface LabelRow {
  /** With `{n}` for the index of the port. */
  readonly label: string;
  readonly default: string;
  readonly doc: string;
  readonly example: string;
  /** False where it is read, but has no effect in this version. */
  readonly applied: boolean;
}

export function labelRows(): LabelRow[] {
  const rows = (specs: Readonly<Record<string, LabelSpec<unknown>>>, prefix: string) =>
    Object.entries(specs).map(([name, { default: fallback, doc, example, applied }]) => ({
      label: `${prefix}${name}`,
      default: fallback,
      doc,
      example,
      applied,
    }));
  return [...rows(appLabels, 'HAPROXY_'), ...rows(portLabels, 'HAPROXY_{n}_')];
}

export function labelsMarkdown(): string {
  const cell = (text: string) => text.replaceAll('|', '\\|');
  const table = (rows: readonly LabelRow[]) => [
    '| label | default | example | meaning |',
    '|---|---|---|---|',
    ...rows.map(
      ({ label, default: fallback, doc, example }) =>
        `| \`${label}\` | ${cell(fallback)} | \`${cell(example)}\` | ${cell(doc)} |`,
    ),
  ];
  const rows = labelRows();
  const idle = rows.filter(({ applied }) => !applied);
  return [
    '# Labels',
    '',
    '`{n}` is the index of the port, from 0. `true`, `t`, `yes` and `y` in any case are true; anything else is false.',
    'This page is made by `pacer labels --format markdown`.',
    '',
    '**An empty value means the same as no label**, for every label. A label that is emptied, or dropped, is taken away on',
    'purpose: hosts and a listener that the new version gives up do not serve on, even while something else is wrong with',
    'it. Of labels that protect or hide a port the owner is told.',
    '',
    '**One odd item of a list costs that item.** It is left out, with an error that names it, and the others serve. Lists are',
    '`GROUP`, `VHOST`, `PATH` and `BACKEND_NETWORK_ALLOWED_ACL`; they may have line breaks. If nothing of a list can be used,',
    'the service is rejected, or kept at its last good version.',
    '',
    ...table(rows.filter(({ applied }) => applied)),
    '',
    ...(idle.length === 0
      ? []
      : ['## Read and checked, but without effect in this version', '', ...table(idle), '']),
    '## Templates for one port',
    '',
    '`HAPROXY_{n}_<NAME>` replaces a template for one port; [templates.md](templates.md) has what each may hold:',
    `${labelFragments.map((name) => `\`${name}\``).join(', ')}.`,
    '',
    '## Limits',
    '',
    'Lists have no limit of their own: a label with 100 hosts, or 5,000, is served. [marathon.md](marathon.md) has the limits of',
    'what Pacer takes of one app.',
    '',
    '| what | limit | reason | beyond it |',
    '|---|---|---|---|',
    ...labelLimits.map(({ what, limit, reason, beyond }) => `| ${what} | ${limit} | ${reason} | ${beyond} |`),
    '',
  ].join('\n');
}
