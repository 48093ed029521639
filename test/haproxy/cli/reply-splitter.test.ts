import { fc, test as property } from '@fast-check/vitest';
import { expect, test } from 'vitest';
import { ReplySplitter } from '../../../src/haproxy/cli/reply-splitter.ts';

const repliesOf = (chunks: readonly string[]): string[] => {
  const splitter = new ReplySplitter();
  const replies: string[] = [];
  for (const chunk of chunks) {
    splitter.take(chunk);
    for (let reply = splitter.next(); reply !== undefined; reply = splitter.next()) replies.push(reply);
  }
  return replies;
};

test('a reply is the text before a prompt, and an incomplete one is kept', () => {
  expect(repliesOf(['\n> '])).toEqual(['']);
  expect(repliesOf(['\n> New server registered.\n\n> Pid: 1'])).toEqual(['', 'New server registered.\n\n']);
  const splitter = new ReplySplitter();
  splitter.take('\n> Pid: 1\n');
  splitter.next();
  expect(splitter.rest()).toBe('Pid: 1\n');
  expect(splitter.pending).toBe(7);
});

test('after the first prompt, only the same text counts as one', () => {
  expect(repliesOf(['\nmaster> ', 'a\n> b\nmaster> '])).toEqual(['', 'a\n> b\n']);
});

const reply = fc
  .array(fc.constantFrom('', ' ', 'x', '> y', 'Pid: 7', 'a > b', '>', '0x55 key value'), { maxLength: 5 })
  .map((lines) => lines.map((line) => `${line}\n`).join(''))
  .filter((text) => !`\n${text}`.includes('\n> '));

property.prop([fc.array(reply, { minLength: 1, maxLength: 6 }), fc.array(fc.nat(40), { maxLength: 40 })])(
  'replies are the same in whatever pieces they come',
  (replies, sizes) => {
    let rest = ['', ...replies].map((text) => `${text === '' ? '\n' : text}> `).join('');
    const chunks: string[] = [];
    for (const size of sizes) {
      chunks.push(rest.slice(0, size));
      rest = rest.slice(size);
    }
    chunks.push(rest);
    expect(repliesOf(chunks).map((text) => text.trimEnd())).toEqual(
      ['', ...replies].map((text) => text.trimEnd()),
    );
  },
);
