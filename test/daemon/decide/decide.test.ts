/** The table of decisions: what is known, and what is done next. To be read as documentation of the control loop. */
import { describe, expect, test } from 'vitest';
import type { Desired } from '../../../src/core/desired/desired.ts';
import type { App } from '../../../src/core/model/model.ts';
import { decide } from '../../../src/daemon/decide/decide.ts';
import type { Step } from '../../../src/daemon/decide/step.ts';
import type { Searching } from '../../../src/daemon/decide/trial.ts';
import { anApp, aPort, aTask } from '../../support/apps.ts';
import {
  after,
  appliedOf,
  candidateOf,
  desiredOf,
  dueOf,
  hashOf,
  judgingOf,
  now,
  quiet,
  running,
  situationOf,
  skeletons,
  web,
  type Given,
} from '../pipeline/situation.ts';

const before = quiet;
const [service] = before.services.values();
const definition = service!.definition;
const other = hashOf(skeletons.two);
const otherCandidate = (desired: Desired = before) => candidateOf(desired, { hash: other });
const pending = new Set([web().id]);
const revision = { number: 7, hash8: 'abcdefgh', directory: '/none' };
/** Twenty servers, so that the floor of the guard is passed. */
const many = desiredOf(web(Array.from({ length: 20 }, (_, i) => i + 1)));
const none: Desired = { ...many, services: new Map(), conflicts: [] };

const searching = (parts: Partial<Searching> = {}): Searching => ({
  ...{ kind: 'searching', checks: 1, limit: 12, firstHash: other, all: [definition], cleared: new Set() },
  ...{ suspects: undefined, waiting: [], good: undefined, complaint: 'no', doubted: false, certain: false },
  culprit: undefined,
  ...parts,
});

/** What of a step a row of the table is about. */
function told(step: Step): unknown {
  switch (step.kind) {
    case 'follow':
      return { follow: step.changes.services.map(({ servers }) => servers.map(({ taskId }) => taskId)) };
    case 'wait':
      return { wait: step.until - now };
    case 'postpone':
      return { postpone: step.why.kind };
    case 'compare':
      return { compare: step.services.length, next: step.next };
    case 'change':
      return { change: step.services.length };
    case 'files':
      return { files: step.certificates ? 'maps and certificates' : 'maps' };
    case 'check':
      return { check: step.need };
    case 'reload':
      return { reload: step.plan.kind === 'reload' ? step.plan.reasons.map(({ code }) => code) : [] };
    case 'derive':
      return { derive: step.apps };
    case 'finish':
      return { finish: step.unfinished ? 'unfinished' : 'complete' };
    default:
      return step.kind;
  }
}

const table = (rows: readonly (readonly [string, Given, unknown])[]) =>
  test.each(rows)('%s', (_, given, expected) => {
    expect(told(decide(situationOf(given)))).toEqual(expected);
  });

