/**
 * The one table of labels: name, parser, default, documentation, example. What reads labels, the reference
 * documentation and the "did you mean" of unknown labels all come from here.
 */
import { balance } from './balance.ts';
import { bindOptions } from './bind-options.ts';
import { groupName, timestamp } from './deployment.ts';
import { labelFragments } from './fragments.ts';
import { isTemplateName, templateSpec, type TemplateName } from '../model/template-names.ts';
import type { Parser } from './parsed.ts';
import {
  authScope,
  basicAuth,
  bindAddress,
  boolean,
  certificatePath,
  cidrList,
  integer,
  mode,
  nameList,
  plainText,
  port,
  urlPath,
} from './parsers.ts';
import { hosts, pathBeginnings, pathType } from './routing.ts';

export interface LabelSpec<T> {
  readonly parse: Parser<T>;
  /** What holds where the label is not set. */
  readonly default: string;
  readonly doc: string;
  readonly example: string;
  /** False where the label is read and checked, but has no effect in this version. */
  readonly applied: boolean;
  /** True where the value must not be shown. */
  readonly secret?: boolean;
  /**
   * The value is a list of items that count one by one, so it may be long and have line breaks. Of names with commas
   * between, commas alone are no value.
   */
  readonly list?: 'names' | 'words';
  /** What a label without a value changes that its owner may not have meant. */
  readonly emptied?: string;
}

function spec<T>(
  parse: Parser<T>,
  fallback: string,
  example: string,
  doc: string,
  applied = true,
): LabelSpec<T> {
  return { parse, default: fallback, example, doc, applied };
}

/** Names with commas between. */
const names = <T>(...args: Parameters<typeof spec<T>>): LabelSpec<T> => ({ ...spec(...args), list: 'names' });
/** Words with blanks between. */
const wordList = <T>(...args: Parameters<typeof spec<T>>): LabelSpec<T> => ({
  ...spec(...args),
  list: 'words',
});

/** `HAPROXY_<NAME>`: labels of the whole app. */
export const appLabels = {
  GROUP: names(
    nameList,
    'not exposed',
    'external',
    'The load balancers (`--group`) that expose the app; a comma list.',
  ),
  DEPLOYMENT_GROUP: spec(
    groupName,
    '',
    'web',
    'Two apps with one value, with or without the slash before it, are one service under that name: a blue/green deploy.',
  ),
  DEPLOYMENT_ALT_PORT: spec(
    port,
    '',
    '10002',
    'The service port of the second app during a blue/green deploy. The deploy tool chooses it; the service keeps the port of the older app.',
  ),
  DEPLOYMENT_COLOUR: spec(
    plainText,
    '',
    'blue',
    'Set by the deploy tool, for itself and for people: which side of a blue/green deploy the app is.',
  ),
  DEPLOYMENT_STARTED_AT: spec(
    timestamp,
    'earliest',
    '2026-01-01T10:00:00Z',
    'Set by the deploy tool: when this side started (UTC where no zone is given). The older side gives labels and ports, and its tasks are drained, one for each healthy task of the newer.',
  ),
  DEPLOYMENT_TARGET_INSTANCES: spec(
    integer(0, 1_000_000, 'a number of instances'),
    'the instances of the older app',
    '4',
    'Set by the deploy tool: with `HAPROXY_DEPLOYMENT_NEW_INSTANCES`, how many tasks of both sides together are kept in service.',
  ),
  DEPLOYMENT_NEW_INSTANCES: spec(
    integer(0, 1_000_000, 'a number of instances'),
    '',
    '4',
    'Set by the deploy tool for a deploy that keeps both sides; without it tasks of the old side are drained until the last.',
  ),
  APP_ID: spec(plainText, '', 'web', 'Set by older deploy tools; has no effect.'),
} as const;

