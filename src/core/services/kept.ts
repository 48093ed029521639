/**
 * The last good version of a service, which serves while something is wrong with its new one. It keeps nothing that the
 * new version gives up on purpose: a host without another in its place, or the listener. And it lets in nobody whom the
 * new version keeps out: a password or a list of networks counts at once.
 */
import { sameValue } from '../collections/same.ts';
import type { Host } from '../model/ids.ts';
import type { BasicAuth } from '../model/label-values.ts';
import type { ServiceDefinition } from '../model/service.ts';
import { asAsked } from './narrowed.ts';

/** What the new version still claims. */
export interface Claimed {
  /** Undefined where it cannot be read. */
  readonly hosts: readonly Host[] | undefined;
  readonly listens: boolean;
  /** The password that it asks for; undefined = as before. */
  readonly auth?: BasicAuth | undefined;
  /** The networks that it allows; empty or undefined = as before. */
  readonly networks?: readonly string[] | undefined;
}

/** By what is left of its claims. */
const made = new WeakMap<ServiceDefinition, Map<string, ServiceDefinition>>();
const wholes = new WeakMap<ServiceDefinition, ServiceDefinition>();

/** The same object for the same arguments. */
export function keptFor(last: ServiceDefinition, claimed: Claimed): ServiceDefinition {
  const vhosts = remaining(last, claimed.hosts);
  const isOpen = last.listens && claimed.listens;
  const guards = guardsOf(last, claimed);
  if (vhosts === last.vhosts && isOpen === last.listens && guards === undefined) return last;
  const key = `${isOpen} ${vhosts.join(' ')} ${JSON.stringify(guards)}`;
  const known = made.get(last)?.get(key);
  if (known !== undefined) return known;
  const kept: ServiceDefinition = {
    ...(vhosts === last.vhosts ? last : withHosts(last, vhosts)),
    ...{ listens: isOpen, ...guards },
  };
  made.set(last, (made.get(last) ?? new Map<string, ServiceDefinition>()).set(key, kept));
  wholes.set(kept, last);
  return kept;
}

/** Undefined where they are as before. */
function guardsOf(
  last: ServiceDefinition,
  { auth, networks = [] }: Claimed,
): Pick<ServiceDefinition, 'auth' | 'allowedNetworks' | 'hasProfile'> | undefined {
  const asked = last.mode === 'http' && auth !== undefined ? auth : last.auth;
  const allowed = networks.length > 0 ? networks : last.allowedNetworks;
  if (sameValue(asked, last.auth) && sameValue(allowed, last.allowedNetworks)) return undefined;
  // Lists of users and ACLs are in no defaults section.
  return { auth: asked, allowedNetworks: allowed, hasProfile: false };
}

/** The version as its app wrote it, whatever is left of it. */
export function asWritten(definition: ServiceDefinition): ServiceDefinition {
  const asked = asAsked(definition);
  return wholes.get(asked) ?? asked;
}

/** Whether it is what is kept of that version. */
export const isKeptOf = (definition: ServiceDefinition, whole: ServiceDefinition): boolean =>
  wholes.get(asAsked(definition)) === asAsked(whole);

/** One that names other hosts has moved: until it serves, the ones before do. */
function remaining({ vhosts, fragments }: ServiceDefinition, hosts: Claimed['hosts']): readonly Host[] {
  if (hosts === undefined || hosts.length >= vhosts.length) return vhosts;
  if (!hosts.every((host) => vhosts.includes(host))) return vhosts;
  // Its rules are made of all its hosts.
  return fragments?.rules !== undefined && hosts.length > 0 ? vhosts : hosts;
}

function withHosts(last: ServiceDefinition, vhosts: readonly Host[]): ServiceDefinition {
  if (vhosts.length > 0) return { ...last, vhosts };
  const { fragments } = last;
  return {
    ...last,
    ...{ vhosts, path: undefined, redirectToHttps: false },
    ...(last.vhostTls === undefined ? {} : { vhostTls: undefined }),
    ...(fragments === undefined ? {} : { fragments: { ...fragments, rules: undefined } }),
  };
}
