import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { configToken, hasUnprintable, logFormatToken } from '../../../src/core/model/config-token.ts';

test.each([
  ['roundrobin', 'roundrobin'],
  ['hdr(X-User)', 'hdr(X-User)'],
  ['two words', "'two words'"],
  ["it's", "'it'\\''s'"],
  ['$HOME#"', `'$HOME#"'`],
  ['', "''"],
])('%j is written as %s', (text, word) => {
  expect(configToken(text)).toBe(word);
});

test('percent signs are doubled where HAProxy expands them', () => {
  expect(logFormatToken('100%')).toBe("'100%%'");
});

test.each(['a\nb', 'a\rb', 'a\0b', 'a\tb', 'a\u2028b', 'a\u0085b', '\ud800'])(
  '%j cannot be a word',
  (text) => {
    expect(hasUnprintable(text)).toBe(true);
    expect(() => configToken(text)).toThrow('not a configuration word');
  },
);

/** HAProxy's strong quotes, read back. [haproxy] configuration.txt 2.2 */
function readWord(word: string): string {
  return word.replace(
    /'([^']*)'|\\(.)|([^'\\]+)/g,
    (_, strong?: string, escaped?: string, bare?: string) => strong ?? escaped ?? bare ?? '',
  );
}

describe('for any text', () => {
  property.prop([fc.string({ unit: 'binary' })])(
    'a token reads back as the text it stands for, or is refused',
    (text) => {
      if (hasUnprintable(text)) expect(() => configToken(text)).toThrow();
      else expect(readWord(configToken(text))).toBe(text);
    },
  );

  property.prop([fc.string({ unit: 'binary' })])('a token never ends its line or its word', (text) => {
    if (hasUnprintable(text)) return;
    const outside = configToken(text).replace(/'[^']*'|\\'/g, '');
    expect(outside).not.toMatch(/[\s#"'\\$]/);
  });
});
