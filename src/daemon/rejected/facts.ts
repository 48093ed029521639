/** What the machine has against services: a port that is taken, a file that is missing, too few file descriptors. */
import type { Diagnostic } from '../../core/diagnostic.ts';

/** The port of an app, whatever it is called in HAProxy → what is wrong with it. */
export type Facts = ReadonlyMap<string, Fact>;

export interface Fact {
  readonly diagnostic: Diagnostic;
  /** The version that served before cannot serve either. */
  readonly leftOut: boolean;
}

export const noFacts: Facts = new Map();

export const placeOf = ({ appId, portIndex }: Pick<Diagnostic, 'appId' | 'portIndex'>): string =>
  `${appId} ${portIndex ?? ''}`;

export function factsOf(found: Iterable<Diagnostic>): Facts {
  return new Map([...found].map((diagnostic) => [placeOf(diagnostic), { diagnostic, leftOut: false }]));
}

/** Takes what was found beside: where that is about a version that serves on instead, it does not. */
export function withMoreFacts(facts: Facts, found: Iterable<Diagnostic>): Facts {
  const more = new Map(facts);
  for (const diagnostic of found) {
    const place = placeOf(diagnostic);
    more.set(place, { diagnostic: facts.get(place)?.diagnostic ?? diagnostic, leftOut: true });
  }
  return more;
}
