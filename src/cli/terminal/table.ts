/** Columns and paragraphs for people. */
import type { Style, Terminal } from './terminal.ts';
import { columnsOf, oneLine, shorten } from './text.ts';

export type Cell = string | { readonly text: string; readonly style: Style };

const textOf = (cell: Cell): string => oneLine(typeof cell === 'string' ? cell : cell.text);

/**
 * Lines of columns, two blanks apart. Where the terminal is too narrow, the widest column gives way until all fit,
 * down to `least` each.
 */
export function table(
  rows: readonly (readonly Cell[])[],
  { paint, width }: Terminal,
  { indent = '', least = 8 }: { readonly indent?: string; readonly least?: number } = {},
): string {
  const count = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: count }, (_, i) =>
    Math.max(0, ...rows.map((row) => columnsOf(textOf(row[i] ?? '')))),
  );
  const room = width === undefined ? Infinity : width - indent.length - 2 * (count - 1);
  let excess = widths.reduce((sum, it) => sum + it, 0) - room;
  while (excess > 0) {
    const widest = widths.indexOf(Math.max(...widths));
    if ((widths[widest] ?? 0) <= least) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
    excess -= 1;
  }
  const line = (row: readonly Cell[]): string => {
    const cells = row.map((cell, i) => {
      const text = shorten(textOf(cell), widths[i] ?? 0);
      const padding = i === row.length - 1 ? '' : ' '.repeat(Math.max(0, (widths[i] ?? 0) - columnsOf(text)));
      return `${typeof cell === 'string' ? text : paint(cell.style, text)}${padding}`;
    });
    return `${indent}${cells.join('  ')}`.trimEnd();
  };
  return rows.map((row) => `${line(row)}\n`).join('');
}

/** Breaks paragraphs between words; what follows the first line is indented by `hang`. */
export function wrap(text: string, { width }: Terminal, indent = '', hang = indent): string {
  const lines: string[] = [];
  for (const paragraph of text.split(/\r\n?|\n/)) {
    let line = lines.length === 0 ? indent : hang;
    for (const word of oneLine(paragraph).split(' ')) {
      const next = line.trim() === '' ? `${line}${word}` : `${line} ${word}`;
      if (width !== undefined && columnsOf(next) > width && line.trim() !== '') {
        lines.push(line);
        line = `${hang}${word}`;
      } else line = next;
    }
    lines.push(line);
  }
  return lines.map((it) => `${it}\n`).join('');
}