/** `HAPROXY_<n>_<NAME>`: labels of the port with index n. */
export const portLabels = {
  GROUP: {
    ...names(nameList, 'as HAPROXY_GROUP', 'internal', 'The same for one port; overrides `HAPROXY_GROUP`.'),
    emptied: 'HAPROXY_GROUP holds for the port; marathon-lb would hide it',
  },
  ENABLED: {
    ...spec(boolean, 'true; false under --strict-mode', 'false', 'Whether the port is exposed.'),
    emptied: 'the default holds; marathon-lb would hide the port',
  },
  VHOST: names(
    hosts,
    '',
    'www.example.com,example.com',
    'Host names that lead here on the HTTP and HTTPS ports; `*.example.com` stands for any one label. The port of `host:port` is dropped, with a warning.',
  ),
  PATH: wordList(
    pathBeginnings,
    '',
    '/api',
    'Only requests whose path begins so (the arguments of `path_beg`); needs a VHOST.',
  ),
  PATH_TYPE: spec(
    pathType,
    'begin',
    'prefix',
    'What PATH means: `begin`, `prefix` (whole segments) or `exact`.',
  ),
  BACKEND_WEIGHT: spec(
    integer(-1_000_000, 1_000_000, 'a weight'),
    '0; 1 with a path',
    '5',
    'Routes are tried from the largest weight to the smallest.',
  ),
  PORT: spec(
    port,
    'the service port',
    '8080',
    "Overrides the service port. A port of Pacer's own, such as 80 or 443, gets no listener: hosts serve there anyway.",
  ),
  BIND_ADDR: spec(bindAddress, '*', '127.0.0.1', 'Where the service port listens.'),
  BIND_OPTIONS: spec(
    bindOptions,
    '',
    'accept-proxy',
    'Options of the service port’s bind line, from those of HAProxy that concern one listener alone. With one that cannot be used the service is rejected: without it the port might be open to more clients than was meant.',
  ),
  SSL_CERT: spec(
    certificatePath,
    '',
    '/etc/ssl/app.pem',
    'Certificate and key of the service port: it then speaks TLS.',
  ),
  MODE: spec(mode, 'http with a VHOST or an HTTP check, else tcp', 'tcp', '`http` or `tcp`.'),
  BALANCE: spec(balance, 'roundrobin', 'leastconn', "HAProxy's balance algorithm with its arguments."),
  STICKY: spec(boolean, 'false', 'true', 'Sessions stay at a server by the cookie `mesosphere_server_id`.'),
  REDIRECT_TO_HTTPS: spec(
    boolean,
    'false',
    'true',
    '301 from http to https for the vhost (with a path: only for that path).',
  ),
  USE_HSTS: spec(boolean, 'false', 'true', 'Response header `Strict-Transport-Security: max-age=15768000`.'),
  AUTH: {
    ...spec(
      basicAuth,
      '',
      'realm:user:$6$...',
      'HTTP basic auth, `realm:user:hash`; guards the vhost, the service port and the app-id port alike.',
    ),
    secret: true,
    emptied: 'nobody is asked for a password',
  },
  AUTH_SCOPE: spec(
    authScope,
    'host',
    'service',
    'With `host`, AUTH, the allowed networks (without a PATH) and REDIRECT_TO_HTTPS hold for every request for the host (with a PATH: below it), also where another service without its own serves it. With `service` they hold for this service alone, and those of others not for it.',
  ),
  HTTP_BACKEND_PROXYPASS_PATH: spec(
    urlPath,
    '',
    '/app',
    'Strips this prefix (whole segments) before the server sees the request, and sets its Host header to the vhost.',
  ),
  HTTP_BACKEND_REVPROXY_PATH: spec(
    urlPath,
    '',
    '/app',
    'Puts this path before the `Location` of responses that stays on the vhost.',
  ),
  HTTP_BACKEND_REDIR: spec(urlPath, '', '/login', '301 of `/` to this path.'),
  BACKEND_NETWORK_ALLOWED_ACL: {
    ...wordList(
      cidrList,
      'everyone',
      '10.0.0.0/8 192.168.1.1',
      'Networks that may use the service, whichever way they come; others get 403 (http) or a closed connection (tcp). Behind `--trusted-proxies` the client is who X-Forwarded-For says.',
    ),
    emptied: 'everyone may use the service',
  },
  BACKEND_HEALTHCHECK_PORT_INDEX: spec(
    integer(0, 1000, 'the index of a port'),
    'the own port',
    '1',
    'Checks the health on the port of that index.',
  ),
} as const;

type ValueOf<S> = S extends LabelSpec<infer T> ? T : never;

/** Typed values of the labels that were set and parse. */
export type AppLabelValues = { readonly [K in keyof typeof appLabels]?: ValueOf<(typeof appLabels)[K]> };
export type PortLabelValues = { readonly [K in keyof typeof portLabels]?: ValueOf<(typeof portLabels)[K]> };

export type AppLabelName = keyof typeof appLabels;
export type PortLabelName = keyof typeof portLabels;

/** A label's name taken apart: what it is about, and its spec where it is known. */
export type LabelName =
  | { readonly kind: 'app'; readonly name: AppLabelName }
  | { readonly kind: 'port'; readonly name: PortLabelName; readonly index: number }
  | { readonly kind: 'fragment'; readonly name: TemplateName; readonly index: number }
  | { readonly kind: 'unknown' };

export function readLabelName(label: string): LabelName {
  const port = /^HAPROXY_(\d{1,4})_(.+)$/.exec(label);
  if (port !== null) {
    const [index, name] = [Number(port[1]), port[2] ?? ''];
    if (Object.hasOwn(portLabels, name)) return { kind: 'port', name: name as PortLabelName, index };
    return isTemplateName(name) && templateSpec(name).perPort
      ? { kind: 'fragment', name, index }
      : { kind: 'unknown' };
  }
  const name = label.slice('HAPROXY_'.length);
  return Object.hasOwn(appLabels, name) ? { kind: 'app', name: name as AppLabelName } : { kind: 'unknown' };
}

/** Every label name that is known, with the given index where there is one: for "did you mean". */
export function knownLabels(index: number): string[] {
  return [
    ...Object.keys(appLabels).map((name) => `HAPROXY_${name}`),
    ...[...Object.keys(portLabels), ...labelFragments].map((name) => `HAPROXY_${index}_${name}`),
  ];
}

/** The spec of a label, with its value's type forgotten. */
export function specOf(label: Extract<LabelName, { kind: 'app' | 'port' }>): LabelSpec<unknown> {
  return label.kind === 'app' ? appLabels[label.name] : portLabels[label.name];
}
