/** Columns and paragraphs for people. */
import type { Style, Terminal } from './terminal.ts';

export type Cell = string | { readonly text: string; readonly style: Style };

const textOf = (cell: Cell): string => (typeof cell === 'string' ? cell : cell.text);

/** Shortens to so many columns, with an ellipsis. */
export function shorten(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}

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
    Math.max(0, ...rows.map((row) => textOf(row[i] ?? '').length)),
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
      const padding = i === row.length - 1 ? '' : ' '.repeat((widths[i] ?? 0) - text.length);
      return `${typeof cell === 'string' ? text : paint(cell.style, text)}${padding}`;
    });
    return `${indent}${cells.join('  ')}`.trimEnd();
  };
  return rows.map((row) => `${line(row)}\n`).join('');
}

/** Breaks a paragraph between words; what follows the first line is indented by `hang`. */
export function wrap(text: string, { width }: Terminal, indent = '', hang = indent): string {
  if (width === undefined) return `${indent}${text}\n`;
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(' ')) {
    const next = line.trim() === '' ? `${line}${word}` : `${line} ${word}`;
    if (next.length > width && line.trim() !== '') {
      lines.push(line);
      line = `${hang}${word}`;
    } else line = next;
  }
  return [...lines, line].map((it) => `${it}\n`).join('');
}
