/** Parses `show stat` (CSV). Pure. */

/** One row of the statistics. */
export interface StatRow {
  /** The name of the frontend or backend. */
  readonly proxy: string;
  readonly kind: 'frontend' | 'backend' | 'server' | 'listener';
  /** FRONTEND, BACKEND, or the name of the server or listener. */
  readonly name: string;
  /** In HAProxy's words: `UP`, `UP 1/3`, `DOWN`, `MAINT`, `DRAIN`, `no check`, `OPEN`. */
  readonly status: string;
  readonly currentSessions: number;
  /** Any column by its name in the header; undefined if it is empty or this version does not have it. */
  readonly value: (column: string) => string | undefined;
}

const kinds = ['frontend', 'backend', 'server', 'listener'] as const;

/** Columns are found by their names: 2.6 has 128, later versions more. [haproxy] management.txt 9.1 */
export function parseStat(text: string): StatRow[] {
  const [header = '', ...lines] = text.trim().split('\n');
  if (!header.startsWith('# ')) return [];
  const columns = new Map(splitCsv(header.slice(2)).map((name, index) => [name, index]));
  return lines
    .filter((line) => line !== '')
    .map((line) => {
      const cells = splitCsv(line);
      const value = (column: string) => {
        const cell = cells[columns.get(column) ?? -1];
        return cell === '' ? undefined : cell;
      };
      return {
        proxy: value('pxname') ?? '',
        name: value('svname') ?? '',
        kind: kinds[Number(value('type') ?? 0)] ?? 'frontend',
        status: value('status') ?? '',
        currentSessions: Number(value('scur') ?? 0),
        value,
      };
    });
}

/** Fields with a comma or a quote are in quotes, with quotes doubled. */
function splitCsv(line: string): string[] {
  if (!line.includes('"')) return line.split(',');
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
    ([, quoted, bare = '']) => quoted?.replaceAll('""', '"') ?? bare,
  );
}
