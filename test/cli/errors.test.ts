/** Every code of an error or a diagnostic is documented, and none is documented that nothing gives. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeCode, errorsMarkdown } from '../../src/cli/errors.ts';
import { diagnosticCatalogue } from '../../src/core/model/diagnostic-codes.ts';
import { errorCatalogue } from '../../src/errors.ts';

const root = join(import.meta.dirname, '..', '..');
const catalogues = [join('src', 'errors.ts'), join('src', 'core', 'model', 'diagnostic-codes.ts')];
const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .map((name) => join('src', name))
  .filter((name) => name.endsWith('.ts') && !catalogues.includes(name))
  .map((name) => readFileSync(join(root, name), 'utf8'));
const codes = Object.entries({ ...errorCatalogue, ...diagnosticCatalogue });

test('docs/errors.md is what `pacer errors --format markdown` prints', () => {
  expect(readFileSync(join(root, 'docs', 'errors.md'), 'utf8')).toBe(errorsMarkdown());
});

test.each(codes.map(([code]) => code))('something in src gives %s', (code) => {
  expect(sources.some((source) => source.includes(`'${code}'`))).toBe(true);
});

test.each(codes)('%s says in sentences what it means and what to do', (code, { means, remedy }) => {
  for (const text of [means, remedy]) expect(text).toMatch(/^[A-Z"`h].{20,}\.$/);
  expect(describeCode(code)).toContain(remedy);
});

test('no code is both an error and a diagnostic', () => {
  expect(Object.keys(errorCatalogue).filter((code) => code in diagnosticCatalogue)).toEqual([]);
});
