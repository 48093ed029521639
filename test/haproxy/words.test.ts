/** Words of configuration lines, as Pacer and a real HAProxy read them: what is judged must be what HAProxy sees. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { splitLine, writeWord } from '../../src/core/guard/words.ts';
import { freePorts, testHaproxy } from '../support/haproxy.ts';

/** Bytes that a word can be made of, the odd ones often. */
const piece = fc.constantFrom(
  ...[
    'a',
    'B',
    '1',
    '"',
    "'",
    '\\',
    '\\\\',
    '\\"',
    "\\'",
    '\\ ',
    '\\#',
    '\\$',
    '\\x41',
    '\\t',
    '\\n',
    '\\z',
    '\\1',
  ],
  ...['{', '}', '[', '%', '!', '(', ')', ',', ';', 'é', '\u00a0', '"a b"', "'a b'", '"a#b"', "'\\'", '""'],
);
const texts = fc
  .sample(
    fc.array(piece, { minLength: 1, maxLength: 8 }).map((it) => it.join('')),
    { numRuns: 4000, seed: 42 },
  )
  .filter((text) => !text.includes('\n'));

test('what Pacer reads as one word is one word for HAProxy, and what Pacer writes is read back unchanged', async () => {
  const haproxy = await testHaproxy();
  const samples = [...new Set(texts)].flatMap((text) => {
    // A comment would hide the condition behind it.
    const line = splitLine(`${text} if`);
    const word =
      'words' in line && line.words.length === 2 && line.words[1] === 'if' ? line.words[0] : undefined;
    return word === undefined || word === '' ? [] : [{ text, word }];
  });
  expect(samples.length).toBeGreaterThan(500);
  const [port = 0] = await freePorts(1);
  const rule = (word: string, n: number) =>
    `  http-request return status 200 content-type text/plain string ${word} if { path /${n} }\n`;
  const rules = [...samples.map(({ text }) => text), ...samples.map(({ word }) => writeWord(word))].map(rule);
  const extra = `frontend words\n  bind 127.0.0.1:${port}\n${rules.join('')}`;
  const { file, hash } = await haproxy.publish(1, 'x', extra);
  await haproxy.control.start(file, hash);
  for (const [n, { text, word }] of [...samples, ...samples].entries()) {
    const answer = await fetch(`http://127.0.0.1:${port}/${n}`);
    expect({ n, text, word: await answer.text() }).toEqual({ n, text, word });
  }
});
