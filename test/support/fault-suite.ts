/** Each thing that goes wrong with Marathon, under traffic: nothing that did not change may fail, and all of it converges. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AnswerFault } from '../../src/simulator/faults/faults.ts';
import type { MarathonVersion, Simulator } from '../../src/simulator/simulator.ts';
import { startFaultWorld, type FaultWorld } from './fault-world.ts';

interface Fault {
  readonly name: string;
  /** What it returns ends the fault. Marathon changes in between. */
  readonly begin: (world: FaultWorld) => unknown;
  /** Marathon's versions behave differently in it. */
  readonly byVersion?: true;
  /** What Pacer logs once it has met the fault; undefined where it need not notice. */
  readonly noticed?: RegExp;
}

/** Every answer and every new stream, with the streams cut so that there is something to ask. */
const answers = (name: string, noticed: RegExp, fault: AnswerFault, path = '/v2/'): Fault => ({
  name,
  noticed,
  begin: ({ marathon: { faults } }) => {
    faults.answers(fault, { path });
    faults.cutStreams();
    return () => faults.clear();
  },
});

/** The next events, which Pacer need not notice. */
function spoiledEvents(name: string, spoil: (marathon: Simulator) => void): Fault {
  return {
    name,
    begin: ({ marathon }) => {
      spoil(marathon);
      return () => marathon.faults.clear();
    },
  };
}

const faults: readonly Fault[] = [
  {
    name: 'the stream is stalled',
    noticed: /no byte for 1 s/,
    begin: ({ marathon }) => {
      marathon.faults.stallStreams();
      return () => marathon.faults.resumeStreams();
    },
  },
  {
    name: 'the stream is half-open',
    noticed: /no byte for 1 s/,
    begin: ({ marathon }) => marathon.faults.halfOpenStreams(),
  },
  {
    name: 'the stream is cut in the middle of a frame',
    noticed: /the event stream of Marathon is down/,
    begin: ({ marathon }) => marathon.faults.cutStreams({ midFrame: true }),
  },
  {
    name: 'a frame is garbage',
    noticed: /an event of Marathon cannot be read/,
    begin: ({ marathon }) => marathon.faults.garbageFrame(),
  },
  {
    name: 'events have ten megabytes',
    byVersion: true,
    begin: ({ marathon }) => {
      marathon.faults.bigEvent(10 << 20);
      marathon.faults.bigPlan(10 << 20);
    },
  },
  {
    name: 'an event never ends',
    noticed: /an event is larger than 64 MiB/,
    begin: ({ marathon }) => marathon.faults.endlessEvent(),
  },
  spoiledEvents('events change places', (marathon) => marathon.faults.reorderEvents(20)),
  spoiledEvents('events come twice', (marathon) => marathon.faults.duplicateEvents(20)),
  spoiledEvents('events are lost without a word', (marathon) => marathon.faults.dropEvents(20)),
  {
    name: 'the leader changes and has forgotten all health',
    byVersion: true,
    noticed: /the event stream of Marathon is attached/,
    begin: ({ marathon }) => marathon.failover({ loseHealth: true }),
  },
  {
    name: 'standbys send the stream in a circle',
    byVersion: true,
    noticed: /in a circle|answers 502/,
    begin: ({ marathon, standbys: [first, second] }) => {
      second.setLeader(first.url);
      marathon.faults.redirectStreams(first.url);
      marathon.faults.cutStreams();
      return () => {
        second.setLeader(marathon.url);
        marathon.faults.clear();
      };
    },
  },
  {
    name: 'there is an election: 502',
    byVersion: true,
    noticed: /answers 502/,
    begin: ({ marathon, standbys }) => {
      for (const standby of standbys) standby.setLeader(undefined);
      marathon.faults.answers({ kind: 'status', status: 502 });
      marathon.faults.cutStreams();
      return () => {
        marathon.faults.clear();
        standbys[0].setLeader(standbys[1].url);
        standbys[1].setLeader(marathon.url);
      };
    },
  },
  {
    name: 'streams are closed at once while there is no leader',
    byVersion: true,
    noticed: /there is no leader yet/,
    begin: ({ marathon }) => {
      marathon.faults.closeNewStreams(3);
      marathon.faults.cutStreams();
    },
  },
  answers('answers are cut off', /cut off/, { kind: 'truncated' }),
  answers('answers are broken gzip', /gzip body is corrupt/, { kind: 'corrupt-gzip' }),
  answers('answers are no JSON', /not JSON/, { kind: 'garbage' }),
  answers('the list of apps is empty', /Marathon dropped/, { kind: 'empty-apps' }, '/v2/apps'),
  answers('the credentials are refused for a while', /refuses the credentials/, { kind: 'unauthorized' }),
  answers('answers come too late', /timeout/i, { kind: 'slow', ms: 2_000 }),
  answers('answers never come', /timeout/i, { kind: 'hang' }),
  {
    name: 'the stream lives, and no app can be fetched',
    begin: ({ marathon }) => {
      marathon.faults.answers({ kind: 'status', status: 500 }, { path: '/v2/apps' });
      return () => marathon.faults.clear();
    },
  },
  {
    name: 'Marathon refuses connections',
    noticed: /ECONNREFUSED.*ECONNREFUSED/s,
    begin: async ({ marathon }) => {
      await marathon.stop();
      return () => marathon.resume();
    },
  },
  {
    name: "the leader's name is gone, and no standby knows a leader",
    // The addresses that are known are tried on; that none of them answers is what shows.
    noticed: /ECONNRESET/,
    begin: async ({ marathon, standbys, setNameKnown }) => {
      await setNameKnown(false);
      for (const standby of standbys) standby.setLeader(undefined);
      marathon.faults.answers({ kind: 'reset' });
      marathon.faults.cutStreams();
      return async () => {
        marathon.faults.clear();
        await setNameKnown(true);
        standbys[0].setLeader(standbys[1].url);
        standbys[1].setLeader(marathon.url);
      };
    },
  },
  {
    name: 'the clock jumps an hour ahead',
    begin: ({ moveClock }) => moveClock(3_600_000),
  },
  {
    name: 'the clock jumps two hours back, and the stream is cut',
    noticed: /the event stream of Marathon is down/,
    begin: async ({ marathon, moveClock }) => {
      await moveClock(-3_600_000);
      marathon.faults.cutStreams();
      return () => moveClock(0);
    },
  },
];

export function faultSuite(version: MarathonVersion, which: 'all' | 'version-dependent'): void {
  const chosen = faults.filter(({ byVersion }) => which === 'all' || byVersion === true);
  describe(`Marathon ${version}: nothing that did not change fails, and all converges, although`, () => {
    let world: FaultWorld;
    beforeAll(async () => {
      world = await startFaultWorld(version);
    });
    afterAll(() => world.close());

    test.each(chosen.map((fault) => [fault.name, fault] as const))('%s', async (_, { begin, noticed }) => {
      const { stack } = world;
      const before = (await stack.log()).length;
      const end = await begin(world);
      try {
        if (noticed !== undefined)
          await stack.until('it is noticed', async () => noticed.test((await stack.log()).slice(before)));
        await world.change();
      } finally {
        if (typeof end === 'function') await (end as () => unknown)();
      }
      await world.converged();
      expect(world.failures()).toEqual({});
    });
  });
}
