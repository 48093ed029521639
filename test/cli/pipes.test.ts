/** Commands whose output nobody reads to the end, and whose input comes from another program. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const program = join(import.meta.dirname, '..', '..', 'dist', 'main.js');
const apps = { apps: [{ id: '/web', labels: { HAPROXY_GROUP: 'external', HAPROXY_0_MODE: 'bogus' } }] };
let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pacer-pipes-'));
  writeFileSync(join(folder, 'apps.json'), JSON.stringify(apps));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Its reader has gone before the first word. */
function unread(args: readonly string[]): Promise<{ readonly exit: number | null; readonly errors: string }> {
  const child = spawn(process.execPath, [program, ...args], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 20_000,
  });
  child.stdout.destroy();
  let errors = '';
  child.stderr.on('data', (chunk) => (errors += String(chunk)));
  return new Promise((resolve) => child.once('close', (exit) => resolve({ exit, errors })));
}

describe('a reader that has seen enough ends quietly', () => {
  test.each([
    ['labels', 0],
    ['templates --format json', 0],
    ['errors', 0],
    ['--longhelp', 0],
    ['run --help', 0],
    ['--version', 0],
    ['render --apps apps.json --out out', 0],
    ['lint apps.json --format json', 1],
    ['migrate --from-args sse', 1],
    ['explain LABEL_INVALID', 0],
    ['simulate --port 0 --apps 1', 0],
  ])('%s', async (line, exit) => {
    const result = await unread(line.split(' '));
    expect(result.errors).not.toMatch(/EPIPE|bug in Pacer|node:/);
    expect(result.exit).toBe(exit);
  });
});

test.skipIf(process.platform !== 'linux')('what cannot be written is an error', async () => {
  const result = await execa('sh', ['-c', '"$0" "$1" labels > /dev/full', process.execPath, program], {
    reject: false,
  });
  expect(result.stderr).toMatch(/^pacer: what it prints cannot be written: ENOSPC/);
  expect(result.exitCode).toBe(2);
});

describe('what another program writes is read from standard input', () => {
  const input = JSON.stringify(apps);
  test.each([
    ['lint - --format json', '"LABEL_INVALID"'],
    ['render --apps -', 'frontend marathon_http_in'],
  ])('%s', async (line, words) => {
    // The input is a socket, as Node and others give it to their children.
    const { stdout } = await execa(process.execPath, [program, ...line.split(' ')], { input, reject: false });
    expect(stdout).toContain(words);
  });
});

describe('a log that cannot be written costs lines, and not the daemon', () => {
  const script = `
    const { createLogger } = await import(process.argv[1]);
    const log = await createLogger({ format: process.argv[2], level: 'info' });
    for (let i = 0; i < 100; i++) log.info('line');
    process.stderr.write('it lives');
  `;
  const log = join(import.meta.dirname, '..', '..', 'src', 'observe', 'log.ts');
  test.skipIf(process.platform !== 'linux').each([
    ['json', '> /dev/full'],
    ['pretty', '> /dev/full'],
    ['json', '| true'],
    ['json', '>&-'],
  ])('%s %s', async (format, where) => {
    const words = ['"$0" --import tsx --input-type=module -e "$1" "$2" "$3"', where].join(' ');
    const result = await execa('sh', ['-c', words, process.execPath, script, log, format], { reject: false });
    expect(result.stderr).toBe('it lives');
  });
});