describe('servers of apps that changed', () => {
  const grown = after(before, web([1, 2, 3]));
  const shrunk = after(before, web([2]));
  const state = { applied: appliedOf(before), pending };
  const relabelled = after(
    before,
    web([2, 3], { labels: { HAPROXY_GROUP: 'external', HAPROXY_0_BALANCE: 'leastconn' } }),
  );
  const gone: Desired = { ...before, apps: new Map(), services: new Map(), conflicts: [] };
  const id = (n: number) => aTask('/web', n).id;
  table([
    ['are added', { state: { ...state, desired: grown } }, { follow: [[id(1), id(2), id(3)]] }],
    ['are removed', { state: { ...state, desired: shrunk } }, { follow: [[id(2)]] }],
    [
      'are removed while a slow step is under way',
      {
        state: {
          ...state,
          desired: shrunk,
          round: { kind: 'busy', step: { kind: 'observe' }, round: undefined, since: now },
        },
      },
      { follow: [[id(2)]] },
    ],
    [
      'are removed while a reload waits for its budget',
      {
        state: { ...state, desired: shrunk, due: dueOf({ reload: true }), retryAt: now + 9999 },
        situation: { reloadWaitMs: 9999 },
      },
      { follow: [[id(2)]] },
    ],
    [
      'are removed while a change is withheld',
      {
        state: {
          ...state,
          desired: shrunk,
          withheld: {
            confirmable: true,
            servers: 1,
            apps: 1,
            of: { servers: 1, apps: 1 },
            since: now,
            cause: 'a test',
          },
        },
      },
      { follow: [[id(2)]] },
    ],
    [
      'are removed from the backend that HAProxy has, before a reload gives it new options',
      { state: { ...state, desired: relabelled } },
      { follow: [[id(2), id(3)]] },
    ],
    [
      'are removed if Marathon no longer lists them, even if the change could not be derived',
      { state: { ...state, desired: before, underived: pending }, mirror: [web([2])] },
      { follow: [[id(2)]] },
    ],
    [
      'are removed when their app is deleted',
      { state: { ...state, desired: gone }, mirror: [] },
      { follow: [[]] },
    ],
    [
      'of a service that may no longer serve stay, as long as Marathon lists them',
      {
        state: { ...state, desired: { ...gone, apps: before.apps, services: new Map() }, underived: pending },
      },
      { follow: [] },
    ],
    [
      'are not added beyond the file descriptors that are left',
      {
        state: {
          ...state,
          desired: after(desiredOf(checked([1, 2])), checked([2, 3, 4])),
          applied: appliedOf(desiredOf(checked([1, 2])), { descriptorsLeft: 0 }),
        },
      },
      { follow: [[id(2)]] },
    ],
    [
      'wait for a runtime socket that did not answer',
      { state: { ...state, desired: shrunk, runtimeRetryAt: now + 200 } },
      { wait: 200 },
    ],
    [
      'are not followed before anything was applied',
      { state: { ...state, desired: shrunk, applied: undefined } },
      'nothing',
    ],
    [
      'need a round like everything else if HAProxy cannot be asked',
      { state: { ...state, desired: shrunk, blind: true } },
      'nothing',
    ],
    [
      'without a task, but with sessions, are checked again in time',
      { state: { reapAt: now }, situation: { draining: new Set([definition.backend]) } },
      { follow: [[id(1), id(2)]] },
    ],
    [
      'without a task are left alone before that',
      { state: { reapAt: now + 400 }, situation: { draining: new Set([definition.backend]) } },
      { wait: 400 },
    ],
  ]);
});

describe('the loop while nothing is under way', () => {
  table([
    ['waits for the next sample', {}, { wait: 3000 }],
    ['samples HAProxy when it is time', { state: { sampleDueAt: now } }, 'sample'],
    [
      'does not sample a HAProxy that cannot be asked',
      { state: { sampleDueAt: now, blind: true } },
      'nothing',
    ],
    ['reads HAProxy and the machine for what is due', { state: { due: dueOf() } }, 'observe'],
    [
      'lets a change that needs a reload wait for others that do',
      { state: { due: dueOf({ since: now - 5 }) } },
      { wait: 15 },
    ],
    [
      'does not let a comparison of everything wait',
      { state: { due: dueOf({ since: now, everything: true }) } },
      'observe',
    ],
    [
      'waits for the next attempt after a failure',
      { state: { due: dueOf({ everything: true }), retryAt: now + 700 } },
      { wait: 700 },
    ],
    ['at that time it is made', { state: { due: dueOf({ everything: true }), retryAt: now } }, 'observe'],
    [
      'HAProxy is looked at even while a try is waited for',
      { state: { due: dueOf(), retryAt: now + 700, sampleDueAt: now } },
      'sample',
    ],
    ['writes the text on disk when it is time', { state: { textDueAt: now } }, 'publish'],
    ['lets the text on disk wait for more', { state: { textDueAt: now + 300 } }, { wait: 300 }],
    [
      'leaves the text of a HAProxy alone that was only adopted',
      { state: { textDueAt: now, applied: appliedOf(before, { adopted: new Map() }) } },
      { wait: 3000 },
    ],
    ['checks the reasons for rejections again in time', { state: { recheckAt: now } }, 'observe'],
    [
      'leaves the reasons for rejections alone before that',
      { state: { recheckAt: now + 100 } },
      { wait: 100 },
    ],
  ]);
});

describe('a sample of HAProxy', () => {
  const sampling = { kind: 'sampling', to: 200, maps: false } as const;
  table([
    [
      'compares the maps first, when it is their turn',
      { state: { round: { ...sampling, maps: true } } },
      { files: 'maps' },
    ],
    [
      'leaves the maps of a HAProxy that was only adopted, which may hold what is withheld',
      { state: { round: { ...sampling, maps: true }, applied: appliedOf(before, { adopted: new Map() }) } },
      { compare: 1, next: 1 },
    ],
    ['compares a share of the backends', { state: { round: sampling } }, { compare: 1, next: 1 }],
    ['ends after its share', { state: { round: { ...sampling, to: 0 } } }, 'sampled'],
    ['ends as soon as a round may begin', { state: { round: sampling, due: dueOf() } }, 'sampled'],
    [
      'continues while what is due has to wait',
      { state: { round: sampling, due: dueOf(), retryAt: now + 700 } },
      { compare: 1, next: 1 },
    ],
    ['ends after the last backend', { state: { round: sampling, sampleFrom: 1 } }, 'sampled'],
    [
      'has nothing to compare before anything was applied',
      { state: { round: sampling, applied: undefined } },
      'sampled',
    ],
  ]);
});

