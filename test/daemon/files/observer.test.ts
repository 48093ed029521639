/** Files of others on a real disk: which copies HAProxy is to read, and what is said of the files. */
import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { nextDesired, nothingDesired } from '../../../src/core/desired/desired.ts';
import { createLooker, type Looker } from '../../../src/daemon/files/look.ts';
import { createFileObserver, type FileObserver } from '../../../src/daemon/files/observer.ts';
import { refusalBy } from '../../../src/daemon/files/refusal.ts';
import { anApp } from '../../support/apps.ts';
import { makeAuthority, makePem } from '../../support/certificate.ts';
import { aContext } from '../../support/context.ts';
import { haproxyProgram, temporaryFolder } from '../../support/haproxy.ts';
import { weakPem } from '../../support/openssl.ts';

let pems: string[] = [];
let authorities: string[] = [];
beforeAll(async () => {
  pems = await Promise.all(['first', 'second', 'third'].map((name) => makePem(name, [`${name}.example`])));
  authorities = await Promise.all(['one', 'two'].map(async (name) => (await makeAuthority(name)).cert));
});

let folder = '';
let stateDir = '';
let said: string[] = [];
beforeEach(() => {
  folder = temporaryFolder();
  stateDir = join(folder, 'state');
  said = [];
});
const at = (name: string) => join(folder, name);

function observer(named?: string[], more: { looker?: Looker; settleMs?: number } = {}): FileObserver {
  return createFileObserver({ stateDir, named, warn: (message) => said.push(message), settleMs: 0, ...more });
}

const servicesWith = (labels: Record<string, string>) => {
  const app = anApp('/web', { labels: { HAPROXY_GROUP: 'external', ...labels } });
  return nextDesired(nothingDesired, { changed: [app], removed: [] }, aContext()).services.values();
};
const withCertificate = () => [...servicesWith({ HAPROXY_0_SSL_CERT: at('app.pem') })];

const spoilAsFolder = () => {
  rmSync(at('app.pem'));
  mkdirSync(at('app.pem'));
};

const contents = (digests: ReadonlyMap<string, string>) =>
  [...digests.keys()].map((path) => readFileSync(path, 'utf8'));

