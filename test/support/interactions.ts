/** Services in which the values of labels that interact meet: every two of them, or every three. */
import { covering, type Row } from './covering.ts';

const columns = {
  hosts: ['one', 'several', 'wildcard'],
  path: ['none', 'begin', 'prefix', 'exact', 'ignoring case'],
  template: ['none', 'backend', 'rule'],
  rewrite: ['none', 'strip', 'location', 'root'],
  check: ['none', 'http', 'tcp'],
  network: ['everyone', 'loopback', 'elsewhere'],
  weight: ['usual', 'heavy'],
  auth: [false, true],
  redirect: [false, true],
  sticky: [false, true],
  hsts: [false, true],
  neighbour: [false, true],
  certificate: [false, true],
} as const;

export type Interaction = Row<typeof columns> & { readonly n: number };

export const interactions = (strength: number): Interaction[] =>
  covering(columns, strength).map((row, n) => ({ ...row, n }));

export const describeInteraction = ({ n, ...row }: Interaction): string =>
  `${n}: ${Object.entries(row)
    .map(([name, value]) => `${name} ${value === true ? 'yes' : value === false ? 'no' : value}`)
    .join(', ')}`;

export interface Secrets {
  readonly passwordHash: string;
  readonly certificate: string;
}

/** HAPROXY_{n}_VHOST, and names that lead there. */
export function hostsOf({ hosts, n }: Interaction): { vhost: string; names: string[] } {
  const [one, other] = [`r${n}.example`, `s${n}.example`];
  if (hosts === 'several') return { vhost: `${one},${other}`, names: [one, other] };
  return hosts === 'one' ? { vhost: one, names: [one] } : { vhost: `*.${one}`, names: [`deep.${one}`] };
}

const pathLabels: Record<Interaction['path'], Record<string, string>> = {
  none: {},
  begin: { PATH: '/shop' },
  prefix: { PATH: '/shop', PATH_TYPE: 'prefix' },
  exact: { PATH: '/shop', PATH_TYPE: 'exact' },
  'ignoring case': { PATH: '-i /Shop' },
};

const rewriteLabels: Record<Interaction['rewrite'], Record<string, string>> = {
  none: {},
  strip: { HTTP_BACKEND_PROXYPASS_PATH: '/shop' },
  location: { HTTP_BACKEND_REVPROXY_PATH: '/base' },
  root: { HTTP_BACKEND_REDIR: '/start' },
};

const networks = { everyone: undefined, loopback: '127.0.0.0/8', elsewhere: '198.51.100.0/24' } as const;

/** The labels of port 0. */
export function labelsOf(it: Interaction, { passwordHash, certificate }: Secrets): Record<string, string> {
  const network = networks[it.network];
  const labels: Record<string, string> = {
    MODE: 'http',
    VHOST: hostsOf(it).vhost,
    ...pathLabels[it.path],
    ...rewriteLabels[it.rewrite],
    ...templateLabels(it),
    ...(network !== undefined && { BACKEND_NETWORK_ALLOWED_ACL: network }),
    ...(it.weight === 'heavy' && { BACKEND_WEIGHT: '5' }),
    ...(it.auth && { AUTH: `realm:alice:${passwordHash}` }),
    ...(it.redirect && { REDIRECT_TO_HTTPS: 'true' }),
    ...(it.sticky && { STICKY: 'true' }),
    ...(it.hsts && { USE_HSTS: 'true' }),
    ...(it.certificate && { SSL_CERT: certificate }),
  };
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [`HAPROXY_0_${name}`, value]));
}

/** Of another app on the same hosts: behind a path where the first has none, else without one. */
export function neighbourLabels(it: Interaction): Record<string, string> {
  return {
    HAPROXY_0_VHOST: hostsOf(it).vhost,
    HAPROXY_0_MODE: 'http',
    ...(it.path === 'none' && { HAPROXY_0_PATH: '/own' }),
  };
}

export function checksOf({ check }: Interaction): object[] {
  const times = { portIndex: 0, intervalSeconds: 1, timeoutSeconds: 10, gracePeriodSeconds: 5 };
  if (check === 'none') return [];
  return [check === 'tcp' ? { protocol: 'TCP', ...times } : { protocol: 'HTTP', path: '/health', ...times }];
}

/** In marathon-lb's syntax; each leaves a mark that requests or answers show. */
function templateLabels(it: Interaction): Record<string, string> {
  if (it.template === 'none') return {};
  if (it.template === 'backend')
    return { BACKEND_HTTP_OPTIONS: '  option forwardfor\n  http-response set-header X-Own yes\n' };
  const withPath = it.path !== 'none';
  const asks = it.auth && !it.redirect;
  const condition = `host_{cleanedUpHostname}${withPath ? ' path_{backend}' : ''}`;
  const ask = `  http-request auth realm "{realm}" if ${condition} !auth_{cleanedUpHostname}\n`;
  const lead = `  http-request set-header X-Rule yes if ${condition}\n  use_backend {backend} if ${condition}\n`;
  if (it.hosts === 'several' || (it.redirect && withPath)) {
    const name = `HTTP_FRONTEND_ROUTING_ONLY${withPath ? '_WITH_PATH' : ''}${asks ? `${withPath ? '_AND' : '_WITH'}_AUTH` : ''}`;
    // The condition is part of ACL_ONLY_WITH_PATH_AND_AUTH, and else of no rule before this one.
    const acl = withPath ? '' : '  acl auth_{cleanedUpHostname} http_auth(user_{backend})\n';
    return { [name]: `${asks ? `${acl}${ask}` : ''}${lead}` };
  }
  const host = it.hosts === 'one' ? `hdr(host) -i r${it.n}.example` : `hdr_end(host) -i .r${it.n}.example`;
  const name = `HTTP_FRONTEND_ACL${asks ? '_WITH_AUTH' : ''}${withPath ? `${asks ? '_AND' : '_WITH'}_PATH` : ''}`;
  const acls = [
    `acl host_{cleanedUpHostname} ${host}`,
    ...(withPath ? pathAcls[it.path] : []),
    ...(asks ? ['acl auth_{cleanedUpHostname} http_auth(user_{backend})'] : []),
  ];
  return { [name]: `${acls.map((line) => `  ${line}\n`).join('')}${asks ? ask : ''}${lead}` };
}

const pathAcls: Record<Interaction['path'], string[]> = {
  none: [],
  begin: ['acl path_{backend} path_beg {path}'],
  prefix: ['acl path_{backend} path_beg /shop/', 'acl path_{backend} path /shop'],
  exact: ['acl path_{backend} path {path}'],
  'ignoring case': ['acl path_{backend} path_beg -i /shop'],
};
