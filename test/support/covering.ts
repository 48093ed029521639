/**
 * Rows in which every `strength` values of different columns meet at least once: a table that is short and leaves no
 * such combination out. The same rows for the same columns, each time.
 */
export type Columns = Readonly<Record<string, readonly unknown[]>>;
export type Row<T extends Columns> = { readonly [K in keyof T]: T[K][number] };

/** Index of a column → index of its value. */
type Indices = readonly (number | undefined)[];

export function covering<T extends Columns>(columns: T, strength: number): Row<T>[] {
  const names = Object.keys(columns);
  const sizes = names.map((name) => columns[name]?.length ?? 0);
  const groups = combinations(sizes.length, strength);
  const missing = new Map<string, Indices>();
  for (const group of groups) for (const row of fillings(group, sizes)) missing.set(keyOf(group, row), row);
  const rows: Indices[] = [];
  for (let next = first(missing); next !== undefined; next = first(missing)) {
    const row = complete(next, { sizes, groups, missing });
    for (const group of groups) missing.delete(keyOf(group, row));
    rows.push(row);
  }
  return rows.map(
    (row) => Object.fromEntries(names.map((name, at) => [name, columns[name]?.[row[at] ?? 0]])) as Row<T>,
  );
}

interface Search {
  readonly sizes: readonly number[];
  readonly groups: readonly (readonly number[])[];
  readonly missing: ReadonlyMap<string, Indices>;
}

/** Each further column takes the value with which the most is met that has not been met. */
function complete(start: Indices, { sizes, groups, missing }: Search): Indices {
  const row = [...start];
  for (const [column, size] of sizes.entries()) {
    if (row[column] !== undefined) continue;
    const known = groups.filter(
      (group) => group.includes(column) && group.every((it) => it === column || row[it] !== undefined),
    );
    const gains = Array.from({ length: size }, (_, value) => {
      row[column] = value;
      return known.filter((group) => missing.has(keyOf(group, row))).length;
    });
    row[column] = gains.indexOf(Math.max(...gains));
  }
  return row;
}

const first = <T>(all: ReadonlyMap<string, T>): T | undefined => all.values().next().value;

const keyOf = (group: readonly number[], row: Indices): string =>
  group.map((column) => `${column}=${row[column]}`).join(' ');

function combinations(count: number, size: number, from = 0): number[][] {
  if (size === 0) return [[]];
  return Array.from({ length: Math.max(0, count - from) }, (_, i) => from + i).flatMap((one) =>
    combinations(count, size - 1, one + 1).map((rest) => [one, ...rest]),
  );
}

/** Every row that has a value in the columns of the group and in no other. */
function fillings(group: readonly number[], sizes: readonly number[]): Indices[] {
  const empty: Indices = sizes.map(() => undefined);
  return group.reduce<Indices[]>(
    (rows, column) =>
      rows.flatMap((row) =>
        Array.from({ length: sizes[column] ?? 0 }, (_, value) => row.with(column, value)),
      ),
    [empty],
  );
}
