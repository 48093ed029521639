/** Tables and paragraphs keep their shape, whatever others have written into a value. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { table, wrap } from '../../../src/cli/terminal/table.ts';
import type { Terminal } from '../../../src/cli/terminal/terminal.ts';
import { columnsOf, shorten } from '../../../src/cli/terminal/text.ts';

const terminal = (width?: number): Terminal => ({ width, paint: (_, text) => text, write: () => undefined });

describe('a table', () => {
  test.each([
    ['a line break', 'one\ntwo', 'one two'],
    ['a line break of Windows, with blanks around it', 'one \r\n  two', 'one two'],
    ['a line separator', 'one\u2028two', 'one two'],
    ['a tab', 'one\ttwo', 'one two'],
    ['a command to the terminal', 'one\u001b[2Jtwo', 'one [2Jtwo'],
    ['a change of direction', 'one\u202etwo', 'one two'],
  ])('is not torn by %s', (_, value, shown) => {
    expect(table([['id', value, 'end']], terminal())).toBe(`id  ${shown}  end\n`);
    expect(table([['id', { text: value, style: 'red' }, 'end']], terminal())).toBe(`id  ${shown}  end\n`);
  });

  test('has straight columns where letters take two, or none', () => {
    const rows = [
      ['/店', 'x'],
      ['/cafe\u0301', 'x'],
      ['/🚀', 'x'],
      ['/web', 'x'],
    ];
    const places = table(rows, terminal())
      .trimEnd()
      .split('\n')
      .map((line) => columnsOf(line.slice(0, line.lastIndexOf('x'))));
    expect(new Set(places).size).toBe(1);
  });

  test('has one line for each row, no wider than the terminal, whatever is in it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.string({ unit: 'binary' }), { minLength: 3, maxLength: 3 }), { minLength: 1 }),
        fc.integer({ min: 40, max: 200 }),
        (rows, width) => {
          const lines = table(rows, terminal(width)).split('\n');
          expect(lines).toHaveLength(rows.length + 1);
          for (const line of lines) expect(columnsOf(line)).toBeLessThanOrEqual(width);
        },
      ),
    );
  });
});

test('a shortened text never ends in half a letter', () => {
  expect(shorten('🚀🚀🚀', 5)).toBe('🚀🚀…');
  expect(shorten('🚀🚀🚀', 4)).toBe('🚀…');
  expect(shorten('abc', 3)).toBe('abc');
  expect(shorten('abc', 0)).toBe('');
});

test('a paragraph of several lines is indented as a whole', () => {
  expect(wrap('first line\nsecond line', terminal(), '  ', '    ')).toBe('  first line\n    second line\n');
  expect(wrap('first line\nsecond line', terminal(13), '  ', '    ')).toBe(
    '  first line\n    second\n    line\n',
  );
});
