/** `pacer errors`: every code with what it means and what to do, for people or for tools. */
import { diagnosticCatalogue } from '../core/model/diagnostic-codes.ts';
import { errorCatalogue } from '../errors.ts';
import { formats, oneOf } from './options.ts';

interface Row {
  readonly code: string;
  readonly means: string;
  readonly remedy: string;
}

const rowsOf = (catalogue: Readonly<Record<string, Omit<Row, 'code'>>>): Row[] =>
  Object.entries(catalogue).map(([code, entry]) => ({ code, ...entry }));

export function errors({ format }: Record<string, unknown>): Promise<number> {
  process.stdout.write(textOf(oneOf(formats, '--format', format)));
  return Promise.resolve(0);
}

/** What a code means; undefined for a word that is none. */
export function describeCode(code: string): string | undefined {
  const row = [...rowsOf(errorCatalogue), ...rowsOf(diagnosticCatalogue)].find(
    (entry) => entry.code === code,
  );
  return row === undefined ? undefined : table([row]);
}

function textOf(format: (typeof formats)[number]): string {
  const failures = rowsOf(errorCatalogue);
  const diagnostics = rowsOf(diagnosticCatalogue);
  switch (format) {
    case 'markdown':
      return errorsMarkdown();
    case 'json':
      return `${JSON.stringify({ errors: failures, diagnostics }, null, 2)}\n`;
    case 'table':
      return table([...failures, ...diagnostics]);
  }
}

const table = (rows: readonly Row[]): string =>
  rows.map(({ code, means, remedy }) => `${code}\n    ${means}\n    ${remedy}\n`).join('');

/** docs/errors.md */
export function errorsMarkdown(): string {
  const section = (rows: readonly Row[]) =>
    rows.map(({ code, means, remedy }) => `### ${code}\n\n${means}\n\n${remedy}\n`).join('\n');
  return `# Errors and diagnostics

<!-- Written by \`pacer errors --format markdown\`; a test keeps it so. -->

Every message that Pacer prints for something that went wrong ends with its code, \`[FILE_UNREADABLE]\`, and says what to
do in that very case. Here is what each code means, and what to do in general. Codes do not change; scripts may rely on
them. A command that meets one ends with status 2. Anything else is a bug (status 70): please report it with what was
printed.

## Errors: Pacer, its files, HAProxy, Marathon

${section(rowsOf(errorCatalogue))}
## Diagnostics: one app or service

In the log, \`/status\`, \`/apps/<id>\`, \`pacer explain\` and \`pacer lint\`, each with the app, the label and the value. \`error\`:
the service is rejected, or kept at its last good version. \`warning\`: it serves, but not as asked. \`notice\`: worth knowing.

${section(rowsOf(diagnosticCatalogue))}`;
}
