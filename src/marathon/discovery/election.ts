/** Who leads, from what Marathons leave in ZooKeeper. Pure; it must not know how it is read. */

/** A child of an election's node. */
export interface Member {
  readonly name: string;
  /** `host:port` */
  readonly data: string;
}

/** Below Marathon's own path, the newer layout first. */
export const electionPaths = ['leader-curator', 'leader'] as const;

/**
 * `host:port` of the members in the order of their turn: the first leads.
 * [marathon] core/election: Curator's latch `_c_<uuid>-latch-<sequence>`; up to 1.4 `member_<sequence>`, where
 * `member_-00000000` stands for the leader of the latch
 */
export function byTurn(members: readonly Member[]): string[] {
  const turns = members.flatMap(({ name, data }) => {
    const sequence = /(?:-latch-|^member_)(-?\d+)$/.exec(name)?.[1];
    const host = /^[^\s/@]+:\d{1,5}$/.exec(data.trim())?.[0];
    return sequence === undefined || host === undefined ? [] : [{ turn: turnOf(sequence), host }];
  });
  return [...new Set(turns.sort((a, b) => a.turn - b.turn).map(({ host }) => host))];
}

/** [marathon] `-00000000` comes before every number. */
const turnOf = (sequence: string): number => (sequence.startsWith('-') ? -1 : Number(sequence));
