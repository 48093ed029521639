import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nextDesired, nothingDesired, type Desired } from '../../../src/core/desired/desired.ts';
import { openPinning, type PinningOptions } from '../../../src/daemon/storage/pin.ts';
import { anApp, aPort, aTask } from '../../support/apps.ts';
import { aContext } from '../../support/context.ts';

let stateDir: string;
beforeAll(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'pacer-pin-'));
});
afterAll(() => rm(stateDir, { recursive: true }));

const context = aContext();
const warnings: string[] = [];
const open = (parts: Partial<PinningOptions> = {}) =>
  openPinning({
    ...{ stateDir, version: '1.0.0', context, changed: () => undefined, now: () => 0 },
    warn: (message) => warnings.push(message),
    ...parts,
  });
const app = (n: number, tasks: number, balance: string) =>
  anApp(`/app${n}`, {
    ports: [aPort(10_000 + n)],
    labels: { HAPROXY_GROUP: 'external', HAPROXY_0_BALANCE: balance },
    tasks: Array.from({ length: tasks }, (_, task) => aTask(`/app${n}`, task)),
  });
const after = (desired: Desired, ...apps: ReturnType<typeof app>[]) =>
  nextDesired(desired, { changed: apps, removed: [] }, context);
const definitions = (desired: Desired) => [...desired.services.values()].map((it) => it.definition);

describe('a revision to roll back to', () => {
  test('has the definitions that were applied, whatever changed after that', async () => {
    const change = fc.tuple(
      fc.nat(3),
      fc.integer({ min: 1, max: 3 }),
      fc.constantFrom('leastconn', 'source', 'first'),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 12 }), async (changes) => {
        const pinning = await open();
        let desired = nothingDesired;
        const wanted: (readonly unknown[])[] = [];
        for (const [revision, [n, tasks, balance]] of changes.entries()) {
          desired = after(desired, app(n, tasks, balance));
          pinning.applied(revision + 1, desired);
          wanted.push(definitions(desired));
        }
        for (const [index, expected] of wanted.entries()) {
          expect(await pinning.pin(index + 1)).toBe(true);
          const now = pinning.pinned(desired);
          expect(definitions(now).every((it) => expected.includes(it))).toBe(true);
          expect(pinning.state()?.services).toBe(expected.length);
        }
        await pinning.release();
      }),
      { numRuns: 8 },
    );
  });

  test('keeps no servers, so the state it was part of is freed', async () => {
    const pinning = await open();
    let desired = after(nothingDesired, app(0, 2, 'leastconn'), app(1, 1, 'leastconn'));
    const first = new WeakRef(desired);
    pinning.applied(1, desired);
    desired = after(desired, app(0, 3, 'leastconn'));
    pinning.applied(2, desired);
    desired = after(desired, app(0, 1, 'source'));
    pinning.applied(3, desired);
    setFlagsFromString('--expose-gc');
    // What a weak reference was asked for lives to the end of the turn.
    await new Promise((resolve) => setImmediate(resolve));
    (runInNewContext('gc') as () => void)();
    expect(first.deref()).toBeUndefined();
    expect(pinning.known()).toEqual([3, 2, 1]);
  });

  test('survives a restart of the same version of Pacer', async () => {
    const pinning = await open();
    pinning.applied(7, after(nothingDesired, app(0, 1, 'leastconn')));
    await pinning.pin(7);
    expect((await open()).state()).toMatchObject({ revision: 7, services: 1 });
    warnings.length = 0;
    expect((await open({ version: '1.0.1' })).state()).toBeUndefined();
    expect(warnings).toEqual([
      `${join(stateDir, 'pin.json')} was written by Pacer 1.0.0, so revision 7 is not pinned any more`,
    ]);
  });

  test('is forgotten with a warning if its file is damaged', async () => {
    const pinning = await open();
    pinning.applied(7, after(nothingDesired, app(0, 1, 'leastconn')));
    await pinning.pin(7);
    const file = join(stateDir, 'pin.json');
    await writeFile(file, (await readFile(file, 'utf8')).replace('leastconn', 'source'));
    warnings.length = 0;
    expect((await open()).state()).toBeUndefined();
    expect(warnings).toEqual([
      `${file}.unusable: its checksum does not match; Pacer starts without the revision that was pinned`,
    ]);
    expect(await readdir(stateDir)).toEqual(['pin.json.unusable']);
  });
});
