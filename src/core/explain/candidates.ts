/** Everybody who claims a request: who has it, and why the others do not. */
import type { PortOutcome } from '../services/app-services.ts';
import type { Desired } from '../desired/desired.ts';
import { byCodePoint } from '../model/ids.ts';
import {
  keysOf,
  lookupKey,
  matchOf,
  resolveRoute,
  type LookupKey,
  type RequestTarget,
} from '../routing/lookups.ts';
import type { App } from '../model/model.ts';
import { claimsOf, routeKinds, type Claim } from '../routing/routes.ts';
import type { ServiceDefinition } from '../model/service.ts';
import type { Candidate } from './explanation.ts';
import { definitionsOf, rejectionOf, serves, shownClaim } from './service-view.ts';

type Keys = Readonly<Record<LookupKey, string>>;

/** A claim that fits the request. */
interface Fit extends Claim {
  readonly definition: ServiceDefinition;
  /** True where it fits by a wildcard. */
  readonly wild: boolean;
}

/** The winner first, then the others in the order in which they would be found. */
export function candidatesFor(desired: Desired, target: RequestTarget): Candidate[] {
  const keys = keysOf(target);
  const found = resolveRoute(desired.routes, target);
  const has = ({ definition, kind, key }: Fit) =>
    serves(desired, definition) &&
    definition.backend === found?.entry.backend &&
    kind === found.lookup.table.kind &&
    key === found.entry.key;
  const ports = [...desired.apps.values()].flatMap(({ app, ports }) => ports.map((port) => ({ app, port })));
  // Of each service the claim that comes first.
  const fits = definitionsOf(desired)
    .flatMap((definition) => {
      const own = fitsOf(definition, keys).sort(inOrder);
      return own.find(has) ?? own[0] ?? [];
    })
    .sort(inOrder);
  const winner = fits.find(has);
  const depends = fits.flatMap((fit) => ruled(desired, fit));
  const settled = (fit: Fit) => !depends.some(({ backend }) => backend === fit.definition.backend);
  return [
    // A rule of the same weight or a larger one is tried before the look-ups.
    ...depends,
    ...(winner === undefined ? [] : [candidate(winner, 'wins', whyWins(winner))]),
    ...fits.filter((fit) => fit !== winner && settled(fit)).map((fit) => loser(desired, fit, winner)),
    ...ports.flatMap(({ app, port }) => notExposed(app, port, keys)),
  ];
}

/** A service that rules of templates lead to: its own, or as maps would have it beside a neighbour's. */
function ruled(desired: Desired, fit: Fit): Candidate[] {
  const { definition } = fit;
  const rule = desired.routes.rules.find(({ backend }) => backend === definition.backend);
  if (rule === undefined || !serves(desired, definition)) return [];
  const { before, redirects, uses, leadsHereIf } = rule.http;
  const lines = [
    ...before,
    ...redirects,
    ...uses,
    ...(leadsHereIf === undefined ? [] : [`if ${leadsHereIf}`]),
  ];
  const shown = lines.length > 4 ? [...lines.slice(0, 4), '...'] : lines;
  return [candidate(fit, 'depends', `its rules decide: ${shown.join(' | ')}`)];
}

function fitsOf(definition: ServiceDefinition, keys: Keys): Fit[] {
  return claimsOf(definition).flatMap((claim): Fit[] => {
    const wild = claim.key.startsWith('.');
    const asked = keys[lookupKey(claim.kind, wild)];
    const fits = matchOf(claim.kind) === 'exact' ? asked === claim.key : asked.startsWith(claim.key);
    return fits ? [{ ...claim, definition, wild }] : [];
  });
}

/** As they are looked up: larger weights, exact hosts, kinds, the longest; then as services claim. */
function inOrder(a: Fit, b: Fit): number {
  return (
    b.definition.weight - a.definition.weight ||
    Number(a.wild) - Number(b.wild) ||
    routeKinds.indexOf(a.kind) - routeKinds.indexOf(b.kind) ||
    b.key.length - a.key.length ||
    byCodePoint(a.definition.name, b.definition.name) ||
    a.definition.portIndex - b.definition.portIndex
  );
}

function candidate(fit: Fit, verdict: Candidate['verdict'], reason: string): Candidate {
  const { appId, portIndex, backend, weight } = fit.definition;
  return { appId, portIndex, backend, claim: shownClaim(fit), weight, verdict, reason };
}

const howItFits: Record<Claim['kind'], string> = {
  exact: 'exactly this path',
  'exact-i': 'exactly this path, whatever the case',
  begin: 'a path that begins so',
  'begin-i': 'a path that begins so, whatever the case',
  host: 'the host',
};

function whyWins({ kind, wild, definition: { weight } }: Fit): string {
  return `${howItFits[kind]}${wild ? ', by a wildcard' : ''}; weight ${weight}`;
}

function loser(desired: Desired, fit: Fit, winner: Fit | undefined): Candidate {
  const { definition } = fit;
  if (!serves(desired, definition)) {
    const rejection = rejectionOf(desired, definition.appId, definition.portIndex);
    return candidate(fit, 'rejected', `rejected: ${rejection?.reason ?? 'see the diagnostics'}`);
  }
  return candidate(fit, 'loses', winner === undefined ? 'its route leads elsewhere' : whyLoses(fit, winner));
}

function whyLoses(fit: Fit, winner: Fit): string {
  const [mine, theirs] = [fit.definition.weight, winner.definition.weight];
  const { appId } = winner.definition;
  if (mine !== theirs) {
    const how = fit.kind === winner.kind ? '' : `${howItFits[fit.kind]}, `;
    return `${how}weight ${mine}: ${appId} has ${theirs}, and the larger comes first`;
  }
  if (fit.wild !== winner.wild) return 'a wildcard: the exact host comes first';
  if (fit.kind !== winner.kind) return `${howItFits[fit.kind]}: ${howItFits[winner.kind]} comes first`;
  if (fit.key !== winner.key) return 'shorter: the longest path wins';
  return `${appId} port ${winner.definition.portIndex} claims the same, and had it first`;
}

/** A port that is not exposed, or whose labels are wrong, and names the host all the same. */
function notExposed(
  { id, labels }: App,
  { portIndex, service, reason }: PortOutcome,
  keys: Keys,
): Candidate[] {
  if (service !== undefined) return [];
  const names = (labels[`HAPROXY_${portIndex}_VHOST`] ?? '').toLowerCase().split(/[\s,]+/);
  const claim = names.find((name) => name !== '' && (name === keys.host || name === `*${keys.wild}`));
  return claim === undefined
    ? []
    : [
        {
          appId: id,
          portIndex,
          backend: undefined,
          claim,
          weight: undefined,
          verdict: 'not-exposed',
          reason,
        },
      ];
}
