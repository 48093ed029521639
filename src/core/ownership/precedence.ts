/** Decides which of two services has what both claim: the one that served it before, or else the older one. */
import type { AppServices } from '../services/app-services.ts';
import { ageOf, byTime, type Owners } from '../services/claims.ts';
import { byCodePoint, type AppId } from '../model/ids.ts';
import type { ServiceDefinition } from '../model/service.ts';

/** The order of services. */
export interface Precedence {
  /** Below 0 if `a` comes first. */
  readonly compare: (
    a: ServiceDefinition,
    b: ServiceDefinition,
    claimOf: (definition: ServiceDefinition) => string,
  ) => number;
  /** Whether the service had this claim before. */
  readonly owns: (definition: ServiceDefinition, claim: string) => boolean;
  /** Its app, and those that share its deployment group. */
  readonly partiesOf: (definition: ServiceDefinition) => readonly AppId[];
}

/** @param owners which apps had what before */
export function precedence(
  owners: Owners,
  apps: ReadonlyMap<AppId, AppServices>,
  groups: ReadonlyMap<AppId, ReadonlySet<AppId>>,
): Precedence {
  const partiesOf = ({ appId }: ServiceDefinition): readonly AppId[] => {
    const own = apps.get(appId);
    const group = own?.alone === undefined ? own?.definition.deployment?.group : undefined;
    if (group === undefined) return [appId];
    return [...(groups.get(group) ?? [])].filter((id) => apps.get(id)?.alone === undefined);
  };
  const owns: Precedence['owns'] = (definition, claim) => {
    const known = owners.get(claim);
    return known !== undefined && partiesOf(definition).some((id) => known.has(id));
  };
  const age = (definition: ServiceDefinition): number =>
    partiesOf(definition).reduce((oldest, id) => {
      const app = apps.get(id)?.app;
      return app === undefined ? oldest : Math.min(oldest, ageOf(app));
    }, Infinity);
  return {
    owns,
    partiesOf,
    compare: (a, b, claimOf) => {
      const [first, second] = [age(a), age(b)];
      return (
        Number(owns(b, claimOf(b))) - Number(owns(a, claimOf(a))) ||
        byTime(first, second) ||
        byCodePoint(a.name, b.name) ||
        a.portIndex - b.portIndex ||
        byCodePoint(a.appId, b.appId)
      );
    },
  };
}
