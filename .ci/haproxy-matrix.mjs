/**
 * Runs the tests that talk to a real HAProxy once for each version Pacer is held to: the system's own, and those
 * of Debian's later suites. The others are fetched with an apt configuration of their own and unpacked beside the
 * system, which is not touched. Plain JavaScript, as everything in this folder.
 *
 *   node .ci/haproxy-matrix.mjs [--fresh] [--fetch] [version ...]
 *
 * Prints one line a version. A version that cannot be had is skipped, and says so; exit status 1 when one failed.
 * With --fetch nothing is tested: the programs are fetched, and their paths printed.
 */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'pacer-haproxy');
/** Version → the suite that has it. Experimental is no suite of its own: what it lacks comes from the one it is based on. */
const suites = {
  '3.0': { suite: 'trixie' },
  3.2: { suite: 'forky' },
  3.4: { suite: 'experimental', base: 'sid' },
};
const tests = [
  'test/contract',
  'test/property',
  'test/haproxy',
  'test/golden',
  'test/daemon/examine.test.ts',
];

/** Why a version is not tried; anything else that is thrown is a bug of this script. */
class Unavailable extends Error {}

function run(program, args, options = {}) {
  const result = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024, ...options });
  return {
    ok: result.status === 0,
    out: result.stdout ?? '',
    all: `${result.stdout ?? ''}${result.stderr ?? ''}`,
  };
}

/** @throws Unavailable */
function must(what, program, args, options) {
  const result = run(program, args, options);
  if (result.ok) return result.out;
  const words = result.all.trim().split('\n').slice(-2).join(' / ');
  throw new Unavailable(`${what}${words === '' ? '' : `: ${words}`}`);
}

const versionOf = (program) => /version (\S+)/.exec(run(program, ['-v']).out)?.[1];

/** What /etc/apt says of one archive, in either of its two forms. */
function aptSources() {
  const parts = '/etc/apt/sources.list.d';
  const files = [
    '/etc/apt/sources.list',
    ...(existsSync(parts) ? readdirSync(parts).map((it) => join(parts, it)) : []),
  ];
  return files
    .filter((file) => /\.(list|sources)$/.test(file) && existsSync(file))
    .flatMap((file) => {
      const text = readFileSync(file, 'utf8');
      return file.endsWith('.list') ? oneLineEntries(text) : stanzas(text);
    });
}

function oneLineEntries(text) {
  return [...text.matchAll(/^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+(.*)$/gm)].map(
    ([, options = '', uri, suite, components]) => ({
      uri,
      suites: [suite],
      components: components.split(/\s+/),
      signedBy: /signed-by=(\S+)/i.exec(options)?.[1],
    }),
  );
}

function stanzas(text) {
  return text.split(/\n\s*\n/).flatMap((stanza) => {
    const field = (name) => new RegExp(`^${name}:[ \\t]*(\\S.*)$`, 'im').exec(stanza)?.[1]?.trim();
    const words = (name) => field(name)?.split(/\s+/) ?? [];
    if (!words('Types').includes('deb') || field('Enabled') === 'no') return [];
    const signedBy = field('Signed-By');
    return words('URIs').map((uri) => ({
      uri,
      suites: words('Suites'),
      components: words('Components'),
      signedBy: signedBy?.startsWith('/') ? signedBy : undefined,
    }));
  });
}

/** The mirror this machine has its own Debian from. @throws Unavailable */
function debianMirror() {
  const release = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  const codename = /^VERSION_CODENAME=(\S+)/m.exec(release)?.[1];
  if (!/^ID=debian$/m.test(release) || codename === undefined)
    throw new Unavailable('this machine is not a Debian');
  const source = aptSources().find(
    ({ uri, suites: names, components }) =>
      /^https?:/.test(uri) && names.includes(codename) && components.includes('main'),
  );
  if (source === undefined) throw new Unavailable("the machine's apt sources name no Debian mirror");
  return source;
}

/** The program of a suite, fetched and unpacked once. @throws Unavailable */
function fetched(version, fresh) {
  const { suite } = suites[version];
  const home = join(cache, suite);
  const program = join(home, 'haproxy');
  if (fresh) rmSync(home, { recursive: true, force: true });
  if (!existsSync(program)) {
    if (!run('sh', ['-c', 'command -v apt-get && command -v dpkg']).ok) throw new Unavailable('no apt here');
    process.stdout.write(`HAProxy ${version}: fetching it from Debian ${suite}\n`);
    // Made aside, so that a half of it is never taken for the whole.
    const making = `${home}.making`;
    rmSync(making, { recursive: true, force: true });
    rmSync(home, { recursive: true, force: true });
    try {
      unpack(version, making, debianMirror());
      renameSync(making, home);
      writeWrapper(home, program);
    } finally {
      rmSync(making, { recursive: true, force: true });
    }
  }
  const found = versionOf(program);
  if (found === undefined) throw new Unavailable(`what ${suite} has does not run here`);
  if (!found.startsWith(`${version}.`)) throw new Unavailable(`${suite} has HAProxy ${found} now`);
  return program;
}

