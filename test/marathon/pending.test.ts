/** A heartbeat proves the connection. That the state is known is proved by what has been fetched since it changed. */
import { describe, expect, it } from 'vitest';
import type { AnswerFault } from '../../src/simulator/faults/faults.ts';
import { expectSame, mirroring, until, webApp } from './mirroring.ts';

const id = '/team/web';
const faults: readonly (readonly [string, AnswerFault, RegExp])[] = [
  ['answers 500', { kind: 'status', status: 500 }, /answers 500/],
  ['hangs', { kind: 'hang' }, /timeout/i],
];

describe.each(faults)(
  'a change announced while every GET of apps %s and the stream lives',
  (_, fault, reason) => {
    it('is pending and nothing is confirmed; it is fetched as soon as Marathon answers', async () => {
      const both = await mirroring(
        { heartbeatMs: 30 },
        { requestTimeoutMs: 300, maxBackoffMs: 100, resyncMs: 600_000 },
      );
      const { marathon, source, apps } = both;
      marathon.faults.answers(fault, { path: '/v2/apps' });
      void marathon.deploy({ ...webApp, instances: 1 });
      await until(() => expect(source.status().pending.some(({ lastError }) => lastError)).toBe(true));
      const { pending, pendingCount, connected, confirmedAt } = source.status();
      const [oldest] = pending;
      expect(connected).toBe(true);
      expect(pendingCount).toBe(pending.length);
      expect(pending.map((one) => one.id)).toContain(id);
      expect(pending.find(({ lastError }) => lastError !== undefined)?.lastError).toMatch(reason);
      // The event that named it is the last byte that came before it.
      expect(confirmedAt).toBeLessThanOrEqual(oldest!.since);
      // Heartbeats go on arriving, and confirm nothing.
      const { events } = source.status();
      marathon.faults.garbageFrame(
        'event: event_stream_attached\r\ndata: {"eventType":"event_stream_attached"}\r\n\r\n',
      );
      await until(() => expect(source.status().events).not.toEqual(events));
      expect(source.status().confirmedAt).toBeLessThanOrEqual(oldest!.since);
      expect(apps().has(id)).toBe(false);

      marathon.faults.clear();
      await until(() => expect(source.status()).toMatchObject({ pending: [], pendingCount: 0 }));
      await expectSame(both);
      expect(apps().has(id)).toBe(true);
      await until(() => expect(source.status().confirmedAt).toBeGreaterThan(confirmedAt!));
    });
  },
);

describe('one app whose GET fails', () => {
  it('is pending until it or a later list is fetched, and the others are followed', async () => {
    const both = await mirroring({ heartbeatMs: 30 }, { maxBackoffMs: 100, resyncMs: 600_000 });
    const { marathon, source, apps } = both;
    marathon.faults.answers({ kind: 'status', status: 500 }, { path: '/v2/apps/bad' });
    marathon.faults.answers({ kind: 'hang' }, { path: '/v2/apps?' });
    void marathon.deploy({ ...webApp, id: '/bad', instances: 1 });
    await until(() => expect(source.status().pending.map((one) => one.id)).toContain('/bad'));
    await marathon.deploy({ ...webApp, instances: 1 });
    await until(() => expect(apps().has(id)).toBe(true));
    marathon.faults.clear();
    await expectSame(both);
    await until(() => expect(source.status().pending).toEqual([]));
  });
});

it('the status shows the oldest of very many pending apps, and their number', async () => {
  const both = await mirroring({}, { requestTimeoutMs: 60_000, resyncMs: 600_000 });
  const { marathon, source } = both;
  marathon.faults.answers({ kind: 'hang' }, { path: '/v2/apps' });
  for (let i = 0; i < 40; i++) void marathon.deploy({ ...webApp, id: `/app-${i}`, instances: 0 });
  await until(() => expect(source.status().pendingCount).toBeGreaterThanOrEqual(40));
  const { pending } = source.status();
  expect(pending).toHaveLength(20);
  expect(pending).toEqual([...pending].sort((a, b) => a.since - b.since));
});