describe('a round while HAProxy runs the same skeleton', () => {
  const changed = after(before, web([1, 2, 3]));
  table([
    [
      'changes the backends that differ',
      { state: { round: judgingOf(changed), desired: changed, applied: appliedOf(before) } },
      { change: 1 },
    ],
    [
      'compares all of them if that is requested',
      { state: { round: judgingOf(before, { comparison: { kind: 'all', next: 0 } }) } },
      { compare: 1, next: 1 },
    ],
    [
      'compares maps and certificates after servers',
      { state: { round: judgingOf(before, { comparison: { kind: 'servers' } }) } },
      { files: 'maps and certificates' },
    ],
    [
      'is complete after maps and certificates',
      { state: { round: judgingOf(before, { comparison: { kind: 'equal' } }) } },
      { finish: 'complete' },
    ],
    [
      'reloads what cannot be done at runtime, once HAProxy has accepted it',
      { state: { round: judgingOf(before, { comparison: { kind: 'impossible', reason: 'static-rr' } }) } },
      { check: 'needed' },
    ],
    [
      'goes on comparing once it has begun, however few file descriptors are left',
      {
        state: {
          desired: many,
          round: judgingOf(many, {
            observed: { ...judgingOf(many).observed, descriptors: 10 },
            comparison: { kind: 'all', next: 200 },
          }),
        },
      },
      { compare: 0, next: 200 },
    ],
    [
      'reloads what needs more file descriptors than HAProxy has reserved',
      {
        state: {
          desired: many,
          round: judgingOf(many, {
            observed: { ...judgingOf(many).observed, descriptors: 10 },
          }),
        },
      },
      { check: 'needed' },
    ],
    [
      'does not reload for file descriptors that HAProxy was reloaded with',
      {
        state: {
          desired: many,
          applied: appliedOf(many),
          loadedDescriptors: 1000,
          round: judgingOf(many, { observed: { ...judgingOf(many).observed, descriptors: 10 } }),
        },
      },
      { change: 0 },
    ],
    [
      'begins again if more than servers has changed meanwhile',
      {
        state: {
          round: judgingOf(before, { comparison: { kind: 'equal' } }),
          desired: { ...before, conflicts: [] },
        },
      },
      { postpone: 'outdated' },
    ],
    [
      'is complete without asking HAProxy if the text is the same',
      {
        state: {
          blind: true,
          round: judgingOf(before, { observed: { ...judgingOf(before).observed, haproxy: 'blind' } }),
        },
      },
      { finish: 'complete' },
    ],
    [
      'reloads without asking HAProxy if the text differs',
      {
        state: {
          blind: true,
          round: judgingOf(before, { observed: { ...judgingOf(before).observed, haproxy: 'blind' } }),
        },
        situation: { diskHash: other },
      },
      { check: 'needed' },
    ],
    [
      'reloads if that is requested',
      { state: { round: judgingOf(before, { due: dueOf({ reload: true }) }) } },
      { check: 'needed' },
    ],
    [
      'derives apps again that were lost',
      { state: { round: judgingOf(before) }, situation: { missing: () => [web().id] } },
      { derive: ['/web'] },
    ],
  ]);
});

