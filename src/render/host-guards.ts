/** What other services on a service's hosts ask of requests: rules that hold for those hosts alone, in its backend. */
import { configToken } from '../core/model/config-token.ts';
import type { GuardedPlace, HostGuard, ServiceDefinition } from '../core/model/service.ts';
import type { Fragments } from './fragments.ts';

/** The lists of users of services that are left out at present. */
export function guardUserLists({ backend, guards = [] }: ServiceDefinition, fragments: Fragments): string[] {
  return guards.flatMap(({ away }, i) => {
    const { auth } = away ?? {};
    return away === undefined || auth === undefined
      ? []
      : userList(away, auth, fragments).replace(
          `userlist user_${away.backend}`,
          `userlist ${awayUsers(backend, i)}`,
        );
  });
}

export function userList(
  { backend, fragments }: ServiceDefinition,
  auth: NonNullable<ServiceDefinition['auth']>,
  { render }: Fragments,
): string {
  const data = { backend, user: configToken(auth.user), passwd: configToken(auth.passwordHash) };
  return fragments?.texts.USERLIST_HEAD ?? render('userlist-head', data);
}

const awayUsers = (backend: string, index: number): string => `guard_${index}_${backend}`;

/** @param redirectSuffix what stands behind the host in redirects to https; undefined = there are none */
export function guardRules(
  { backend, guards = [] }: ServiceDefinition,
  { render }: Fragments,
  redirectSuffix: string | undefined,
  client: string,
): string[] {
  return guards.map((guard, i) =>
    render('backend-host-guard', {
      by: guard.backend,
      places: guard.covers.map(condition),
      redirects: guard.redirects && redirectSuffix !== undefined,
      redirectSuffix: redirectSuffix ?? '',
      limits: guard.networks.length > 0,
      networks: guard.networks.map(configToken),
      allowed: `network_allowed_${i}`,
      client,
      realm: guard.realm !== undefined && configToken(guard.realm),
      users: guard.away === undefined ? `user_${guard.backend}` : awayUsers(backend, i),
      on: listener(guard),
    }),
  );
}

/** A place's key begins with a host, so no value looks like a flag. The variables are set where hosts are routed. */
function condition({ kind, key }: GuardedPlace): string {
  const variable = kind === 'host' ? 'txn.pacer_host' : 'txn.pacer_url';
  const parent = key.startsWith('.') ? ',regsub(^[^.]+,)' : '';
  const match = { host: 'str', begin: 'beg', 'begin-i': 'beg -i', exact: 'str', 'exact-i': 'str -i' }[kind];
  return `{ var(${variable})${parent} -m ${match} ${configToken(key)} }`;
}

function listener({ asksOn }: HostGuard): string {
  if (asksOn === 'both') return '';
  return asksOn === 'https' ? ' { ssl_fc }' : ' !{ ssl_fc }';
}
