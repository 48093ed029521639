/** How often HAProxy is asked until it is known who is to blame, and who serves on. */
import { appendFile, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { allDiagnostics } from '../../src/core/desired/desired.ts';
import type { App } from '../../src/core/model/model.ts';
import { aCheck, anApp, aPort, aTask } from '../support/apps.ts';
import { anExamination, type Examination } from '../support/examination.ts';

let examination: Examination;
beforeEach(async () => {
  examination = await anExamination();
});
afterEach(() => examination.close());

const app = (id: string, port: number, parts: Partial<App> = {}) =>
  anApp(id, { ports: [aPort(port)], tasks: [aTask(id, 1)], healthChecks: [aCheck()], ...parts });
const good = (count: number) => Array.from({ length: count }, (_, i) => app(`/good-${i}`, 10_000 + i));
const label = (name: string, value: string) => ({ labels: { HAPROXY_GROUP: 'external', [name]: value } });

/** What our own rules let through, and HAProxy refuses: in different places, found in different stages of its reading. */
const badKinds: readonly Partial<App>[] = [
  { healthChecks: [aCheck({ timeoutSeconds: 99_999_999 })] },
  { healthChecks: [aCheck({ intervalSeconds: 99_999_999 })] },
  { healthChecks: [aCheck({ protocol: 'TCP', timeoutSeconds: 99_999_999 })] },
  { healthChecks: [aCheck({ protocol: 'TCP', intervalSeconds: 99_999_999 })] },
  label('HAPROXY_0_BIND_OPTIONS', 'ssl crt /etc/hostname'),
];
const bad = (i: number) => app(`/bad-${i}`, 20_000 + i, badKinds[i % badKinds.length]);

const names = ({ candidate }: { candidate: { desired: { services: ReadonlyMap<string, unknown> } } }) => [
  ...candidate.desired.services.keys(),
];
const errors = (found: Awaited<ReturnType<Examination['of']>>) =>
  allDiagnostics(found.candidate.desired).filter(({ severity }) => severity === 'error');

describe('a service that HAProxy names as faulty', () => {
  test.each(badKinds.map((_, i) => [i]))(
    'of kind %i among a thousand costs one more check, once',
    async (i) => {
      const apps = [...good(999), bad(i)];
      const first = await examination.of(apps);
      expect(first.checks).toBe(2);
      expect(names(first)).toHaveLength(999);
      expect(errors(first).map(({ appId, code }) => [appId, code])).toEqual([
        [`/bad-${i}`, 'HAPROXY_REFUSES'],
      ]);
      expect((await examination.of([...apps, app('/new', 30_000)])).checks).toBe(1);
      await examination.restart();
      expect((await examination.of([...apps, app('/new', 30_000)])).checks).toBe(0);
      expect((await examination.of([...apps, app('/newer', 30_001)])).checks).toBe(1);
      expect((await examination.of(good(1000))).checks).toBe(1);
    },
  );

  test('together with 49 others of all kinds costs only a few checks', async () => {
    const unreadable = [
      label('HAPROXY_0_BALANCE', 'best'),
      label('HAPROXY_0_AUTH', 'x'),
      label('HAPROXY_0_PORT', '0'),
    ];
    const bads = Array.from({ length: 50 }, (_, i) =>
      i % 2 === 0 ? bad(i) : app(`/bad-${i}`, 20_000 + i, unreadable[i % unreadable.length]),
    );
    const found = await examination.of([...good(950), ...bads]);
    expect(found.checks).toBeLessThanOrEqual(12);
    expect(names(found)).toHaveLength(950);
    expect(new Set(errors(found).map(({ appId }) => appId)).size).toBe(50);
  });

  test('serves on without what its new version gives up', async () => {
    const hosts = (found: Awaited<ReturnType<Examination['of']>>) =>
      [...found.candidate.desired.services.values()].map(
        ({ definition: { vhosts, balance } }) => `${vhosts.join(',')} ${balance.words.join(' ')}`,
      );
    const labels = (vhost: string, more: Record<string, string> = {}) => ({
      labels: { HAPROXY_GROUP: 'external', HAPROXY_0_MODE: 'http', HAPROXY_0_VHOST: vhost, ...more },
    });
    const leastconn = { HAPROXY_0_BALANCE: 'leastconn' };
    await examination.of([app('/web', 10_000, labels('a.example,b.example', leastconn))]);
    // What HAProxy refuses, and what Pacer refuses itself.
    for (const wrong of [badKinds[0], undefined]) {
      const version = (vhost: string, more = {}) =>
        app('/web', 10_000, {
          ...wrong,
          ...labels(vhost, wrong === undefined ? { HAPROXY_0_BALANCE: 'best', ...more } : more),
        });
      expect(hosts(await examination.of([version('')]))).toEqual([' leastconn']);
      await examination.restart();
      expect(hosts(await examination.of([version('b.example')]))).toEqual(['b.example leastconn']);
      expect(hosts(await examination.of([version('c.example')]))).toEqual(['a.example,b.example leastconn']);
    }
  });

  test('serves on in the version that served before, and in none that is refused as well', async () => {
    await examination.of([app('/web', 10_000, label('HAPROXY_0_BALANCE', 'leastconn'))]);
    const found = await examination.of([app('/web', 10_000, badKinds[0])]);
    expect(names(found)).toEqual(['web_10000']);
    const [service] = found.candidate.desired.services.values();
    expect(service?.definition.balance.words).toEqual(['leastconn']);
    expect(allDiagnostics(found.candidate.desired).map(({ code }) => code)).toEqual([
      'HAPROXY_REFUSES',
      'SERVICE_KEPT',
    ]);
  });

  test('is not blamed for the fault of a new one if it served before, unless nothing is new', async () => {
    await examination.of(good(3));
    examination.nameless.now = true;
    const found = await examination.of([...good(3), bad(0)]);
    expect(found.checks).toBe(3);
    expect(names(found)).toHaveLength(3);
  });

  test('leaves only the revision that was accepted', async () => {
    const found = await examination.of([...good(5), bad(0), bad(1)]);
    expect(await readdir(join(examination.directory, 'revisions'))).toEqual([
      found.revision!.directory.split('/').at(-1),
    ]);
  });
});

describe('a refusal that names no service', () => {
  beforeEach(() => {
    examination.nameless.now = true;
  });

  test('is traced to the only new service, after the running ones have been accepted again', async () => {
    await examination.of(good(20));
    expect((await examination.of([...good(20), bad(0)])).checks).toBe(3);
  });

  test('makes no service the culprit if its cause ends between two checks', async () => {
    await examination.of(good(20));
    examination.refusals.left = 1;
    expect(names(await examination.of([...good(20), app('/new', 30_000)]))).toHaveLength(21);
  });

  test('makes no service the culprit if HAProxy refuses what it runs as well', async () => {
    await examination.of(good(20));
    examination.refusals.left = Infinity;
    await expect(examination.of([...good(20), app('/new', 30_000)])).rejects.toThrow('out of order');
    examination.refusals.left = 0;
    expect(names(await examination.of([...good(20), app('/new', 30_000)]))).toHaveLength(21);
  });

  test('is traced by halves to one service among a thousand, and the others serve', async () => {
    const found = await examination.of([...good(999), bad(0)]);
    expect(names(found)).toHaveLength(999);
    expect(found.checks).toBeLessThanOrEqual(13);
    expect((await examination.of([...good(999), bad(0), app('/new', 30_000)])).checks).toBe(1);
  });

  test.each([[0], [1], [2], [3]])(
    'of one service among four, at position %i, is traced in at most five checks',
    async (at) => {
      await examination.of([app('/live', 30_000)]);
      const apps = good(4).map((it, i) => (i === at ? bad(0) : it));
      const found = await examination.of([app('/live', 30_000), ...apps]);
      expect(found.checks).toBeLessThanOrEqual(5);
      expect(names(found)).toHaveLength(4);
    },
  );

  test('of several services is traced to all of them in the end', async () => {
    const apps = [...good(30), ...Array.from({ length: 5 }, (_, i) => bad(i))];
    let passes = 0;
    let found = await examination.of(apps);
    while (found.unfinished && passes++ < 10) found = await examination.of(apps);
    expect(found.unfinished).toBe(false);
    expect(names(found)).toHaveLength(30);
  });

  test('of something that belongs to no service is reported as such, and blames no service', async () => {
    const broken = await anExamination({ syslogSocket: '300.1.1.1:x' });
    try {
      broken.nameless.now = true;
      await expect(broken.of(good(3))).rejects.toThrow('something is wrong');
    } finally {
      await broken.close();
    }
  });
});

describe('a saved verdict', () => {
  test('is valid as long as the files that it may be about are unchanged', async () => {
    const file = join(examination.directory, 'ca.pem');
    await writeFile(file, 'nonsense');
    const tls = app('/tls', 10_000, label('HAPROXY_0_BIND_OPTIONS', `ssl crt ${file}`));
    expect(errors(await examination.of([tls]))).toHaveLength(1);
    expect((await examination.of([tls])).checks).toBe(0);
    await writeFile(file, 'other nonsense');
    expect((await examination.of([tls])).checks).toBe(1);
  });

  test('is in a file that only its owner can read, and that is set aside if it is damaged', async () => {
    await examination.of([...good(2), bad(0)]);
    await examination.restart();
    for (const name of ['verdicts.json', 'last-good.jsonl']) {
      const file = join(examination.directory, name);
      expect((await stat(file)).mode & 0o777).toBe(0o600);
      await appendFile(file, 'x');
    }
    await examination.restart();
    expect(examination.warnings).toHaveLength(2);
    expect(examination.warnings.join()).toMatch(/verdicts\.json\.unusable: its checksum does not match/);
    expect(await readFile(join(examination.directory, 'verdicts.json.unusable'), 'utf8')).toContain('timer');
    expect((await examination.of([...good(2), bad(0)])).checks).toBe(1);
  });

  test('is forgotten together with the app', async () => {
    await examination.of([app('/web', 10_000)]);
    await examination.of([]);
    const found = await examination.of([app('/web', 10_000, badKinds[0])]);
    expect(names(found)).toEqual([]);
  });
});

test('a service that cannot be written as a line is rejected alone, without another check', async () => {
  const apps = [...good(9), app('/bad', 20_000, { healthChecks: [aCheck({ path: '/\nglobal' })] })];
  const found = await examination.of(apps);
  expect(found.checks).toBe(1);
  expect(names(found)).toHaveLength(9);
  expect(errors(found).map(({ appId, code }) => [appId, code])).toEqual([['/bad', 'HAPROXY_REFUSES']]);
  expect((await examination.of([...apps, app('/new', 30_000)])).checks).toBe(1);
});
