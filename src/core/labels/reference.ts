/** The reference of labels, made from the one table. */
import { labelFragments } from './fragments.ts';
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
  return [
    '# Labels',
    '',
    '`{n}` is the index of the port, from 0. `true`, `t`, `yes` and `y` in any case are true; anything else is false.',
    'This page is made by `pacer labels --format markdown`.',
    '',
    ...table(rows.filter(({ applied }) => applied)),
    '',
    '## Read and checked, but without effect in this version',
    '',
    ...table(rows.filter(({ applied }) => !applied)),
    '',
    '## Templates for one port',
    '',
    '`HAPROXY_{n}_<NAME>` replaces a template for one port; [templates.md](templates.md) has what each may hold:',
    `${labelFragments.map((name) => `\`${name}\``).join(', ')}.`,
    '',
  ].join('\n');
}
