/** The units in haproxy/: systemd reads them, and they keep what they run away from the rest of the machine. */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const folder = join(import.meta.dirname, '..', '..', 'haproxy');
const units = readdirSync(folder).filter((name) => name.endsWith('.service'));
const analyze = (...args: string[]) => {
  const { stdout, stderr, error } = spawnSync('systemd-analyze', args, { encoding: 'utf8' });
  return error === undefined ? `${stdout}${stderr}` : undefined;
};
const isThere = analyze('--version') !== undefined;
if (!isThere) console.log('skipped: systemd-analyze is not installed');

describe.skipIf(!isThere).each(units)('%s', (unit) => {
  test('is accepted by systemd without a complaint', () => {
    const said = analyze('verify', join(folder, unit)) ?? '';
    // The program is installed on the machines that run it.
    expect(said.split('\n').filter((line) => line !== '' && !line.includes('is not executable'))).toEqual([]);
  });

  test('gives the service few rights', () => {
    const said = analyze('security', '--offline=true', join(folder, unit)) ?? '';
    expect(Number(/exposure level for \S+: ([\d.]+)/.exec(said)?.[1])).toBeLessThan(2.5);
  });
});
