/**
 * Lists what a service claims and the operator's policy does not allow: one diagnostic per label, with what is allowed.
 */
import type { Diagnostic } from '../model/diagnostic.ts';
import type { AppId } from '../model/ids.ts';
import { ruleFor, type Policy, type PolicyKey, type PortSpan } from './policy.ts';
import type { ServiceDefinition } from '../model/service.ts';

type Judged = Pick<
  ServiceDefinition,
  'appId' | 'portIndex' | 'vhosts' | 'listens' | 'servicePort' | 'mode' | 'certificate' | 'bindOptions'
>;

/** The violations of one service; empty if there are none. */
export function violations(definition: Judged, policy: Policy): Diagnostic[] {
  if (policy.length === 0) return [];
  const { appId, portIndex, vhosts, listens, servicePort, mode, certificate, bindOptions } = definition;
  const found: Diagnostic[] = [];
  const judge = <K extends PolicyKey>(
    key: K,
    label: string,
    values: readonly string[],
    allows: (value: string, rule: NonNullable<ReturnType<typeof ruleFor<K>>>) => boolean,
    allowed: (rule: NonNullable<ReturnType<typeof ruleFor<K>>>) => string,
  ) => {
    const rule = values.length === 0 ? undefined : ruleFor(policy, appId, key);
    if (rule === undefined) return;
    const bad = values.filter((value) => !allows(value, rule));
    if (bad.length === 0) return;
    found.push({
      code: 'POLICY_FORBIDS',
      severity: 'error',
      ...{ appId, portIndex },
      label: `HAPROXY_${portIndex}_${label}`,
      value: bad.join(','),
      reason: `the policy for ${rule.prefix} does not allow ${bad.join(', ')}`,
      remedy: allowed(rule),
    });
  };
  judge(
    'vhosts',
    'VHOST',
    vhosts,
    (host, { value }) => value.some((pattern) => hostMatches(host, pattern)),
    ({ value }) => choose(value, 'hosts'),
  );
  judge(
    'ports',
    'PORT',
    listens ? [String(servicePort)] : [],
    (port, { value }) => value.some(({ from, to }) => Number(port) >= from && Number(port) <= to),
    ({ value }) => choose(value.map(spanText), 'service ports'),
  );
  judge(
    'modes',
    'MODE',
    [mode],
    (word, { value }) => (value as readonly string[]).includes(word),
    ({ value }) => choose(value, 'modes'),
  );
  const named = certificate === undefined ? [] : [certificate];
  for (const [label, files] of [
    ['SSL_CERT', named],
    ['BIND_OPTIONS', [...bindOptions.certificates, ...bindOptions.files]],
  ] as const)
    judge(
      'certificates',
      label,
      files,
      (path, { value }) => value.some((allowed) => fileIsIn(path, allowed)),
      ({ value }) => choose(value, 'certificates'),
    );
  return found;
}

/** A service that exceeds a limit on the number of services. */
export const tooManyServices = (
  { appId, portIndex }: Pick<ServiceDefinition, 'appId' | 'portIndex'>,
  { prefix, value }: { readonly prefix: string; readonly value: number },
): Diagnostic => ({
  code: 'POLICY_FORBIDS',
  severity: 'error',
  ...{ appId, portIndex },
  reason: `the policy for ${prefix} allows ${value} ${value === 1 ? 'service' : 'services'}, and others were first`,
  remedy: `set HAPROXY_<n>_ENABLED to false where a service is not needed, or ask the operator for more`,
});

/** A service with more tasks than it may have servers. */
export const tooManyServers = (
  { appId, portIndex }: { readonly appId: AppId; readonly portIndex: number },
  { prefix, value }: { readonly prefix: string; readonly value: number },
): Diagnostic => ({
  code: 'POLICY_LIMITS',
  severity: 'warning',
  ...{ appId, portIndex },
  reason: `there are more tasks than the ${value} servers that the policy for ${prefix} allows, so some get no traffic`,
  remedy: 'run fewer instances, or ask the operator for more',
});

const choose = (allowed: readonly string[], what: string): string =>
  allowed.length === 0
    ? `it allows no ${what}; ask the operator`
    : `use what it allows (${allowed.join(', ')}), or ask the operator`;

const spanText = ({ from, to }: PortSpan): string => (from === to ? `${from}` : `${from}-${to}`);

/** A pattern `*.example.com` matches all hosts below it, at any depth. The host may itself be a wildcard. */
function hostMatches(host: string, pattern: string): boolean {
  if (pattern === '*' || host === pattern) return true;
  return pattern.startsWith('*.') && host.endsWith(pattern.slice(1)) && host.length > pattern.length - 1;
}

/** Paths in labels contain no `..`. */
const fileIsIn = (path: string, allowed: string): boolean =>
  path === allowed || path.startsWith(allowed.endsWith('/') ? allowed : `${allowed}/`);
