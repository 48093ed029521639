/** The files in haproxy/ say nothing that Pacer does not know. */
import { readFileSync, readdirSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { resolveSettings } from '../../src/settings/settings.ts';
import { settingKeys, settingsTable, type SettingKey } from '../../src/settings/table.ts';

const folder = join(import.meta.dirname, '..', '..', 'haproxy');
const example = join(folder, 'pacer.yaml');
const load = (file: string) => resolveSettings({ flags: {}, environment: {}, file });

/** The settings that are commented out, as YAML. */
const commented = readFileSync(example, 'utf8')
  .split('\n')
  .filter((line) => /^# [a-z-]+: /.test(line))
  .map((line) => line.slice(2));

test('the example of a settings file is accepted, and nothing in it is without effect', () => {
  const { settings, notices } = load(example);
  expect(settings).toMatchObject({ groups: ['external'], healthCheck: true, haproxyMode: 'supervise' });
  expect(settings.clusters[0].access.endpoints).toHaveLength(2);
  expect(notices).toEqual([]);
});

test('every setting that it shows commented out is accepted too', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'pacer-example-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const file = join(directory, 'pacer.yaml');
  // Files that are read at once have to be there.
  const lines = commented.map((line) => line.replace(/\/etc\/pacer\/marathon-.*/, join(directory, 'file')));
  await writeFile(join(directory, 'file'), 'user:password');
  await writeFile(file, `group: external\n${lines.join('\n')}\n`);
  expect(load(file).notices).toEqual([]);
  expect(commented.length).toBeGreaterThan(10);
});

test('what it shows commented out is the default, where there is one', () => {
  const shown = parse(commented.join('\n')) as Record<string, unknown>;
  const defaults = settingKeys
    .map((key: SettingKey) => settingsTable[key])
    .filter((spec) => spec.flag in shown && 'default' in spec && spec.default !== '')
    .map((spec) => [spec.flag, 'default' in spec ? spec.default : undefined]);
  expect(defaults.length).toBeGreaterThan(8);
  expect(Object.fromEntries(defaults)).toEqual(
    Object.fromEntries(Object.entries(shown).filter(([flag]) => defaults.some(([name]) => name === flag))),
  );
});

test('units and containers use only flags that there are', () => {
  const known = new Set(['config', ...settingKeys.map((key) => settingsTable[key].flag)]);
  const files = readdirSync(folder).filter((name) => /\.service$|^compose|^Dockerfile/.test(name));
  const used = files.flatMap((name) =>
    readFileSync(join(folder, name), 'utf8')
      .split('\n')
      .filter((line) => /\bpacer run\b|\bpacer init\b|\b(?:run|init), --/.test(line))
      .flatMap((line) => line.match(/--[a-z-]+/g) ?? []),
  );
  expect(used.length).toBeGreaterThan(8);
  expect(used.filter((flag) => !known.has(flag.slice(2)))).toEqual([]);
});
