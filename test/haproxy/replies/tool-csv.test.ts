/** The statistics as tools of marathon-lb's time read them: every column has a name, every row as many cells. */
import { describe, expect, test } from 'vitest';
import { toolColumns, toolCsv } from '../../../src/haproxy/replies/tool-csv.ts';

const pause = () => Promise.resolve();

/** As HAProxy writes it: a comma after each cell, the modules' columns after one named `-`. */
const statOf = (columns: readonly string[], rows: readonly Record<string, string>[]): string =>
  [
    `# ${columns.join(',')},`,
    ...rows.map((row) => `${columns.map((name) => row[name] ?? '').join(',')},`),
    '',
  ].join('\n');

const modern = [...toolColumns, '-', 'ssl_sess', 'h2_headers_rcvd'];

const server = {
  pxname: 'web_10001',
  svname: '10_0_0_1_31001',
  status: 'UP',
  scur: '3',
  agg_check_status: 'x',
};

async function read(csv: string): Promise<{ header: string[]; rows: string[][] }> {
  const text = await toolCsv(csv, pause);
  expect(text).toMatch(/,\n$/);
  const [header = '', ...rows] = text!.slice(0, -1).split('\n');
  // The tool leaves out what follows the last comma.
  const cells = (line: string) => line.split(',').slice(0, -1);
  return { header: cells(header.slice(2)), rows: rows.map(cells) };
}

describe('the columns', () => {
  test.each([
    ['of HAProxy 2.6', modern],
    ['of a version with more before the modules', [...toolColumns, 'srid', 'h1sess', '-', 'ssl_sess']],
    ['of a version that has none after them', toolColumns],
    ['of a version in another order', ['new', ...toolColumns.toReversed(), '-']],
  ])('%s are those that tools know, in order, each a name', async (_, columns) => {
    const { header, rows } = await read(
      statOf(columns, [server, { ...server, svname: 'BACKEND', '-': '-' }]),
    );
    expect(header).toEqual(toolColumns);
    expect(header.filter((name) => !/^[a-z_][a-z0-9_]*$/.test(name))).toEqual([]);
    expect(new Set(header).size).toBe(header.length);
    expect(rows).toHaveLength(2);
    for (const row of rows) expect(row).toHaveLength(header.length);
    const [row = []] = rows;
    const cell = (name: string) => row[header.indexOf(name)];
    expect(['pxname', 'svname', 'status', 'scur', 'agg_check_status'].map(cell)).toEqual([
      ...['web_10001', '10_0_0_1_31001', 'UP', '3', 'x'],
    ]);
  });

  test('that a version lacks are empty', async () => {
    const { header, rows } = await read(statOf(toolColumns.slice(0, 62), [server]));
    expect(rows[0]).toHaveLength(header.length);
    expect(rows[0]?.at(-1)).toBe('');
  });
});

test.each([
  ['a comma', '"Layer7 wrong status, code 500"', 'Layer7 wrong status; code 500'],
  ['quotes', '"said ""no"", twice"', 'said no; twice'],
  ['a line end', '"first\nsecond,"', 'first second;'],
  ['an apostrophe', "can't connect", 'cant connect'],
])('%s in a value moves no cell and ends no row', async (_, given, shown) => {
  const { header, rows } = await read(statOf(modern, [{ ...server, last_chk: given }, server]));
  expect(rows.map((row) => row.length)).toEqual([header.length, header.length]);
  expect(rows[0]?.[header.indexOf('last_chk')]).toBe(shown);
});

test('no line is empty, and many rows are rewritten in portions', async () => {
  let pauses = 0;
  const many = statOf(
    modern,
    Array.from({ length: 25_000 }, () => server),
  );
  const text = await toolCsv(`${many}\n\n`, () => Promise.resolve(pauses++));
  expect(text?.split('\n').filter((line) => line === '')).toHaveLength(1);
  expect(text?.split('\n')).toHaveLength(25_002);
  expect(pauses).toBe(2);
});

test('what is no statistics is none', async () => {
  expect(await toolCsv('Unknown command', pause)).toBeUndefined();
});
