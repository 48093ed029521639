/** One word for each concept: the words that were given up for one of the vocabulary do not come back. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');

/** Word → what to write. Matched as whole words, in the text of files and in identifiers. */
const givenUp: readonly (readonly [RegExp, string])[] = [
  [/\b(?:held|holds?|holding) back\b/i, 'rejected, or withheld for removals'],
  [/\bquarantine/i, 'rejected'],
  [/\bsurroundings\b/i, 'observed, or facts of the machine'],
  [/\bglance\b/i, 'observed'],
  [/\badmission\b|\badmitted\b(?! to)/, 'admin state'],
  [/\bmirrored\b/, 'unpinned'],
  [/\b(?:steady|changing)Frame\b|\bframe-changed\b/, 'head, or skeleton'],
  [/\bpacer_shape_|\bdistinctShapes\b/, 'profile'],
  [/\bstandIn\b|\bstand-in\b/, 'withDefinition'],
  [/\bHeldTasks\b|\bheld_servers\b|\bheldServers\b/, 'withheld'],
  [/\bbelieved\b/, 'applied'],
  [/\bdeparting\b/, 'draining'],
  [/\bwantedHash\b/, 'desiredHash'],
  [/\bVitals\b/, 'SyncStatus'],
  [/\bway down\b|\bon its way out\b/i, 'drain, or stopping'],
];

/** Where a word means something else: admission to a deployment group. */
const excepted = join('core', 'groups');

function filesIn(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(?:ts|md|js|hbs|html|css|yaml)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !file.includes(excepted));
}

test('a word that was given up is in no source, template or page of the documentation', () => {
  const files = [...['src', 'docs', 'templates', 'haproxy'].flatMap(filesIn), join(root, 'README.md')];
  const found = files.flatMap((file) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .flatMap((line, at) =>
        givenUp
          .filter(([word]) => word.test(line))
          .map(([word, instead]) => `${file.slice(root.length + 1)}:${at + 1}: ${String(word)}: ${instead}`),
      ),
  );
  expect(found).toEqual([]);
});
