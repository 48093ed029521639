import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { templateRows } from '../../../src/cli/commands/templates.ts';
import { templatesMarkdown } from '../../../src/cli/templates-markdown.ts';
import { fragmentData, fragmentNames } from '../../../src/render/fragment-data.ts';

const root = join(import.meta.dirname, '..', '..', '..');

test('docs/templates.md is what `pacer templates --format markdown` prints', () => {
  expect(readFileSync(join(root, 'docs', 'templates.md'), 'utf8')).toBe(templatesMarkdown(templateRows()));
});

test.each(fragmentNames)(
  '%s uses only the data that is documented, and all of it that others might',
  (name) => {
    const text = readFileSync(join(root, 'templates', `${name}.hbs`), 'utf8');
    const known: readonly string[] = fragmentData[name];
    const inner = text.replace(/\{\{#each[^]*?\{\{\/each\}\}/g, '');
    const used = [...inner.matchAll(/\{\{(?:#(?:if|unless) )?([A-Za-z_]\w*)/g)].map(([, word]) => word ?? '');
    expect(used.filter((word) => word !== 'else' && !known.includes(word))).toEqual([]);
  },
);