function unpack(version, home, mirror) {
  const { suite, base } = suites[version];
  const folder = (...names) => {
    const path = join(home, ...names);
    mkdirSync(path, { recursive: true });
    return path;
  };
  const [lists, archives, debs, prefix] = [
    folder('apt/lists/partial'),
    folder('apt/cache/archives/partial'),
    folder('debs'),
    folder('root'),
  ];
  const sources = join(home, 'apt/sources.list');
  const signedBy = mirror.signedBy === undefined ? '' : `[signed-by=${mirror.signedBy}] `;
  const all = [suite, base].filter((name) => name !== undefined);
  writeFileSync(sources, all.map((name) => `deb ${signedBy}${mirror.uri} ${name} main\n`).join(''));
  writeFileSync(join(home, 'apt/status'), '');
  const configuration = join(home, 'apt/apt.conf');
  // Read after the machine's own, whose proxy is kept and whose hooks are not.
  writeFileSync(
    configuration,
    [
      `Dir::Etc::SourceList "${sources}";`,
      ...['SourceParts', 'Preferences', 'PreferencesParts'].map((name) => `Dir::Etc::${name} "/dev/null";`),
      `Dir::State "${join(home, 'apt')}";`,
      `Dir::State::Lists "${join(lists, '..')}";`,
      `Dir::State::Status "${join(home, 'apt/status')}";`,
      `Dir::Cache "${join(archives, '../..')}";`,
      'Acquire::Languages "none";',
      'APT::Sandbox::User "root";',
      'APT::Get::AllowUnauthenticated "false";',
      'APT::Default-Release "";',
      'APT::Install-Recommends "false";',
      ...['APT::Update::Pre-Invoke', 'APT::Update::Post-Invoke', 'APT::Update::Post-Invoke-Success'].map(
        (name) => `#clear ${name};`,
      ),
      ...['DPkg::Pre-Invoke', 'DPkg::Post-Invoke', 'DPkg::Pre-Install-Pkgs'].map((name) => `#clear ${name};`),
      '',
    ].join('\n'),
  );
  const apt = (what, ...args) => must(what, 'apt-get', ['-q', '-c', configuration, ...args], { cwd: debs });
  apt(`Debian ${suite} cannot be reached`, '-o', 'APT::Update::Error-Mode=any', 'update');
  // Nothing is installed where this apt looks, so it names all that HAProxy needs; of that the libraries are enough.
  const needed = [
    ...apt(
      `${suite} has no HAProxy that can be had`,
      '--simulate',
      'install',
      `haproxy=${version}.*`,
    ).matchAll(/^Inst (\S+) \((\S+)/gm),
  ]
    .map(([, name, version]) => ({ name, version }))
    .filter(({ name }) => /^(?:haproxy$|lib|zlib)/.test(name) && !/^lib(?:pam|perl|.*-perl)/.test(name));
  apt(
    `packages of ${suite} cannot be fetched`,
    'download',
    ...needed.map(({ name, version }) => `${name}=${version}`),
  );
  for (const deb of readdirSync(debs))
    must(`${deb} cannot be unpacked`, 'dpkg', ['-x', join(debs, deb), prefix]);
  rmSync(debs, { recursive: true });
  rmSync(join(home, 'apt'), { recursive: true });
}

/**
 * Runs the program with the libraries it came with, by the loader it came with. A master executes itself anew at
 * each reload, by the name it was started with: that has to be the wrapper's.
 */
function writeWrapper(home, program) {
  const files = readdirSync(join(home, 'root'), { recursive: true }).map(String);
  const loader = files.find((file) => /\/ld-linux[^/]*\.so\.\d+$/.test(file));
  const libraries = [
    ...new Set(
      files
        .filter((file) => /\/lib(?:c|ssl)\.so\.\d+$/.test(file))
        .map((file) => join(home, 'root', file, '..')),
    ),
  ];
  if (loader === undefined || libraries.length === 0)
    throw new Unavailable('what was unpacked has no loader');
  const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
  const words = [
    ...[
      'exec',
      quoted(join(home, 'root', loader)),
      '--argv0',
      '"$0"',
      '--library-path',
      quoted(libraries.join(':')),
    ],
    ...[quoted(join(home, 'root/usr/sbin/haproxy')), '"$@"'],
  ];
  writeFileSync(program, `#!/bin/sh\n${words.join(' ')}\n`);
  chmodSync(program, 0o755);
}

/** @throws Unavailable */
function ownProgram() {
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/usr/local/sbin'];
  const program = folders.map((folder) => join(folder, 'haproxy')).find((file) => existsSync(file));
  if (program === undefined) throw new Unavailable('this machine has no HAProxy of its own');
  return program;
}

function tried(program) {
  process.stdout.write(`\n== HAProxy ${versionOf(program) ?? ''}: ${program}\n`);
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const present = tests.filter((folder) => existsSync(join(root, folder)));
  const { status } = spawnSync(process.execPath, [vitest, 'run', ...present], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, TEST_HAPROXY: program },
  });
  return status === 0 ? 'passed' : 'FAILED';
}

function resultOf(find) {
  try {
    const program = find();
    if (fetchOnly) return { version: versionOf(program), result: program };
    return { version: versionOf(program), result: tried(program) };
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    return { version: undefined, result: `skipped: ${error.message}` };
  }
}

const flags = process.argv.slice(2);
const fetchOnly = flags.includes('--fetch');
const fresh = flags.includes('--fresh');
const wanted = flags.filter((flag) => !flag.startsWith('--'));
const known = ['own', ...Object.keys(suites)];
const unknown = flags.filter((flag) => !['--fresh', '--fetch', ...known].includes(flag));
if (unknown.length > 0) {
  process.stderr.write(
    `haproxy-matrix: ${unknown.join(' ')}: write ${known.join(', ')}, --fresh or --fetch\n`,
  );
  process.exit(1);
}
const results = known
  .filter((name) => wanted.length === 0 || wanted.includes(name))
  .map((name) => ({ name, ...resultOf(() => (name === 'own' ? ownProgram() : fetched(name, fresh))) }));
process.stdout.write('\n');
for (const { name, version, result } of results) {
  const label = name === 'own' ? "the system's own" : name;
  process.stdout.write(`HAProxy ${label}${version === undefined ? '' : ` (${version})`}: ${result}\n`);
}
if (results.some(({ result }) => result === 'FAILED')) process.exitCode = 1;
