import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { labelRows, labelsMarkdown } from '../../../src/core/labels/reference.ts';
import { readLabels } from '../../../src/core/labels/read.ts';
import { asAppId } from '../../../src/core/model/ids.ts';

test('docs/labels.md is what `pacer labels --format markdown` prints', async () => {
  expect(await readFile(join(import.meta.dirname, '../../../docs/labels.md'), 'utf8')).toBe(labelsMarkdown());
});

test.each(labelRows().map(({ label, example }) => [label, example]))(
  'the example of %s parses',
  (label, example) => {
    const { diagnostics } = readLabels(asAppId('/app'), { [label.replace('{n}', '0')]: example }, 1);
    expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  },
);