describe('a file that a label names', () => {
  test('is copied with access for its owner only, and the copy is renewed when it changes', async () => {
    const files = observer();
    writeFileSync(at('app.pem'), pems[0]!);
    const first = await files.services(withCertificate());
    expect(contents(first.certificateDigests)).toEqual([pems[0]]);
    const [copy = ''] = first.certificateDigests.keys();
    expect([statSync(copy).mode & 0o777, statSync(join(copy, '..')).mode & 0o777]).toEqual([0o600, 0o700]);
    writeFileSync(at('app.pem'), pems[1]!);
    const second = await files.services(withCertificate());
    expect(contents(second.certificateDigests)).toEqual([pems[1]]);
    expect(second.certificateDigests.get(copy)).not.toBe(first.certificateDigests.get(copy));
  });

  test.each([
    ['broken', () => writeFileSync(at('app.pem'), 'nonsense'), 'it holds no certificate'],
    ['gone', () => rmSync(at('app.pem')), 'it does not exist'],
    ['a folder', spoilAsFolder, 'it is not a file'],
  ])(
    'keeps its last good copy in use if it is %s, also after a restart, with a warning',
    async (_, spoil, why) => {
      writeFileSync(at('app.pem'), pems[0]!);
      const before = await observer().services(withCertificate());
      spoil();
      for (const files of [observer(), observer()]) {
        const after = await files.services(withCertificate());
        expect(after.certificateDigests).toEqual(before.certificateDigests);
        expect(after.missing.size).toBe(0);
        expect(after.kept).toMatchObject([
          {
            ...{ code: 'FILE_KEPT', severity: 'warning', appId: '/web', label: 'HAPROXY_0_SSL_CERT' },
            reason: `certificate ${at('app.pem')}: ${why}; its last good copy stays in use`,
          },
        ]);
      }
    },
  );

  test('is missing if it was never good, until it is', async () => {
    const files = observer();
    const before = await files.services(withCertificate());
    expect([...before.missing.values()]).toMatchObject([
      { code: 'FILE_MISSING', severity: 'error', reason: `certificate ${at('app.pem')}: it does not exist` },
    ]);
    expect(before.certificateDigests.size).toBe(0);
    writeFileSync(at('app.pem'), pems[0]!);
    expect((await files.services(withCertificate())).missing.size).toBe(0);
  });

  test('is not copied while it is being written: half a chain is a valid file', async () => {
    const files = observer(undefined, { settleMs: 60_000 });
    const calls: number[] = [];
    files.onChanging((afterMs) => calls.push(afterMs));
    writeFileSync(at('app.pem'), pems[0]!);
    // The first of all is better than none.
    expect(contents((await files.services(withCertificate())).certificateDigests)).toEqual([pems[0]]);
    writeFileSync(at('app.pem'), pems[1]!);
    expect(contents((await files.services(withCertificate())).certificateDigests)).toEqual([pems[0]]);
    appendFileSync(at('app.pem'), authorities[0]!);
    const during = await files.services(withCertificate());
    expect(contents(during.certificateDigests)).toEqual([pems[0]]);
    expect(during.kept).toEqual([]);
    expect(calls).toEqual([60_000, 60_000, 60_000]);
  });

  test('is copied again if its content changes but not its size and time', async () => {
    const files = observer();
    const size = Math.max(...pems.map((pem) => pem.length));
    const write = (pem: string) => {
      writeFileSync(at('app.pem'), pem.padEnd(size, '\n'));
      utimesSync(at('app.pem'), 1_000_000_000, 1_000_000_000);
    };
    write(pems[0]!);
    const before = await files.services(withCertificate());
    write(pems[1]!);
    const after = await files.services(withCertificate());
    expect([...after.certificateDigests.keys()]).toEqual([...before.certificateDigests.keys()]);
    expect([...after.certificateDigests.values()]).not.toEqual([...before.certificateDigests.values()]);
  });

  test('has another digest if it is replaced by another one for the same purpose', async () => {
    const files = observer();
    writeFileSync(at('app.pem'), pems[0]!);
    writeFileSync(at('ca.pem'), authorities[0]!);
    const labels = {
      HAPROXY_0_SSL_CERT: at('app.pem'),
      HAPROXY_0_BIND_OPTIONS: `ca-file ${at('ca.pem')} verify required`,
    };
    const before = await files.services([...servicesWith(labels)]);
    writeFileSync(at('ca.pem'), authorities[1]!);
    const after = await files.services([...servicesWith(labels)]);
    expect(contents(after.fileDigests)).toEqual([authorities[1]]);
    expect([...after.fileDigests.values()]).not.toEqual([...before.fileDigests.values()]);
  });

  test('is copied again if somebody has damaged the copy', async () => {
    const files = observer();
    writeFileSync(at('app.pem'), pems[0]!);
    const [copy = ''] = (await files.services(withCertificate())).certificateDigests.keys();
    writeFileSync(copy, '');
    await files.services(withCertificate());
    expect(readFileSync(copy, 'utf8')).toBe(pems[0]);
    rmSync(copy);
    await files.services(withCertificate());
    expect(readFileSync(copy, 'utf8')).toBe(pems[0]);
  });

  test('costs only its own line of a list of certificates if it is bad', async () => {
    const files = observer();
    writeFileSync(at('a.pem'), pems[0]!);
    writeFileSync(at('b.pem'), pems[1]!);
    writeFileSync(at('ca.pem'), authorities[0]!);
    const text = `# ours\n${at('a.pem')} [ca-file ${at('ca.pem')} verify optional] first.example !x.first.example\n${at('b.pem')}\n${at('never.pem')} never.example\n`;
    writeFileSync(at('list'), text);
    const services = () => [...servicesWith({ HAPROXY_0_BIND_OPTIONS: `ssl crt-list ${at('list')}` })];
    const facts = await files.services(services());
    const list = contents(facts.fileDigests).find((content) => content.includes('!x.first.example')) ?? '';
    const copies = [...facts.certificateDigests.keys()];
    expect(list).toMatch(
      /^\S+-a\.pem \[ca-file \S+-ca\.pem verify optional\] first\.example !x\.first\.example\n\S+-b\.pem\n$/,
    );
    expect(copies.every((copy) => list.includes(copy))).toBe(true);
    expect(facts.missing.size).toBe(0);
    expect(facts.kept.map(({ reason }) => reason)).toEqual([
      `certificate ${at('never.pem')}: it does not exist; its line of the list is left out`,
    ]);
    writeFileSync(at('b.pem'), 'nonsense');
    const after = await files.services(services());
    expect(after.certificateDigests).toEqual(facts.certificateDigests);
    expect(after.kept).toHaveLength(2);
  });

  test('stays as it was if its disk does not answer, and delays no other file', async () => {
    const real = createLooker();
    const hung = new Set<string>();
    const looker = createLooker({ deadlineMs: 50 });
    const read: Looker['read'] = async (path, stamp) => {
      if (!hung.has(path)) return real.read(path, stamp);
      // As a look at a dead mount: it never ends.
      const answer = await looker.ask(path, () => new Promise<never>(() => undefined));
      return { kind: answer };
    };
    const files = observer(undefined, { looker: { read, ask: looker.ask } });
    writeFileSync(at('app.pem'), pems[0]!);
    const before = await files.services(withCertificate());
    hung.add(at('app.pem'));
    rmSync(at('app.pem'));
    const during = await files.services(withCertificate());
    expect(during).toEqual(before);
    hung.clear();
    expect((await files.services(withCertificate())).kept).toHaveLength(1);
  });
});

