/** Every page of the documentation as a reader gets it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const docs = join(import.meta.dirname, '..', '..', '..', 'docs');

test.each(readdirSync(docs).filter((file) => file.endsWith('.md')))(
  '%s has no table without rows',
  (file) => {
    const lines = readFileSync(join(docs, file), 'utf8').split('\n');
    const empty = lines.flatMap((line, at) =>
      /^\|(?:\s*:?-+:?\s*\|)+$/.test(line) && lines[at + 1]?.startsWith('|') !== true ? [at + 1] : [],
    );
    expect(empty).toEqual([]);
  },
);
