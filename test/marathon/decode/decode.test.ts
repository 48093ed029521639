import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decodeApps, decodeAppsInPieces, decodeOneApp } from '../../../src/marathon/decode/decode.ts';

const fixture = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../fixtures/${name}.json`, import.meta.url), 'utf8'));

const golden = (value: unknown): string =>
  JSON.stringify(value, (_key, item: unknown) => (item === undefined ? null : item), 2);

const one = (app: object) => decodeApps({ apps: [app] });

describe('the network modes of both generations of the API', () => {
  it.each([
    ['decode/modern', 'modern'],
    ['decode/v1.4', 'v1.4'],
    ['marathon15-apps', 'marathon15-apps'],
    ['zdd-apps', 'zdd-apps'],
    ['posted-apps', 'posted-apps'],
  ])('become one form: %s', async (name, expected) => {
    const decoded = decodeApps(fixture(name));
    await expect(`${golden(decoded)}\n`).toMatchFileSnapshot(`../fixtures/decode/${expected}.golden`);
  });

  it('are read from a hundred real apps without a complaint', () => {
    const { apps, diagnostics } = decodeApps(fixture('real-group-155-100'));
    expect(diagnostics).toEqual([]);
    expect(apps.length).toBeGreaterThan(20);
    expect(apps.every((app) => app.ports.every((port) => port.servicePort !== 0))).toBe(true);
  });
});

describe('a malformed part of an answer affects only itself', () => {
  it('and the malformed app is named and skipped, and the rest is kept', () => {
    const { apps, diagnostics, malformed } = decodeApps({
      apps: [
        { id: '/good' },
        { id: '/bad', instances: 'many' },
        17,
        { labels: {} },
        { id: '/also-good', tasks: null },
      ],
    });
    expect(apps.map((app) => app.id)).toEqual(['/also-good', '/good']);
    expect(malformed).toEqual(['/bad']);
    expect(diagnostics.map(({ severity, appId }) => [severity, appId])).toEqual([
      ['error', '/bad'],
      ['error', 'apps[2]'],
      ['error', 'apps[3]'],
    ]);
    expect(diagnostics[0]?.reason).toContain('instances');
  });

  it('so a number or a boolean in a label becomes text, with a warning, and other labels are left out', () => {
    const { apps, diagnostics } = one({
      id: '/web',
      labels: { HAPROXY_GROUP: 'external', HAPROXY_0_PORT: 10100, ENABLED: true, NOTHING: null, LIST: ['a'] },
    });
    expect(apps[0]?.labels).toEqual({ HAPROXY_GROUP: 'external', HAPROXY_0_PORT: '10100', ENABLED: 'true' });
    expect(diagnostics.map(({ severity, label }) => [severity, label])).toEqual([
      ['warning', 'HAPROXY_0_PORT'],
      ['warning', 'ENABLED'],
      ['warning', 'NOTHING'],
      ['warning', 'LIST'],
    ]);
  });

  it('and a label named like a property of objects is just a label', () => {
    const app = JSON.parse('{"id": "/web", "labels": {"__proto__": "x", "constructor": "y"}}') as object;
    expect(Object.entries(one(app).apps[0]!.labels)).toContainEqual(['constructor', 'y']);
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
  });

  it('so a malformed task or health check is left out and the app is kept', () => {
    const { apps, diagnostics } = one({
      id: '/web',
      tasks: [
        { id: 't.1', state: 'TASK_RUNNING' },
        { id: 't.2', state: 'TASK_DANCING' },
        { state: 'TASK_RUNNING' },
      ],
      healthChecks: [{ protocol: 'HTTP' }, { protocol: 'GOPHER' }, { portIndex: 'first' }],
    });
    expect(apps[0]?.tasks.map((task) => task.id)).toEqual(['t.1']);
    expect(apps[0]?.healthChecks).toHaveLength(1);
    expect(diagnostics.map(({ severity }) => severity)).toEqual(['warning', 'warning', 'warning', 'warning']);
  });

  it.each(['/a\nglobal', "/it's", '/a b', '/a//b', '/$HOME', '/é'])(
    'so an app whose id %j would be no name in a configuration is left out and reported',
    (id) => {
      const { apps, diagnostics } = decodeApps({ apps: [{ id }, { id: '/web' }] });
      expect(apps.map((app) => app.id)).toEqual(['/web']);
      expect(diagnostics).toMatchObject([{ code: 'DEFINITION_MALFORMED', severity: 'error' }]);
    },
  );

  it('so HAProxy only connects if the path of a health check is not a word', () => {
    const { apps, diagnostics } = decodeApps({
      apps: [{ id: '/web', healthChecks: [{ protocol: 'HTTP', path: '/\nlua-load /x' }] }],
    });
    expect(apps[0]?.healthChecks).toMatchObject([{ protocol: 'TCP', path: '/' }]);
    expect(diagnostics.map(({ reason }) => reason)).toEqual([
      'the path of a health check holds control characters, so HAProxy only connects',
    ]);
  });

  it('and of two apps with one id the later one is used', () => {
    const { apps } = decodeApps({
      apps: [
        { id: '/web', instances: 1 },
        { id: 'web', instances: 2 },
      ],
    });
    expect(apps.map(({ id, instances }) => [id, instances])).toEqual([['/web', 2]]);
  });

  it.each([
    [undefined],
    [null],
    [[]],
    ['<html>'],
    [{}],
    [{ apps: {} }],
    [{ message: 'Invalid credentials' }],
  ])('but %j is not accepted as a list of apps', (document) => {
    expect(() => decodeApps(document)).toThrow(expect.objectContaining({ code: 'MARATHON_MALFORMED' }));
  });

  it("and Marathon's own message is quoted if there is one", () => {
    expect(() => decodeOneApp({ message: 'Too many concurrent requests!' })).toThrow(
      'Too many concurrent requests!',
    );
  });
});

it('one app and the apps of a group are read like a list of apps', async () => {
  expect(decodeOneApp({ app: { id: '/web' } }).apps.map((app) => app.id)).toEqual(['/web']);
  const group = Buffer.from('{"*":[{"id":"/team/b"},{"id":"/team/a"}]}');
  expect((await decodeAppsInPieces(group, '*')).apps.map((app) => app.id)).toEqual(['/team/a', '/team/b']);
});
