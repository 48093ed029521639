/** What the fake HAProxy can be made to do and no real one: calls that fail at any point, in time that a test moves. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseMap } from '../../src/haproxy/replies/maps.ts';
import {
  always,
  fakeHaproxy,
  scripted,
  someFaults,
  type FakeHaproxy,
  type Fault,
} from '../support/fake-haproxy/fake-haproxy.ts';
import { contractFiles } from './control-world.ts';

const ports = { http: 8000, tcp: 8001, extra: 8002, one: 31001, two: 31002, echo: 31003 };

function publish(
  { disk }: FakeHaproxy,
  number: number,
  hosts: Record<string, 'one' | 'two'> = { h: 'one' },
): string {
  const hash = `hash-${number}`;
  const files = contractFiles(hash, '/state/haproxy.sock', ports, { hosts });
  disk.activate(disk.write({ number, hash, files }).directory);
  return hash;
}

async function started(options: Parameters<typeof fakeHaproxy>[0] = {}) {
  const fake = fakeHaproxy(options);
  const control = fake.control();
  await control.start(fake.disk.configFile, publish(fake, 1));
  return { fake, control, clock: fake.clock };
}

const keys = (fake: FakeHaproxy): string[] =>
  [...(fake.haproxy.current?.maps.get('hosts.map')?.entries ?? [])].map(({ key }) => key);
const reached = (fake: FakeHaproxy, host: string) => fake.reached({ port: ports.http, host });

describe('a reload', () => {
  test('takes its time, in which commands reach the old worker, and are lost', async () => {
    const { fake, control, clock } = await started({ reloadMs: 500 });
    const old = fake.haproxy.current;
    const reload = control.reload(publish(fake, 2, { h: 'two' }));
    await clock.advance(200);
    expect(await control.runtime(['add map hosts.map lost one'])).toMatchObject([{ kind: 'ok' }]);
    expect([fake.haproxy.current, reached(fake, 'lost')]).toEqual([old, ['127.0.0.1:31001']]);
    await clock.advance(300);
    expect(await reload).toMatchObject({ kind: 'done', durationMs: 500 });
    expect([reached(fake, 'lost'), reached(fake, 'h')]).toEqual([[], ['127.0.0.1:31002']]);
  });

  test('reads what is on disk when it begins', async () => {
    const { fake, control, clock } = await started({ reloadMs: 500 });
    const reload = control.reload(publish(fake, 2));
    await clock.advance(100);
    publish(fake, 3);
    await clock.advance(10_000);
    expect(await reload).toMatchObject({ kind: 'done' });
  });

  test('of ours follows that of somebody else, and is judged by its own worker', async () => {
    const { fake, control, clock } = await started({ reloadMs: 500 });
    void fake.haproxy.reload();
    await clock.advance(100);
    const reload = control.reload(publish(fake, 2));
    await clock.advance(2_000);
    expect(await reload).toMatchObject({ kind: 'done', durationMs: 900 });
    expect(fake.haproxy.master).toMatchObject({ reloads: 2, failed: 0 });
  });

  test('that is given up goes on', async () => {
    const { fake, control, clock } = await started({ reloadMs: 500 });
    const giveUp = new AbortController();
    const reload = control.reload(publish(fake, 2, { h: 'two' }), giveUp.signal);
    await clock.advance(100);
    giveUp.abort();
    expect(await reload).toMatchObject({ kind: 'failed', reason: 'Pacer stopped waiting for the reload' });
    await clock.advance(400);
    expect(reached(fake, 'h')).toEqual(['127.0.0.1:31002']);
  });

  test('has the program that is there by then, and its capabilities', async () => {
    const { fake, control } = await started();
    expect(control.capabilities()).toMatchObject({ version: '2.6.12', addServerCookie: false });
    fake.haproxy.program = '3.4.7-1';
    expect(await control.reload(publish(fake, 2))).toMatchObject({ kind: 'done' });
    expect(control.capabilities()).toMatchObject({ version: '3.4.7', addBackend: true });
    expect(await control.runtime(['add backend new from plain'])).toMatchObject([{ kind: 'ok' }]);
  });

  test('ends an old worker when its time is over, whatever sessions it has', async () => {
    const { fake, control, clock } = await started();
    fake.session('tcp/t');
    await control.reload(publish(fake, 2));
    expect(await control.running()).toMatchObject({ running: { oldWorkers: [{ connections: 1 }] } });
    await clock.advance(20_000);
    expect(await control.running()).toMatchObject({ running: { oldWorkers: [] } });
  });
});

describe('commands with a fault', () => {
  const commands = ['add map hosts.map a one', 'add map hosts.map b one', 'show map hosts.map'];
  const unreachable = { code: 'HAPROXY_UNREACHABLE' };

  /** How they end, how long that takes, and which keys are in the map by then and later. */
  async function withFault(fault: Fault) {
    const { fake, control, clock } = await started();
    fake.faults = always(fault, 'runtime');
    const begun = clock.now();
    const outcome = control.runtime(commands).then(
      (replies) => ({ replies, ms: clock.now() - begun, had: keys(fake) }),
      (error: unknown) => ({ error, ms: clock.now() - begun, had: keys(fake) }),
    );
    await clock.advance(100_000);
    return { ...(await outcome), later: keys(fake) };
  }
  const all = ['h', 'a', 'b'];

  test.each<[string, Fault, object]>([
    ['none of them is done', { kind: 'fail' }, { error: unreachable, ms: 0, had: ['h'], later: ['h'] }],
    [
      'they hang until the deadline',
      { kind: 'hang' },
      { error: unreachable, ms: 10_000, had: ['h'], later: ['h'] },
    ],
    [
      'they are done, and nobody hears it',
      { kind: 'lost' },
      { error: unreachable, ms: 10_000, had: all, later: all },
    ],
    ['they are done late, in time', { kind: 'delay', ms: 3_000 }, { ms: 3_000, had: all, later: all }],
    [
      'they are done when the caller has given up',
      { kind: 'delay', ms: 30_000 },
      { error: unreachable, ms: 10_000, had: ['h'], later: all },
    ],
    [
      'the connection is cut after the first',
      { kind: 'cut', after: 1 },
      { error: unreachable, ms: 0, had: ['h', 'a'], later: ['h', 'a'] },
    ],
    [
      'the answers are empty',
      { kind: 'wrong', how: 'empty' },
      { replies: [{ kind: 'ok' }, { kind: 'ok' }, { text: '' }], later: all },
    ],
    [
      'each is refused',
      { kind: 'wrong', how: 'refused' },
      { replies: [{ kind: 'failed', severity: 3 }, { kind: 'failed' }, { kind: 'failed' }], later: ['h'] },
    ],
  ])('%s', async (_, fault, wanted) => {
    expect(await withFault(fault)).toMatchObject(wanted);
  });

  test('a truncated answer has less than there is', async () => {
    const { fake, control } = await started();
    fake.faults = scripted([{ kind: 'wrong', how: 'truncated' }]);
    const shown = async () => parseMap((await control.runtime(commands))[2]?.text ?? '').length;
    const [first, second] = [await shown(), await shown()];
    expect(first).toBeLessThan(3);
    expect(second).toBe(5);
  });
});

