/** Values of options that are none: each is refused with its name, and none is called a bug. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';

const program = join(import.meta.dirname, '..', '..', '..', 'dist', 'main.js');
let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pacer-options-'));
  writeFileSync(join(folder, 'app.json'), '{"id": "/web", "labels": {"HAPROXY_GROUP": "external"}}');
  writeFileSync(join(folder, 'apps.json'), '{"apps": []}');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each([
  ['simulate --port 82000', '--port 82000'],
  ['simulate --port -1', '--port -1'],
  ['simulate --port x', '--port x'],
  ['simulate --apps 10000000', '--apps 10000000'],
  ['simulate --apps 1.5', '--apps 1.5'],
  ['simulate --tasks many', '--tasks many'],
  ['simulate --load nowhere.json', 'nowhere.json'],
  ['lint app.json --fail-on never', '--fail-on never'],
  ['lint app.json --format xml', '--format xml'],
  ['lint app.json --against nowhere', '--against nowhere'],
  ['lint app.json --http-port 82000', '--http-port'],
  ['lint nowhere.json', 'nowhere.json'],
  ['labels --format xml', '--format xml'],
  ['templates --format xml', '--format xml'],
  ['errors --format xml', '--format xml'],
  ['status --status nowhere', '--status nowhere'],
  ['apps --status ftp://x', '--status ftp://x'],
  ['status --token-file nowhere', '--token-file nowhere'],
  ['rollback x', 'rollback takes the number'],
  ['render --apps nowhere.json', '--apps nowhere.json'],
  ['render --apps apps.json --hosts nowhere', '--hosts nowhere'],
  ['render --apps apps.json --out app.json', '--out app.json'],
  ['render --apps apps.json --out /dev/null/x', '--out /dev/null/x'],
  ['compare --group x --marathon-lb http://', 'http://'],
  ['compare --group x --marathon-lb nowhere.cfg', '--marathon-lb nowhere.cfg'],
  ['compare --group x --marathon-lb app.json --apps nowhere.json', '--apps nowhere.json'],
  ['migrate', '--from-args'],
  ['migrate --from-file nowhere', '--from-file nowhere'],
  ['migrate --from-args sse --from-file x', '--from-file'],
  ['migrate --from-args sse --env nowhere', '--env nowhere'],
  ['migrate --from-args sse --templates nowhere', '--templates nowhere'],
  ['run --group x --stats-port 0', '--stats-port'],
])('%s', async (line, words) => {
  const { exitCode, stderr } = await execa(process.execPath, [program, ...line.split(' ')], {
    cwd: folder,
    reject: false,
    timeout: 20_000,
  });
  expect(stderr).toContain(words);
  expect(stderr).not.toMatch(/bug in Pacer|\[object/);
  expect(exitCode).toBe(2);
});
