/** The folder of marathon-lb's image, and what Pacer's image has there. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { resolveSettings } from '../../src/settings/settings.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pacer-lb-folder-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const lb = () => join(folder, 'marathon-lb');
const directories = (flags: Record<string, unknown> = {}, environment: Record<string, string> = {}) =>
  resolveSettings({ flags: { groups: 'x', ...flags }, environment, file: undefined, marathonLb: lb() })
    .settings.templateSources.directories;

describe("templates in marathon-lb's folder", () => {
  test('are read where they are, with nothing said about them', () => {
    expect(directories()).toEqual([]);
    mkdirSync(join(lb(), 'templates'), { recursive: true });
    expect(directories()).toEqual([join(lb(), 'templates')]);
  });

  test('give way to those of --templates, and to those of the sandbox, which marathon-lb copies over them', () => {
    mkdirSync(join(lb(), 'templates'), { recursive: true });
    mkdirSync(join(folder, 'sandbox', 'templates'), { recursive: true });
    expect(directories({ templates: '/etc/own' }, { MESOS_SANDBOX: join(folder, 'sandbox') })).toEqual([
      '/etc/own',
      join(folder, 'sandbox', 'templates'),
      join(lb(), 'templates'),
    ]);
  });

  test('of a sandbox that is named and has none are no error', () => {
    expect(directories({}, { MESOS_SANDBOX: folder })).toEqual([]);
    expect(directories({}, { MESOS_SANDBOX: '' })).toEqual([]);
  });
});

test.each([
  ['5', '5s'],
  ['5m', '5m'],
  ['2h', '2h'],
  ['', '30m'],
  ['soon', '30m'],
  ['0', '30m'],
])('HAPROXY_RELOAD_SIGTERM_DELAY=%s bounds replaced workers by %s', (value, expected) => {
  const environment = { HAPROXY_RELOAD_SIGTERM_DELAY: value };
  expect(
    resolveSettings({ flags: { groups: 'x' }, environment, file: undefined }).settings.hardStopAfter,
  ).toBe(expected);
});

test("the image has the paths of marathon-lb's that its documentation names", () => {
  const root = join(import.meta.dirname, '..', '..');
  const image = readFileSync(join(root, 'haproxy', 'Dockerfile'), 'utf8');
  const page = readFileSync(join(root, 'docs', 'marathon-lb.md'), 'utf8');
  for (const path of [
    '/marathon-lb/templates',
    '/marathon-lb/run',
    '/marathon-lb/marathon_lb.py',
    '/etc/ssl/cert',
  ]) {
    expect(image).toContain(path);
    expect(page).toContain(path);
  }
  expect(image).toMatch(/^WORKDIR \/marathon-lb$/m);
});