describe('a round while HAProxy runs another skeleton', () => {
  const round = (parts: Parameters<typeof judgingOf>[1] = {}) => ({
    state: { round: judgingOf(before, parts) },
  });
  const good = { candidate: otherCandidate(), revision, unfinished: false };
  const candidate = otherCandidate();
  const fresh = candidateOf(before, { hash: other, fresh: [definition] });
  table([
    ['asks HAProxy first', { ...round(), candidate }, { check: 'needed' }],
    [
      'waits for its budget before a check',
      { ...round(), candidate, situation: { reloadWaitMs: 500 } },
      { postpone: 'budget' },
    ],
    [
      'waits for no budget once HAProxy has been asked',
      { ...round({ trial: { kind: 'accepted', good } }), candidate, situation: { reloadWaitMs: 500 } },
      { reload: ['skeleton-changed'] },
    ],
    [
      'waits for no budget where nothing serves',
      {
        ...round({ observed: { ...judgingOf(before).observed, haproxy: 'absent' } }),
        candidate,
        situation: { reloadWaitMs: 500 },
      },
      { check: 'needed' },
    ],
    [
      'reloads what HAProxy has accepted',
      { ...round({ trial: { kind: 'accepted', good } }), candidate },
      { reload: ['skeleton-changed'] },
    ],
    [
      'reports that HAProxy runs a configuration Pacer did not give it',
      {
        ...round({
          trial: { kind: 'accepted', good },
          observed: { ...judgingOf(before).observed, haproxy: running({ hash: undefined }) },
        }),
        candidate,
      },
      { reload: ['haproxy-differs'] },
    ],
    [
      'reports that a reload was requested',
      { ...round({ trial: { kind: 'accepted', good }, due: dueOf({ reload: true }) }), candidate },
      { reload: ['requested'] },
    ],
    [
      'gives up for a while what HAProxy refuses and is no service’s',
      { ...round({ trial: { kind: 'refused', messages: [] } }), candidate },
      { postpone: 'refused' },
    ],
    [
      'continues to search for the culprit',
      { ...round({ trial: searching() }), candidate: fresh },
      { check: 'needed' },
    ],
    [
      'rejects the culprit before it continues',
      { ...round({ trial: searching({ culprit: definition }) }), candidate },
      'reject',
    ],
    [
      'applies what was accepted if everything new was refused',
      { ...round({ trial: searching({ good: { candidate, revision } }) }), candidate },
      { reload: ['skeleton-changed'] },
    ],
    [
      'does not check a text that HAProxy runs already',
      { ...round({ trial: searching() }), candidate: candidateOf(before, { fresh: [definition] }) },
      { check: 'runs already' },
    ],
    [
      'checks even that text if HAProxy refuses something without naming a service',
      {
        ...round({ trial: searching({ doubted: true }) }),
        candidate: candidateOf(before, { fresh: [definition] }),
      },
      { check: 'doubted' },
    ],
    [
      'does not ask about that where something else was accepted meanwhile',
      {
        ...round({
          trial: searching({ doubted: true, good: { candidate: otherCandidate(), revision } }),
        }),
        candidate: candidateOf(before, { fresh: [definition] }),
      },
      { check: 'runs already' },
    ],
    [
      'asks about the text that was refused first, whatever HAProxy runs',
      {
        ...round({ trial: searching({ firstHash: hashOf(skeletons.one) }) }),
        candidate: candidateOf(before, { fresh: [definition] }),
      },
      { check: 'needed' },
    ],
    [
      'is complete, except for the search, if HAProxy runs the rest already',
      {
        ...round({
          comparison: { kind: 'equal' },
          trial: searching({
            waiting: [definition],
            good: { candidate: candidateOf(before), revision: undefined },
          }),
        }),
        candidate: candidateOf(before),
      },
      { finish: 'unfinished' },
    ],
    [
      'reloads by force what seemed to run already and cannot be done at runtime',
      {
        ...round({
          comparison: { kind: 'impossible', reason: 'static-rr' },
          trial: searching({ good: { candidate: candidateOf(before), revision: undefined } }),
        }),
        candidate: candidateOf(before),
      },
      { postpone: 'impossible' },
    ],
  ]);
});

