/**
 * Sets up what `npm run demo` and `npm test` need on a fresh machine: npm packages, HAProxy, the build.
 * Plain JavaScript without packages, since it runs before there are any. Does only what is missing.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const say = (text) => process.stdout.write(`setup: ${text}\n`);

function fail(text, remedy) {
  process.stderr.write(`setup: ${text}\n  ${remedy}\n`);
  process.exit(1);
}

function run(program, args, options = {}) {
  const result = spawnSync(program, args, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    ...options,
  });
  return { ok: result.status === 0, text: `${result.stdout ?? ''}${result.stderr ?? ''}` };
}

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 18)) {
    fail(`Node ${process.versions.node} is too old`, 'install Node 20.18 or newer');
  }
}

/** npm ci, when the lock file is another than the one that was installed. */
function packages() {
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  const stamp = join(root, 'node_modules', '.pacer-setup');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  say('installing npm packages');
  const result = run('npm', ['ci', '--no-audit', '--no-fund']);
  if (!result.ok)
    fail(`npm ci failed:\n${result.text}`, 'check that the npm registry can be reached, then run this again');
  writeFileSync(stamp, lock);
}

function findHaproxy() {
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/usr/local/sbin'];
  return (
    process.env.PACER_HAPROXY_BIN ??
    folders.map((folder) => join(folder, 'haproxy')).find((file) => existsSync(file))
  );
}

/** HAProxy by apt, as root or with a sudo that asks for no password. */
function haproxy() {
  if (findHaproxy() !== undefined) return;
  const command = 'apt-get update && apt-get install -y --no-install-recommends haproxy';
  const asRoot = process.getuid?.() === 0;
  const sudo = !asRoot && run('sudo', ['-n', 'true']).ok;
  if (!run('sh', ['-c', 'command -v apt-get']).ok || (!asRoot && !sudo)) {
    fail('HAProxy is missing', `run this once: sudo sh -c '${command}'`);
  }
  say('installing HAProxy by apt');
  const [program, ...args] = asRoot ? ['sh', '-c', command] : ['sudo', '-n', 'sh', '-c', command];
  const result = run(program, args, { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } });
  if (!result.ok) fail(`apt-get failed:\n${result.text}`, `run this once: sudo sh -c '${command}'`);
}

/** When a source is newer than the last build. */
function build() {
  const stamp = join(root, 'dist', '.built');
  const built = existsSync(stamp) ? statSync(stamp).mtimeMs : 0;
  const newest = Math.max(
    ...['src', 'package-lock.json', '.ci/build.mjs'].map((name) => newestIn(join(root, name))),
  );
  if (built > newest) return;
  say('building');
  const result = run(process.execPath, ['.ci/build.mjs']);
  if (!result.ok) fail(`the build failed:\n${result.text}`, 'fix the errors above');
}

function newestIn(path) {
  const info = statSync(path);
  if (!info.isDirectory()) return info.mtimeMs;
  return Math.max(info.mtimeMs, ...readdirSync(path).map((name) => newestIn(join(path, name))));
}

checkNode();
packages();
haproxy();
build();