describe('the certificates of --ssl-certs', () => {
  const names = async (files: FileObserver) =>
    (await files.listener()).certificates.flatMap(({ facts }) => facts.hosts);

  test('do not affect each other, and are no longer used when deleted from a folder', async () => {
    mkdirSync(at('certs'));
    for (const [i, name] of ['a.pem', 'b.pem', 'c.pem'].entries())
      writeFileSync(at(`certs/${name}`), pems[i]!);
    const files = observer([at('certs')]);
    expect(await names(files)).toEqual(['first.example', 'second.example', 'third.example']);
    writeFileSync(at('certs/b.pem'), '');
    rmSync(at('certs/c.pem'));
    expect(await names(files)).toEqual(['first.example', 'second.example']);
    expect(files.notices()).toEqual([
      expect.stringContaining(
        `certificate ${at('certs/b.pem')}: it is empty; its last good copy stays in use`,
      ),
    ]);
    expect(said).toEqual(files.notices());
    writeFileSync(at('certs/b.pem'), pems[1]!);
    await files.listener();
    expect(files.notices()).toEqual([]);
  });

  test.each([
    ['emptied', () => rmSync(at('certs/a.pem'))],
    ['gone', () => rmSync(at('certs'), { recursive: true })],
  ])('stay in use if their folder is %s, also after a restart', async (_, spoil) => {
    mkdirSync(at('certs'));
    writeFileSync(at('certs/a.pem'), pems[0]!);
    const files = observer([at('certs')]);
    await files.listener();
    spoil();
    for (const each of [files, observer([at('certs')])]) {
      expect(await names(each)).toEqual(['first.example']);
      expect(each.notices().join()).toContain('last good cop');
    }
  });

  test('are a settings error if they were never good, but not if they were good before', async () => {
    await expect(observer([at('typo.pem')]).listener()).rejects.toMatchObject({
      code: 'CERTIFICATE_INVALID',
      message: expect.stringContaining(`certificate ${at('typo.pem')}: it does not exist`) as string,
    });
    writeFileSync(at('typo.pem'), pems[0]!);
    await observer([at('typo.pem')]).listener();
    rmSync(at('typo.pem'));
    expect(await names(observer([at('typo.pem')]))).toEqual(['first.example']);
  });

  test('are replaced by a self-signed certificate if there is none; a broken one is made again', async () => {
    const files = observer();
    const before = (await files.listener()).certificates;
    expect(before[0]?.facts.hosts).toEqual(['pacer.invalid']);
    writeFileSync(join(stateDir, 'certificates/self-signed.pem'), '');
    expect((await observer().listener()).certificates).toEqual(before);
    rmSync(join(stateDir, 'certificates/copies'), { recursive: true });
    const after = (await observer().listener()).certificates;
    expect(after[0]?.digest).not.toBe(before[0]?.digest);
    expect(after[0]?.facts.hosts).toEqual(['pacer.invalid']);
  });
});

describe('a certificate', () => {
  test('that is complete but refused by HAProxy for a short key affects only itself', async () => {
    const refusal = refusalBy(haproxyProgram, stateDir);
    mkdirSync(at('certs'));
    writeFileSync(at('certs/a.pem'), pems[0]!);
    writeFileSync(at('certs/weak.pem'), weakPem(folder));
    const files = createFileObserver({
      ...{ stateDir, named: [at('certs')], refusal },
      warn: () => undefined,
    });
    expect((await files.listener()).certificates.flatMap(({ facts }) => facts.hosts)).toEqual([
      'first.example',
    ]);
    expect(files.notices().join()).toMatch(/weak\.pem: HAProxy refuses it: .*; it is left out/);
  });

  test('is copied together with the files HAProxy reads next to it, as long as these are good', async () => {
    const files = observer();
    writeFileSync(at('app.pem'), pems[0]!);
    writeFileSync(at('app.pem.ocsp'), Buffer.from([0x30, 1, 7]));
    writeFileSync(at('app.pem.sctl'), Buffer.from([0, 1, 7]));
    const first = await files.services(withCertificate());
    const [copy = ''] = first.certificateDigests.keys();
    expect([...first.fileDigests.keys()]).toEqual([`${copy}.ocsp`, `${copy}.sctl`]);
    expect(readFileSync(`${copy}.ocsp`)).toEqual(Buffer.from([0x30, 1, 7]));
    writeFileSync(at('app.pem.ocsp'), Buffer.from([0x30, 2, 7]));
    expect((await files.services(withCertificate())).fileDigests).toEqual(first.fileDigests);
    writeFileSync(at('app.pem.ocsp'), Buffer.from([0x30, 2, 7, 7]));
    expect((await files.services(withCertificate())).fileDigests).not.toEqual(first.fileDigests);
    rmSync(at('app.pem.ocsp'));
    expect([...(await files.services(withCertificate())).fileDigests.keys()]).toEqual([`${copy}.sctl`]);
    expect(() => readFileSync(`${copy}.ocsp`)).toThrow('ENOENT');
  });
});

describe('reading a file', () => {
  test('blocks at most two threads, and one per folder', async () => {
    const looker = createLooker({ deadlineMs: 20 });
    let asked = 0;
    const never = () => ((asked += 1), new Promise<never>(() => undefined));
    for (const path of ['/a/1', '/a/2', '/b/1', '/c/1', '/a/1'])
      expect(await looker.ask(path, never)).toBe('unknown');
    expect(asked).toBe(2);
  });

  test('never opens something other than a file, for example a pipe without a writer', async () => {
    expect(await createLooker().read('/dev/zero')).toEqual({ kind: 'missing', why: 'it is not a file' });
  });
});