describe('other calls with a fault', () => {
  test.each<[string, Fault, number]>([
    ['silent at once', { kind: 'fail' }, 0],
    ['silent at the deadline', { kind: 'hang' }, 4_000],
    ['silent at the deadline', { kind: 'delay', ms: 8_000 }, 4_000],
    ['silent where it makes no sense', { kind: 'wrong', how: 'empty' }, 0],
  ])('what runs is %s (%j)', async (_, fault, ms) => {
    const { fake, control, clock } = await started();
    fake.faults = always(fault, 'running');
    const begun = clock.now();
    const answer = control.running().then(({ kind }) => ({ kind, ms: clock.now() - begun }));
    await clock.advance(60_000);
    expect(await answer).toEqual({ kind: 'silent', ms });
  });

  test.each<[string, Fault, string]>([
    ['fails with nothing done', { kind: 'fail' }, 'one'],
    ['fails with nothing done', { kind: 'hang' }, 'one'],
    ['fails though HAProxy has done it', { kind: 'lost' }, 'two'],
    ['fails, and HAProxy does it later', { kind: 'delay', ms: 70_000 }, 'two'],
    ['is refused', { kind: 'wrong', how: 'refused' }, 'one'],
  ])('a reload %s (%j)', async (_, fault, backend) => {
    const { fake, control, clock } = await started();
    fake.faults = always(fault, 'reload');
    const reload = control.reload(publish(fake, 2, { h: 'two' }));
    await clock.advance(100_000);
    expect(await reload).toMatchObject({ kind: 'failed' });
    expect(fake.request({ port: ports.http, host: 'h' })).toMatchObject({ backend });
  });
});

