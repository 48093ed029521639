/** What the machine has against services: a port that is taken, a file that is missing, too few file descriptors. */
import type { Diagnostic } from '../../core/model/diagnostic.ts';
import type { TaskId } from '../../core/model/ids.ts';

/** The port of an app, whatever it is called in HAProxy → what is wrong with it. */
export type Facts = ReadonlyMap<string, Fact>;

/** Something against a service. `only`: against all of its servers but those of these tasks. */
export interface Finding {
  readonly diagnostic: Diagnostic;
  readonly only?: ReadonlySet<TaskId>;
}

export interface Fact extends Finding {
  /** The version that served before cannot serve either. */
  readonly leftOut: boolean;
}

export const noFacts: Facts = new Map();

export const placeOf = ({ appId, portIndex }: Pick<Diagnostic, 'appId' | 'portIndex'>): string =>
  `${appId} ${portIndex ?? ''}`;

export function factsOf(found: Iterable<Finding>): Facts {
  return new Map([...found].map((finding) => [placeOf(finding.diagnostic), { ...finding, leftOut: false }]));
}

/** Takes what was found beside: where that is about a version that serves on instead, it does not. */
export function withMoreFacts(facts: Facts, found: Iterable<Finding>): Facts {
  const more = new Map(facts);
  for (const finding of found) {
    const place = placeOf(finding.diagnostic);
    more.set(place, { diagnostic: facts.get(place)?.diagnostic ?? finding.diagnostic, leftOut: true });
  }
  return more;
}
