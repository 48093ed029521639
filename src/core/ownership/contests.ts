/** Claims, entered one by one: which service has each, and which others claim it too. */
import type { Precedence } from './precedence.ts';
import type { ServiceDefinition } from '../model/service.ts';

/** A claim of several services. */
export interface Contest {
  readonly claim: string;
  readonly claimants: readonly ServiceDefinition[];
  readonly rank: Rank;
}

/** An order that counts before any other: below 0 if `a` comes first. */
export type Rank = (a: ServiceDefinition, b: ServiceDefinition) => number;

const equal: Rank = () => 0;

/** All claims entered so far. */
export interface Contests {
  readonly enter: (claim: string, definition: ServiceDefinition, rank?: Rank) => void;
  readonly winners: ReadonlyMap<string, ServiceDefinition>;
  /** The claims of several services. */
  readonly contested: () => readonly Contest[];
  /** For each service, the claims that another one has, in the order in which they were entered. */
  readonly losses: () => ReadonlyMap<ServiceDefinition, readonly string[]>;
}

/** @param order who has a claim if ranks are equal */
export function createContests(order: Precedence): Contests {
  const winners = new Map<string, ServiceDefinition>();
  const contested = new Map<string, { claimants: ServiceDefinition[]; rank: Rank }>();
  return {
    winners,
    enter: (claim, definition, rank = equal) => {
      const first = winners.get(claim);
      if (first === definition) return;
      if (first === undefined) {
        winners.set(claim, definition);
        return;
      }
      const claimants = contested.get(claim)?.claimants ?? [first];
      if (!claimants.includes(definition)) claimants.push(definition);
      contested.set(claim, { claimants, rank });
      if ((rank(definition, first) || order.compare(definition, first, () => claim)) < 0)
        winners.set(claim, definition);
    },
    contested: () => [...contested].map(([claim, it]) => ({ claim, ...it })),
    losses: () => {
      const losses = new Map<ServiceDefinition, string[]>();
      for (const [claim, { claimants }] of contested) {
        for (const definition of claimants) {
          if (winners.get(claim) === definition) continue;
          const lost = losses.get(definition);
          if (lost === undefined) losses.set(definition, [claim]);
          else lost.push(claim);
        }
      }
      return losses;
    },
  };
}