describe('a change that would remove more than is allowed', () => {
  const state = { desired: none, applied: appliedOf(many), round: judgingOf(none) };
  const mirror = [...many.apps.values()].map(({ app }) => app);
  const withheld = {
    servers: 20,
    apps: 1,
    of: { servers: 20, apps: 1 },
    since: now - 40_000,
    cause: 'a test',
    confirmable: true,
  };
  const given = { mirror, candidate: candidateOf(none) };
  const rejection = {
    code: 'PORT_HELD',
    severity: 'error',
    appId: mirror[0]!.id,
    portIndex: 0,
    reason: 'another process listens on it',
    remedy: 'end it',
  } as const;
  const rejected = {
    ...none,
    rejected: new Map([...many.services.keys()].map((it) => [it, { diagnostic: rejection }])),
  };
  table([
    ['is withheld if it needs no reload', { ...given, state }, { postpone: 'withheld' }],
    [
      'is withheld in a reload as well',
      { ...given, state, candidate: otherCandidate(none) },
      { postpone: 'withheld' },
    ],
    [
      'is withheld, however small it is, if nothing would be left',
      {
        state: {
          ...state,
          desired: { ...before, services: new Map(), conflicts: [] },
          applied: appliedOf(before),
        },
        mirror: [web([1, 2])],
        candidate: candidateOf({ ...before, services: new Map() }),
      },
      { postpone: 'withheld' },
    ],
    [
      'is applied once an operator approves it',
      { ...given, state: { ...state, approved: withheld } },
      { change: 0 },
    ],
    [
      'is withheld if it removes more than the operator approved',
      { ...given, state: { ...state, approved: { ...withheld, servers: 19 } } },
      { postpone: 'withheld' },
    ],
    [
      'is withheld where it takes more apps than the operator agreed to',
      { ...given, state: { ...state, approved: { ...withheld, apps: 0 } } },
      { postpone: 'withheld' },
    ],
    [
      'is not confirmed by Marathon where services are rejected, of which Marathon knows nothing',
      { mirror, candidate: candidateOf(rejected), state: { ...state, withheld } },
      { postpone: 'withheld' },
    ],
    [
      'is applied for rejected services once an operator approves it',
      { mirror, candidate: candidateOf(rejected), state: { ...state, withheld, approved: withheld } },
      { change: 0 },
    ],
    [
      'is applied once Marathon has confirmed it after a pause',
      { ...given, state: { ...state, withheld } },
      { change: 0 },
    ],
    [
      'is not applied by the pause alone',
      { ...given, state: { ...state, withheld }, situation: { confirmedAt: now - 35_000 } },
      { postpone: 'withheld' },
    ],
    [
      'is not applied while a cluster has never answered',
      { ...given, state: { ...state, withheld }, situation: { confirmedAt: undefined } },
      { postpone: 'withheld' },
    ],
    [
      'is not applied before the pause is over',
      { ...given, state: { ...state, withheld: { ...withheld, since: now - 1000 } } },
      { postpone: 'withheld' },
    ],
    [
      'is not one that removes tasks Marathon no longer lists',
      { ...given, state, mirror: [] },
      { change: 0 },
    ],
    [
      'is not one that happens while nothing serves',
      {
        ...given,
        state: {
          ...state,
          round: judgingOf(none, { observed: { ...judgingOf(none).observed, haproxy: 'absent' } }),
        },
      },
      { check: 'needed' },
    ],
    [
      'is withheld after a start, however small, while a cluster has not answered',
      {
        ...{ mirror: [], candidate: candidateOf(none) },
        state: {
          ...state,
          applied: appliedOf(none, {
            adopted: new Map([
              [definition.backend, 1],
              ['other' as never, 9],
            ]),
          }),
        },
        situation: { unheard: ['east'], limits: { ...situationOf().limits, maxShare: 1 } },
      },
      { postpone: 'withheld' },
    ],
    [
      'is applied after a start where it is small, and every cluster has been heard of',
      {
        ...{ mirror, candidate: candidateOf(many) },
        state: {
          ...{ desired: many, round: judgingOf(many) },
          applied: appliedOf(many, {
            adopted: new Map([
              [definition.backend, 20],
              ['other' as never, 1],
            ]),
          }),
        },
        situation: { unheard: [] },
      },
      { change: 0 },
    ],
    [
      'is withheld after a start too, by what HAProxy serves',
      {
        ...given,
        mirror: [],
        state: { ...state, applied: appliedOf(none, { adopted: new Map([[definition.backend, 20]]) }) },
      },
      { postpone: 'withheld' },
    ],
    [
      'is not one that leaves most of it',
      {
        state: { desired: many, applied: appliedOf(many), round: judgingOf(many) },
        mirror,
        candidate: candidateOf({
          ...many,
          services: new Map([
            [definition.backend, { definition, servers: [...many.services.values()][0]!.servers.slice(4) }],
          ]),
        }),
      },
      { change: 1 },
    ],
  ]);
});

function checked(tasks: readonly number[]): App {
  return anApp('/web', {
    ports: [aPort(10_000)],
    tasks: tasks.map((n) => aTask('/web', n)),
    healthChecks: [
      {
        ...{ protocol: 'TCP', portIndex: 0, gracePeriodSeconds: 1, intervalSeconds: 1, timeoutSeconds: 1 },
        maxConsecutiveFailures: 3,
      },
    ] as never,
  });
}
