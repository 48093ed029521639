import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import {
  fillTemplate,
  readTemplate,
  textValue,
  wordsValue,
  type PlaceholderData,
} from '../../../src/core/templates/placeholders.ts';
import { splitLine } from '../../../src/core/guard/words.ts';

const known = ['backend', 'realm', 'healthCheck'];

function fill(text: string, data: PlaceholderData): string {
  const template = readTemplate(text, known);
  if ('reason' in template) throw new Error(template.reason);
  return fillTemplate(template, data);
}

describe('a template', () => {
  test.each([
    ['use_backend {backend} if {{ ssl_fc }}', 'use_backend web_1 if { ssl_fc }'],
    ['{backend}{backend}', 'web_1web_1'],
    ['{{{{{backend}}}}}', '{{web_1}}'],
    ['{{}}', '{}'],
    ['no placeholder', 'no placeholder'],
    ['{healthCheck[path]}', '/health'],
  ])('%s', (text, expected) => {
    const healthCheck = { kind: 'text', text: '{}', fields: { path: '/health' } } as const;
    expect(fill(text, { backend: textValue('web_1'), healthCheck })).toBe(expected);
  });

  test.each([
    [
      '{backnd}',
      'there is no placeholder {backnd}',
      'did you mean {backend}? there are backend, realm, healthCheck',
    ],
    [
      '{nothing_like_it}',
      'there is no placeholder {nothing_like_it}',
      'there are backend, realm, healthCheck',
    ],
    ['a {', 'a single { has no counterpart', "write {{ for a brace of HAProxy's"],
    ['a } b', 'a single } has no counterpart', "write }} for a brace of HAProxy's"],
    ['if { ssl_fc }', '{ ssl_fc } is read as a placeholder', "write {{ ssl_fc }} for braces of HAProxy's"],
    ['{}', '{} is read as a placeholder', "write {{}} for braces of HAProxy's"],
    ['{backend!r}', '{backend!r} has a format or a field that is not known here', 'write {backend}'],
    ['{backend:>9}', '{backend:>9} has a format or a field that is not known here', 'write {backend}'],
    ['{backend[a]}', '{backend[a]} has a format or a field that is not known here', 'write {backend}'],
  ])('%s is refused', (text, reason, remedy) => {
    expect(readTemplate(text, known)).toEqual({ line: 1, reason, remedy });
  });

  test('names the line that is wrong', () => {
    expect(readTemplate('one\ntwo {backend}\nthree {\n', known)).toMatchObject({ line: 3 });
  });

  test('takes words that are ready as they are', () => {
    expect(fill('balance {realm}', { realm: wordsValue('uri whole') })).toBe('balance uri whole');
  });
});

const nasty = fc.string({ unit: fc.constantFrom(...Array.from('ab "\'\\#$%{}[],;')), maxLength: 12 });

test.prop([nasty, fc.constantFrom('x {realm} y', 'x "{realm}" y', "x '{realm}' y", 'x "a {realm}b" y')])(
  'a value stays one word, or a part of one, whatever is in it',
  (value, text) => {
    const line = splitLine(fill(text, { realm: textValue(value) }));
    const expected = text.includes('a {realm}b') ? `a ${value}b` : value;
    const words = text === 'x {realm} y' && value === '' ? ['x', 'y'] : ['x', expected, 'y'];
    expect(line).toMatchObject({ words, expandsEnvironment: false });
  },
);
