import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { splitLine, writeLine } from '../../../src/core/guard/words.ts';

const words = (text: string) => {
  const line = splitLine(text);
  return 'words' in line ? line.words : line.wrong;
};

describe('a line is split as HAProxy splits it', () => {
  test.each([
    ['  bind   *:80 ', ['bind', '*:80']],
    ['a # b', ['a']],
    ['ab#c d', ['ab']],
    ['a\\#b', ['a#b']],
    ['"a#b" \'c#d\'', ['a#b', 'c#d']],
    ['a\\ b', ['a b']],
    ['a"b c"d\'e f\'g', ['ab cde fg']],
    ['a\\\'b a\\"b', ["a'b", 'a"b']],
    ['"a\\"b" \'a\\b\'', ['a"b', 'a\\b']],
    ['a\\$b "a\\$b"', ['a\\$b', 'a$b']],
    ['\\1 a\\zb a\\x41b a\\tb', ['\\1', 'a\\zb', 'aAb', 'a\tb']],
    ['"" \'\' x', ['', '', 'x']],
    ['# only a comment', []],
    ['', []],
    ['a\u00a0b a\u2028b', ['a\u00a0b', 'a\u2028b']],
  ])('%s', (text, expected) => {
    expect(words(text)).toEqual(expected);
  });

  test.each([
    ['a "b', 'a quote " is not closed'],
    ["a 'b", "a quote ' is not closed"],
    ['a\\', 'it ends with a backslash'],
    ['a\\x4', 'an escape \\x is not followed by two hexadecimal digits'],
    ['w '.repeat(65), 'it has more than 64 words'],
  ])('%s is refused', (text, why) => {
    expect(words(text)).toBe(why);
  });

  test.each([
    ['"$HOME"', true],
    ['"${HOME}"', true],
    ['$HOME', false],
    ["'$HOME'", false],
    ['"\\$HOME"', false],
  ])('%s takes from the environment: %s', (text, expands) => {
    expect(splitLine(text)).toMatchObject({ expandsEnvironment: expands });
  });
});

const anyWord = fc.string({
  unit: fc.constantFrom(...Array.from('ab1 \t\n\r"\'\\#$%[]{}(),;!~é')),
  maxLength: 12,
});

test.prop([fc.array(anyWord, { minLength: 1, maxLength: 10 })])(
  'whatever words are written are read back, in one line',
  (list) => {
    const line = writeLine(list);
    expect(line).not.toMatch(/[\n\r]/);
    expect(words(line)).toEqual(list);
    expect(splitLine(line)).toMatchObject({ expandsEnvironment: false });
  },
);
