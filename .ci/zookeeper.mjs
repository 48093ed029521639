/**
 * Runs the tests that talk to a real ZooKeeper. Debian's packages are fetched and unpacked beside the system, which is
 * not touched; so is a Java runtime where there is none. Plain JavaScript, as everything in this folder.
 *
 *   node .ci/zookeeper.mjs [--fetch]
 *
 * With --fetch nothing is tested. Where the packages cannot be had, it says so and ends with status 0.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'pacer-zookeeper');
/** What the packages want and a server for tests does not use. */
const needless = /^(default-jre|junit|libeclipse|libtomcat|libspring|libtaglibs|libmail|libhamcrest)/;

function run(program, args, options = {}) {
  const result = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024, ...options });
  if (result.status === 0) return result.stdout;
  const words = `${result.stderr ?? ''}`.trim().split('\n').slice(-2).join(' / ');
  throw new Error(`${program} ${args[0]}: ${words || (result.error?.message ?? `status ${result.status}`)}`);
}

/** Into a folder of its own first: a cache that is half there looks whole. */
function fetchPackages() {
  const half = `${cache}.new`;
  rmSync(half, { recursive: true, force: true });
  mkdirSync(join(half, 'debs'), { recursive: true });
  const wanted = [
    'install',
    '--print-uris',
    '--yes',
    '--no-install-recommends',
    'zookeeper',
    'default-jre-headless',
  ];
  const names = run('apt-get', wanted)
    .split('\n')
    .flatMap((line) => /^'[^']+' ([^_ ]+)_/.exec(line)?.[1] ?? [])
    .filter((name) => !needless.test(name));
  run('apt-get', ['download', ...names], { cwd: join(half, 'debs') });
  for (const deb of readdirSync(join(half, 'debs')))
    run('dpkg-deb', ['--extract', join(half, 'debs', deb), half]);
  rmSync(join(half, 'debs'), { recursive: true });
  rmSync(cache, { recursive: true, force: true });
  renameSync(half, cache);
}

if (
  !existsSync('/usr/share/java/zookeeper.jar') &&
  !existsSync(join(cache, 'usr/share/java/zookeeper.jar'))
) {
  try {
    fetchPackages();
    console.log(`ZooKeeper: fetched into ${cache}`);
  } catch (error) {
    console.log(`ZooKeeper: skipped, its packages cannot be had (${error.message})`);
    process.exit(0);
  }
}
if (!process.argv.includes('--fetch')) {
  const tests = ['vitest', 'run', 'test/marathon/zookeeper.test.ts'];
  process.exitCode = spawnSync('npx', tests, { cwd: root, stdio: 'inherit' }).status ?? 1;
}
