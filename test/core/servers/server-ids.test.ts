import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { deriveServers } from '../../../src/core/servers/servers.ts';
import { serverIds } from '../../../src/core/servers/server-ids.ts';
import { anApp, aTask } from '../../support/apps.ts';
import { aContext, digests } from '../../support/context.ts';

const idsOf = (names: readonly string[]) => names.map(serverIds(digests));
const namesTo = (count: number) => Array.from({ length: count }, (_, n) => `10_${n >> 8}_${n & 255}_31000`);

/** As marathon-lb has it, word for word of the contract, with big integers. */
function idsOfMarathonLb(names: readonly string[]): number[] {
  const taken = new Set([0]);
  return names.map((name) => {
    for (let text = name; ;) {
      const digest = digests.sha256(text);
      const id = Number(BigInt(`0x${digest}`) % 32767n);
      if (!taken.has(id)) {
        taken.add(id);
        return id;
      }
      text = `${text} ${digest}`;
    }
  });
}

describe('the ids of servers', () => {
  test.each([
    ['10_0_6_25_23336', 14676],
    ['agent1_1_1_1_1_1024', 28363],
    ['agent1_192_0_2_1_1234', 15582],
  ])('are those that tools of marathon-lb expect: %s', (name, id) => {
    expect(idsOf([name])).toEqual([id]);
  });

  test('are those of marathon-lb for any names, twice the same one too', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 12 }), { maxLength: 60 }), (names) => {
        expect(idsOf(names)).toEqual(idsOfMarathonLb(names));
      }),
    );
  });

  test('are those of marathon-lb up to 32,000 servers', () => {
    const names = namesTo(32_000);
    expect(idsOf(names)).toEqual(idsOfMarathonLb(names));
  });

  test('are different ones, and such as HAProxy takes, for more servers than marathon-lb has ids', () => {
    const ids = idsOf(namesTo(70_000));
    expect(new Set(ids).size).toBe(70_000);
    expect(Math.max(...ids.slice(0, 32_000))).toBeLessThan(32_767);
    for (const id of ids.slice(32_000)) expect(id >= 32_767 && id < 2 ** 31).toBe(true);
  });

  test('are the same on every node', () => {
    const names = namesTo(40_000);
    expect(idsOf(names)).toEqual(idsOf(names));
  });

  test('take a bounded number of digests, whatever the number of servers', () => {
    let digested = 0;
    const sha256 = (text: string) => {
      digested += 1;
      return digests.sha256(text);
    };
    namesTo(100_000).forEach(serverIds({ sha256 }));
    // 32,000 of 32,767 ids by chance: 32,767 x ln(32,767 / 767) = 123,000 tries; then one each.
    expect(digested).toBeLessThan(200_000);
  });
});

test('a service with 40,000 tasks has 40,000 servers', () => {
  const tasks = Array.from({ length: 40_000 }, (_, n) =>
    aTask('/web', n, { host: `10.0.${n >> 8}.${n & 255}`, ports: [31_000] }),
  );
  const { servers } = deriveServers(
    [anApp('/web', { tasks })],
    { portIndex: 0, check: undefined },
    aContext(),
  );
  expect(new Set(servers.map(({ id }) => id)).size).toBe(40_000);
});