test('a HAProxy that is replaced by another version is another process with nothing of the commands', async () => {
  const { fake, control } = await started();
  await control.runtime(['add map hosts.map a one', 'set server one/a state maint']);
  expect(reached(fake, 'h')).toEqual([]);
  const before = await control.running();
  expect(fake.haproxy.restart('3.0.11-1+deb13u4')).toBeUndefined();
  expect(await control.running()).toMatchObject({ running: { version: '3.0.11-1+deb13u4', reloads: 0 } });
  expect(await control.running()).not.toMatchObject({
    running: { masterPid: before.kind === 'running' && before.running.masterPid },
  });
  expect([keys(fake), reached(fake, 'h')]).toEqual([['h'], ['127.0.0.1:31001']]);
});

test('a health check takes a dead task out, and back', () => {
  const fake = fakeHaproxy();
  const files = contractFiles('hash-1', '/state/haproxy.sock', ports);
  files.set(
    'haproxy.cfg',
    (files.get('haproxy.cfg') ?? '').replace(`:${ports.one} id 1`, `:${ports.one} id 1 check inter 2s`),
  );
  fake.disk.activate(fake.disk.write({ number: 1, hash: 'hash-1', files }).directory);
  expect(fake.haproxy.start()).toBeUndefined();
  const states: string[][] = [];
  for (const dead of [[], ['127.0.0.1:31001'], []]) {
    fake.haproxy.dead.clear();
    for (const each of dead) fake.haproxy.dead.add(each);
    fake.haproxy.runChecks();
    states.push(reached(fake, 'h'));
  }
  expect(states).toEqual([['127.0.0.1:31001'], [], ['127.0.0.1:31001']]);
});

test('any faults end, and the same ones end the same way', async () => {
  const run = async (faults: readonly (Fault | undefined)[]): Promise<string> => {
    const { fake, control, clock } = await started({ reloadMs: 100 });
    const log: unknown[] = [];
    fake.faults = scripted(faults);
    const note = async (work: Promise<unknown>) => {
      const told = work.then(
        (answer) => log.push([clock.now(), answer]),
        (error: unknown) => log.push([clock.now(), String(error)]),
      );
      expect(await clock.until(() => log.length > before, 300_000)).toBe(true);
      await told;
    };
    let before = 0;
    for (let i = 2; i < 12; i++) {
      before = log.length;
      await note(control.running());
      before = log.length;
      await note(control.runtime([`add map hosts.map k${i} two`]));
      before = log.length;
      await note(control.reload(publish(fake, i)));
    }
    // What was late has come.
    await clock.advance(300_000);
    expect(clock.waiting).toBe(0);
    fake.faults = () => undefined;
    expect(await control.running()).toMatchObject({ kind: 'running' });
    return JSON.stringify([log, keys(fake)]);
  };
  await fc.assert(
    fc.asyncProperty(someFaults(), async (faults) => {
      expect(await run(faults)).toBe(await run(faults));
    }),
    { numRuns: 50, seed: 20_261 },
  );
});
