/** docs/marathon-lb.md says what the tables say that the program is made from. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { differences } from '../../src/settings/marathon-lb-differences.ts';
import { marathonLbFlags } from '../../src/settings/marathon-lb-flags.ts';
import { marathonLbVariables } from '../../src/settings/marathon-lb.ts';

const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'marathon-lb.md'), 'utf8');

/** The cells of the table below a heading, without its head. */
function rowsBelow(heading: string): string[][] {
  const section = page.split(`## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('|'));
  return rows.slice(2).map((row) =>
    row
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('\\|', '|')),
  );
}

test('every difference is there, word for word', () => {
  expect(rowsBelow('Differences from marathon-lb')).toEqual(
    differences.map(({ marathonLb, pacer, why }) => [marathonLb, pacer, why]),
  );
});

test('every flag of marathon-lb is there, with what differs', () => {
  const rows = rowsBelow('Flags');
  expect(rows.map(([flag]) => flag)).toEqual(
    marathonLbFlags.map(({ flag, short }) => `\`--${flag}\`${short === undefined ? '' : `, \`-${short}\``}`),
  );
  for (const [i, { differs }] of marathonLbFlags.entries())
    if (differs !== undefined) expect(rows[i]?.[1]).toBe(differs);
});

test('every variable is there, with what it does', () => {
  expect(rowsBelow('Variables').map(([, , what]) => what)).toEqual(
    marathonLbVariables().map(({ doc }) => doc),
  );
});
