/** When a node is ready, degraded, or not ready, and what it says of it. */
import { describe, expect, test } from 'vitest';
import { asAppId } from '../../../src/core/model/ids.ts';
import { nothingDesired } from '../../../src/core/desired/desired.ts';
import { verdictOf, type HealthFacts } from '../../../src/daemon/health/verdict.ts';
import { running } from '../pipeline/situation.ts';

const now = 1_000_000;
const withheld = {
  servers: 9,
  apps: 2,
  of: { servers: 10, apps: 3 },
  since: now,
  cause: 'PORT_HELD (2)',
  confirmable: false,
};

interface Given {
  readonly marathon?: Partial<HealthFacts['marathon']>;
  readonly pipeline?: Partial<HealthFacts['pipeline']>;
  readonly probe?: Partial<HealthFacts['probe']>;
  readonly reported?: readonly string[];
}

const verdict = ({ marathon, pipeline, probe, reported = [] }: Given) =>
  verdictOf({
    marathon: { confirmedAt: now - 1000, pending: [], pendingCount: 0, ...marathon },
    pipeline: {
      ...{ desired: nothingDesired, unpinned: nothingDesired, desiredHash: undefined, running: running() },
      ...{ blind: false, inSync: true, outOfSyncSince: undefined, diagnostics: [], waitingFor: [] },
      ...{ slowStep: undefined, runtimeCommands: 0, socketFault: undefined, withheld: undefined },
      ...{ failure: undefined, spares: undefined },
      ...pipeline,
    },
    probe: { answeredAt: now - 500, failure: undefined, failingSince: undefined, ...probe },
    ...{ maxConfirmationAgeSeconds: 120, reported, now },
  });

describe('a node', () => {
  test('is ready while HAProxy is up to date, answers, and Marathon confirms', () => {
    expect(verdict({})).toEqual({ state: 'ready', why: [], concerns: [] });
  });

  test.each<[string, Given, RegExp]>([
    ['before the first snapshot', { marathon: { confirmedAt: undefined as never } }, /complete snapshot/],
    [
      'once Marathon has confirmed nothing for too long',
      { marathon: { confirmedAt: now - 121_000 } },
      /confirmed nothing for 121 s/,
    ],
    [
      'while HAProxy answers no request on its own listener',
      { probe: { failingSince: now - 4000, failure: 'no answer' } },
      /answered no request .* for 4 s \(no answer\)/,
    ],
    [
      'while HAProxy does not say what it runs',
      { pipeline: { running: undefined } },
      /HAProxy does not answer/,
    ],
    [
      'while something fails',
      { pipeline: { failure: { stage: 'reload', message: 'no', at: '' } } },
      /reload fails: no/,
    ],
    [
      'before anything was applied',
      { pipeline: { outOfSyncSince: 0 } },
      /first snapshot has not been applied/,
    ],
    ['before anything was derived', { pipeline: { desired: undefined } }, /no snapshot has been applied/],
    [
      'while servers have not been brought to HAProxy for a while, naming the apps',
      { pipeline: { outOfSyncSince: now - 6000, waitingFor: ['/a', '/b', '/c', '/d'].map(asAppId) } },
      /not been up to date for 6 s: \/a, \/b, \/c and 1 more/,
    ],
    [
      'while a step has not ended in its time',
      { pipeline: { slowStep: { kind: 'reload', since: now - 91_000 } } },
      /"reload" has taken 91 s/,
    ],
  ])('is not ready %s', (_, given, why) => {
    const { state, why: reasons } = verdict(given);
    expect(state).toBe('not ready');
    expect(reasons.join()).toMatch(why);
  });

  test.each<[string, Given]>([
    [
      'a reload that is under way',
      { pipeline: { outOfSyncSince: now - 1000, slowStep: { kind: 'reload', since: now - 900 } } },
    ],
    ['one request without an answer', { probe: { failingSince: now - 1000, failure: 'no answer' } }],
    [
      'a listener that was never reached: it may be in a network of its own',
      { probe: { answeredAt: undefined, failingSince: now - 60_000, failure: 'refused' } },
    ],
    ['a HAProxy that cannot be asked', { pipeline: { running: undefined, blind: true } }],
    [
      'a fetch that is under way',
      { marathon: { pending: [{ kind: 'app', id: '/a', since: now - 1000 }], pendingCount: 1 } },
    ],
  ])('stays ready in spite of %s', (_, given) => {
    expect(verdict(given).state).toBe('ready');
  });

  test.each<[string, Given, RegExp]>([
    [
      'while Marathon does not say what it announced, naming the app',
      {
        marathon: {
          pending: [{ kind: 'app', id: '/shop/web', since: now - 16_000, lastError: '500' }],
          pendingCount: 3,
        },
      },
      /change of \/shop\/web and 2 more 16 s ago, .*\(500\)/,
    ],
    [
      'while a change is withheld, with the command that applies it',
      { pipeline: { withheld, outOfSyncSince: now - 60_000 } },
      /9 of 10 servers .*PORT_HELD \(2\).*pacer approve/,
    ],
    [
      'while commands go through the master alone',
      { pipeline: { socketFault: 'gone' } },
      /only through its master socket: gone/,
    ],
    [
      'while a part of the daemon wants something to be acted on',
      { reported: ['mend a.pem'] },
      /mend a\.pem/,
    ],
  ])('is degraded %s', (_, given, concern) => {
    const { state, why, concerns } = verdict(given);
    expect({ state, why }).toEqual({ state: 'degraded', why: [] });
    expect(concerns.join()).toMatch(concern);
  });
});
