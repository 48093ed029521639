/**
 * What protects the services of a deployment group: user and password, networks, client certificates. Two apps are one
 * service, so the stricter of both holds; where both ask for something else, what the first member of the group asks for.
 */
import { commonNetworks } from '../servers/networks.ts';
import type { ServiceDefinition } from '../model/service.ts';
import { vhostTlsOf } from '../services/vhost-tls.ts';

/**
 * The leader's definition, protected as every member's is.
 *
 * @param members of the same port, the first member of the group first; the leader may be any of them
 * @returns undefined where it cannot be: their networks have no address in common, or a template of the leader's may
 * stand instead of the protection
 */
export function protectedLike(
  leader: ServiceDefinition,
  members: readonly ServiceDefinition[],
): ServiceDefinition | undefined {
  const auth = members.find((it) => it.auth !== undefined)?.auth;
  const networks = members
    .map(({ allowedNetworks }) => allowedNetworks)
    .filter((list) => list.length > 0)
    .reduce<readonly string[] | undefined>(
      (common, list) =>
        common === undefined || sameList(common, list) ? list : commonNetworks(common, list),
      undefined,
    );
  if (networks?.length === 0) return undefined;
  // Nothing that guards its host, or is guarded by it, goes because of one of them.
  const authScope = members.every((it) => it.authScope === 'service') ? 'service' : undefined;
  const verifier = members.find(asksForCertificate) ?? leader;
  // No listener and no TLS frontend of the leader's asks for a certificate beside another's.
  const isSame =
    leader.auth === auth && sameList(leader.allowedNetworks, networks ?? []) && verifier === leader;
  if (isSame) return leader.authScope === authScope ? leader : { ...leader, authScope };
  // HTTP's rules are none of a TCP service, and templates are lines that nobody here has read.
  if (leader.fragments !== undefined || (auth !== undefined && leader.mode !== 'http')) return undefined;
  const { certificate, bindOptions, vhostTls } = verifier;
  return {
    ...leader,
    ...{ auth, authScope, allowedNetworks: networks ?? [], certificate, bindOptions },
    ...(leader.vhostTls === undefined && vhostTls === undefined ? {} : { vhostTls }),
    // A list of users and an access list are in no defaults section.
    hasProfile: leader.hasProfile && auth === undefined && networks === undefined,
  };
}

const sameList = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((item, i) => item === b[i]);

const asksForCertificate = ({ certificate, bindOptions }: ServiceDefinition): boolean =>
  vhostTlsOf(certificate, bindOptions)?.verifies === true;
