/** What the machine has against services: a port that is taken, a file that is missing, too few file descriptors. */
import type { Diagnostic } from '../../core/model/diagnostic.ts';
import type { TaskId } from '../../core/model/ids.ts';

/** A port of an app, independent of its backend's name → what is wrong with it. */
export type Facts = ReadonlyMap<string, Fact>;

/** A fault of a service. `only`: the fault concerns all its servers except those of these tasks. */
export interface Finding {
  readonly diagnostic: Diagnostic;
  readonly only?: ReadonlySet<TaskId>;
}

/** A finding, and whether it also concerns the previous version. */
export interface Fact extends Finding {
  /** The previous version cannot serve either. */
  readonly leftOut: boolean;
}

/** No faults at all. */
export const noFacts: Facts = new Map();

/** The key of a `Facts` map: app id and port index. */
export const placeOf = ({ appId, portIndex }: Pick<Diagnostic, 'appId' | 'portIndex'>): string =>
  `${appId} ${portIndex ?? ''}`;

/** Makes facts of findings about present versions. */
export function factsOf(found: Iterable<Finding>): Facts {
  return new Map([...found].map((finding) => [placeOf(finding.diagnostic), { ...finding, leftOut: false }]));
}

/** Adds findings about previous versions that would serve instead: a version with a finding cannot serve. */
export function withMoreFacts(facts: Facts, found: Iterable<Finding>): Facts {
  const more = new Map(facts);
  for (const finding of found) {
    const place = placeOf(finding.diagnostic);
    more.set(place, { diagnostic: facts.get(place)?.diagnostic ?? finding.diagnostic, leftOut: true });
  }
  return more;
}
