/** What the pages of the documentation name exists: files, links, functions, scripts, commands and flags. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { createProgram } from '../src/cli/program.ts';
import { marathonLbFlags } from '../src/settings/marathon-lb-flags.ts';

const root = join(import.meta.dirname, '..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');

const folders = ['.ci', 'docs', 'haproxy', 'src', 'templates', 'test'];
/** Every file and folder, relative to the repository. */
const paths = [
  ...readdirSync(root).filter((name) => name !== 'node_modules'),
  ...folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((path) => join(folder, path)),
  ),
];
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  ...paths.filter((path) => /^docs\/.*\.md$/.test(path)),
];

/** Is made by a program, when there is something to write. */
const madeLater = ['test/fuzz/found/'];

/** `*` and `<name>` stand for a part of a name. A path may begin at any folder: `decide.ts`, `daemon/decide/decide.ts`. */
function exists(path: string): boolean {
  const pattern = path
    .replace(/\/$/, '')
    .split(/\*|<[^>]*>/)
    .map((part) => part.replace(/[.+]/g, '\\$&'))
    .join('[^/]+');
  return paths.some((known) => new RegExp(`(?:^|/)${pattern}$`).test(known));
}

/** What the pattern matches, or its group; with the line, for the report. */
function found(page: string, pattern: RegExp): { where: string; text: string }[] {
  return read(page)
    .split('\n')
    .flatMap((line, at) =>
      [...line.matchAll(pattern)].map((match) => ({
        where: `${page}:${at + 1}`,
        text: match[1] ?? match[0],
      })),
    );
}

const report = (all: readonly { where: string; text: string }[]) => [
  ...new Set(all.map(({ where, text }) => `${where} ${text}`)),
];

describe.each(pages)('%s', (page) => {
  test('names only files that exist', () => {
    const named = [
      ...found(page, /(?<![\w./-])((?:\.ci|docs|haproxy|src|templates|test)\/[\w.*<>/-]*[\w*>/])/g),
      ...found(page, /`([\w*<>/-][\w.*<>/-]*\.(?:ts|mjs|cjs|hbs|service))`/g),
      ...(page === 'docs/architecture.md' ? found(page, /`([a-z]+(?:\/[\w.*-]+)+)`/g) : []),
    ];
    expect(report(named.filter(({ text }) => !madeLater.includes(text) && !exists(text)))).toEqual([]);
  });

  test('links only to pages and headings that exist', () => {
    const broken = found(page, /\]\((?!https?:)([^)]+)\)/g).filter(({ text }) => {
      const [file = '', heading] = text.split('#');
      const target = file === '' ? page : normalize(join(dirname(page), file));
      return (
        !existsSync(join(root, target)) || (heading !== undefined && !headings(target).includes(heading))
      );
    });
    expect(report(broken)).toEqual([]);
  });

  test('names only scripts of package.json', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const unknown = found(page, /npm run ([a-z][\w:-]*)/g).filter(
      ({ text }) => !Object.hasOwn(scripts, text),
    );
    expect(report(unknown)).toEqual([]);
  });

  test('names only commands of pacer, with flags that they have', () => {
    const wrong = found(page, /(?:`|^\s*|npx |main\.js |\| )(pacer [a-z][a-z-]*(?: [^`#|]*)?)/g).filter(
      ({ text }) => {
        // Words in quotes are another command.
        const [, command = '', ...words] = text.replace(/'[^']*'/g, '').split(/\s+/);
        const known = flagsOf.get(command);
        return known === undefined || words.some((word) => /^--[a-z]/.test(word) && !known.has(flag(word)));
      },
    );
    expect(report(wrong)).toEqual([]);
  });

  test('names only flags of pacer, of marathon-lb and of the tools that it tells how to use', () => {
    const all = new Set([...flagsOf.values()].flatMap((known) => [...known]));
    const unknown = found(page, /(?<![\w-])(--[a-z][\w-]*)/g).filter(
      ({ text }) => !all.has(text) && !ofOthers.has(text),
    );
    expect(report(unknown)).toEqual([]);
  });
});

test('docs/architecture.md names only functions and types that exist', () => {
  const code = paths
    .filter((path) => /^(?:src|test)\/.*\.ts$/.test(path) && path !== 'test/documentation.test.ts')
    .map(read)
    .join('\n');
  const words = new Set(code.match(/[\w$]+/g));
  const unknown = found('docs/architecture.md', /`([\w.#]+(?:\(\))?)`/g).filter(
    ({ text }) =>
      !/\.(?:json|md|ts|hbs|yaml)$/.test(text) &&
      text.split(/[^\w$]+/).some((word) => word !== '' && !words.has(word)),
  );
  expect(report(unknown)).toEqual([]);
});

test('docs/architecture.md leads an event through functions that are in the files it names', () => {
  const rows = read('docs/architecture.md').matchAll(/^\| (\d+) \| (`[^|]*) \| ([^|]*) \| [^|]* \|$/gm);
  const words = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map(([, word = '']) => word);
  const wrong = [...rows].flatMap(([, row, files = '', functions = '']) => {
    const code = words(files)
      .flatMap((file) => paths.filter((path) => path.startsWith('src/') && `/${path}`.endsWith(`/${file}`)))
      .map(read)
      .join('\n');
    return words(functions)
      .flatMap((name) => name.split(/[.#]+/))
      .filter((name) => name !== '' && !new RegExp(`\\b${name}\\b`).test(code))
      .map((name) => `row ${row}: ${name}`);
  });
  expect(wrong).toEqual([]);
});

/** As GitHub makes anchors of headings. */
const headings = (page: string): string[] =>
  (read(page).match(/^#+ .*$/gm) ?? []).map((line) =>
    line
      .replace(/^#+ /, '')
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );

const flag = (word: string): string => /^--[\w-]+/.exec(word)?.[0] ?? word;

/** Of npm, systemd, useradd, install, docker, Marathon, Mesos and the scripts of this repository. */
const ofOthers = new Set([
  ...[
    '--fetch',
    '--global',
    '--home-dir',
    '--local_port_min',
    '--minutes',
    '--mode',
    '--now',
    '--runs',
    '--seed',
  ],
  ...['--shell', '--signal', '--system', '--zk'],
]);

/** Command → its flags. */
const flagsOf = new Map<string, ReadonlySet<string>>();
beforeAll(async () => {
  const ofMarathonLb = marathonLbFlags.map((it) => `--${it.flag}`);
  // As for `run`, so that the commands that take settings have their flags.
  const program = await createProgram(['run'], () => undefined);
  for (const command of program.commands) {
    const flags = command.options.flatMap(({ long }) => long ?? []);
    flagsOf.set(command.name(), new Set(['--help', ...flags, ...ofMarathonLb]));
  }
});
