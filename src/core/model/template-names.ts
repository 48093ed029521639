/**
 * marathon-lb's templates: what each stands for, and what may stand in it. What reads overrides, the reference
 * documentation and the "did you mean" of unknown names all come from here.
 */
/** Where a fragment's lines stand. `shared`: a frontend of all services. `server`: the rest of a server line. */
export type Section = 'userlist' | 'frontend' | 'backend' | 'server' | 'shared';

export interface TemplateSpec {
  /** Names for `{name}`; `raw` = it has none, and single braces are HAProxy's own. */
  readonly placeholders: readonly string[] | 'raw';
  /** A label may replace it for one port. */
  readonly perPort: boolean;
  /** Where its lines stand, for those of one service. */
  readonly section?: Section;
  readonly doc: string;
  readonly empty: WhenEmpty;
}

/**
 * What a template without a line means. `nothing`: nothing stands there. `closes`: the service port gets no listener.
 * `own`: the same as no template, because what it stands for cannot be missing, or protects somebody. `refused`: only
 * another setting can do what was meant.
 */
export interface WhenEmpty {
  readonly kind: 'nothing' | 'closes' | 'own' | 'refused';
  /** What follows, for the documentation. */
  readonly doc: string;
}

const nothing = (doc: string): WhenEmpty => ({ kind: 'nothing', doc });
const own: WhenEmpty = { kind: 'own', doc: 'as not set' };
const guards: WhenEmpty = { kind: 'own', doc: 'as not set: it protects the service' };
const closes: WhenEmpty = { kind: 'closes', doc: 'the service port has no listener; hosts serve' };
const unbound: WhenEmpty = { kind: 'refused', doc: 'refused: use `--dont-bind-http-https`' };
const unrouted = nothing('nothing leads to the service there');

const check = [
  'healthCheck',
  'healthCheckPortIndex',
  'healthCheckPort',
  'healthCheckProtocol',
  'healthCheckPath',
  'healthCheckTimeoutSeconds',
  'healthCheckIntervalSeconds',
  'healthCheckGracePeriodSeconds',
  'healthCheckMaxConsecutiveFailures',
  'healthCheckFalls',
  'healthCheckPortOptions',
];
const route = ['cleanedUpHostname', 'hostname', 'path', 'appId', 'realm', 'backend'];

const all = (
  placeholders: TemplateSpec['placeholders'],
  doc: string,
  empty: WhenEmpty = own,
): TemplateSpec => ({ placeholders, perPort: false, doc, empty });
const one = (
  section: Section,
  placeholders: TemplateSpec['placeholders'],
  doc: string,
  empty: WhenEmpty,
): TemplateSpec => ({ placeholders, perPort: true, section, doc, empty });
const rule = (doc: string, empty: WhenEmpty = unrouted): TemplateSpec => one('shared', route, doc, empty);
const addedAgain = nothing('Pacer adds the condition where a rule needs it');
const unused = nothing('no effect');
const unsearched = nothing('no host without a path is looked up');

/** Placeholders that stand for something else for each task. */
export const taskPlaceholders = [
  'host',
  'host_ipv4',
  'port',
  'serverName',
  'serverId',
  'cookieOptions',
] as const;

export const templates = {
  HEAD: all('raw', '`global`, `defaults` and sections of your own; what a reload needs is added'),
  HTTP_FRONTEND_HEAD: all('raw', 'the frontend of the HTTP port', unbound),
  HTTPS_FRONTEND_HEAD: all(['sslCerts'], 'the frontend of the HTTPS port', unbound),
  HTTP_FRONTEND_APPID_HEAD: all('raw', 'the frontend that chooses by the header X-Marathon-App-Id', {
    kind: 'refused',
    doc: 'refused: set `--appid-port` to a port that is closed from outside',
  }),
  HTTPS_GROUPED_FRONTEND_HEAD: all('raw', 'with `--group-https-by-vhost`: the HTTPS port in tcp mode'),
  HTTPS_GROUPED_VHOST_FRONTEND_ACL: all(
    ['backend', 'host'],
    'with `--group-https-by-vhost`: what leads there',
  ),
  HTTPS_GROUPED_VHOST_BACKEND_HEAD: all(['name'], 'with `--group-https-by-vhost`: the way to one vhost'),
  HTTPS_GROUPED_VHOST_FRONTEND_HEAD: all(
    ['name', 'sslCerts', 'bindOpts'],
    'with `--group-https-by-vhost`: the frontend of one vhost',
  ),
  USERLIST_HEAD: one('userlist', ['backend', 'user', 'passwd'], 'the userlist of HAPROXY_{n}_AUTH', guards),
  FRONTEND_HEAD: one(
    'frontend',
    ['backend', 'bindAddr', 'servicePort', 'mode', 'sslCert', 'bindOptions'],
    'the frontend of the service port',
    closes,
  ),
  FRONTEND_BACKEND_GLUE: one('frontend', ['backend'], 'what leads from that frontend to the backend', {
    ...closes,
    doc: `${closes.doc}; after a FRONTEND_HEAD that is not empty: nothing is added to it`,
  }),
  BACKEND_HEAD: one('backend', ['backend', 'balance', 'mode'], 'the beginning of the backend', own),
  BACKEND_HTTP_OPTIONS: one(
    'backend',
    'raw',
    'the forwarded headers, in http mode',
    nothing('servers get no forwarded headers'),
  ),
  BACKEND_HSTS_OPTIONS: one('backend', 'raw', 'HAPROXY_{n}_USE_HSTS', nothing('no header')),
  BACKEND_STICKY_OPTIONS: one('backend', 'raw', 'HAPROXY_{n}_STICKY', nothing('no cookie')),
  BACKEND_HTTP_HEALTHCHECK_OPTIONS: one(
    'backend',
    check,
    'HTTP checks, in the backend',
    nothing('HAProxy only connects'),
  ),
  BACKEND_TCP_HEALTHCHECK_OPTIONS: one(
    'backend',
    check,
    'TCP checks, in the backend',
    nothing('HAProxy only connects'),
  ),
  BACKEND_SERVER_HTTP_HEALTHCHECK_OPTIONS: one(
    'server',
    check,
    'HTTP checks, on each server line',
    nothing('HAProxy checks no server'),
  ),
  BACKEND_SERVER_TCP_HEALTHCHECK_OPTIONS: one(
    'server',
    check,
    'TCP checks, on each server line',
    nothing('HAProxy checks no server'),
  ),
  BACKEND_SERVER_OPTIONS: one(
    'server',
    [...taskPlaceholders, 'healthCheckOptions', 'otherOptions'],
    'the server line of each task, and further lines for the backend',
    { ...own, doc: `${own.doc}; with \`server\` lines in other templates: no server for tasks` },
  ),
  HTTP_BACKEND_PROXYPASS_GLUE: one(
    'backend',
    ['hostname', 'proxypath'],
    'HAPROXY_{n}_HTTP_BACKEND_PROXYPASS_PATH',
    nothing('nothing is rewritten'),
  ),
  HTTP_BACKEND_REVPROXY_GLUE: one(
    'backend',
    ['hostname', 'rootpath'],
    'HAPROXY_{n}_HTTP_BACKEND_REVPROXY_PATH',
    nothing('nothing is rewritten'),
  ),
  // Its label is the path, so that no label can be the template.
  HTTP_BACKEND_REDIR: {
    ...one(
      'backend',
      ['hostname', 'redirpath'],
      'HAPROXY_{n}_HTTP_BACKEND_REDIR',
      nothing('nothing is redirected'),
    ),
    perPort: false,
  },
  HTTP_BACKEND_NETWORK_ALLOWED_ACL: one(
    'backend',
    ['network_allowed'],
    'HAPROXY_{n}_BACKEND_NETWORK_ALLOWED_ACL in http mode, once a network',
    guards,
  ),
  TCP_BACKEND_NETWORK_ALLOWED_ACL: one('backend', ['network_allowed'], 'the same in tcp mode', guards),
  HTTP_BACKEND_ACL_ALLOW_DENY: {
    ...all('raw', 'what happens to clients outside the allowed networks, in http mode', guards),
    section: 'backend',
  },
  TCP_BACKEND_ACL_ALLOW_DENY: { ...all('raw', 'the same in tcp mode', guards), section: 'backend' },
  BACKEND_REDIRECT_HTTP_TO_HTTPS: one(
    'shared',
    ['bindAddr', 'cleanedUpHostname', 'backend'],
    'HAPROXY_{n}_REDIRECT_TO_HTTPS',
    nothing('nothing is redirected'),
  ),
  BACKEND_REDIRECT_HTTP_TO_HTTPS_WITH_PATH: one(
    'shared',
    ['bindAddr', 'cleanedUpHostname', 'backend'],
    'the same with a path',
    nothing('nothing is redirected'),
  ),
  HTTP_FRONTEND_ACL: rule('one vhost'),
  HTTP_FRONTEND_ACL_WITH_PATH: rule('one vhost with a path'),
  HTTP_FRONTEND_ACL_WITH_AUTH: rule('one vhost with basic auth'),
  HTTP_FRONTEND_ACL_WITH_AUTH_AND_PATH: rule('one vhost with basic auth and a path'),
  HTTP_FRONTEND_ACL_ONLY: rule('several vhosts: the condition, once a vhost', addedAgain),
  HTTP_FRONTEND_ACL_ONLY_WITH_PATH: rule('several vhosts: the condition of the path', addedAgain),
  HTTP_FRONTEND_ACL_ONLY_WITH_PATH_AND_AUTH: rule(
    'several vhosts: the conditions of path and auth',
    addedAgain,
  ),
  HTTP_FRONTEND_ROUTING_ONLY: rule('several vhosts: what leads to the backend'),
  HTTP_FRONTEND_ROUTING_ONLY_WITH_AUTH: rule('the same with basic auth'),
  HTTP_FRONTEND_ROUTING_ONLY_WITH_PATH: rule('the same with a path'),
  HTTP_FRONTEND_ROUTING_ONLY_WITH_PATH_AND_AUTH: rule('the same with a path and basic auth'),
  HTTPS_FRONTEND_ACL: rule('HTTPS: a vhost'),
  HTTPS_FRONTEND_ACL_WITH_PATH: rule('HTTPS: a vhost with a path'),
  HTTPS_FRONTEND_ACL_WITH_AUTH: rule('HTTPS: a vhost with basic auth'),
  HTTPS_FRONTEND_ACL_WITH_AUTH_AND_PATH: rule('HTTPS: a vhost with basic auth and a path'),
  HTTPS_FRONTEND_ACL_ONLY_WITH_PATH: rule('HTTPS: the condition of the path', addedAgain),
  HTTPS_FRONTEND_AUTH_ACL_ONLY: rule('not used, nor by the last marathon-lb', unused),
  HTTPS_FRONTEND_AUTH_REQUEST_ONLY: rule('not used, nor by the last marathon-lb', unused),
  HTTPS_FRONTEND_ROUTING_ONLY_WITH_PATH_AND_AUTH: rule('not used, nor by the last marathon-lb', unused),
  HTTP_FRONTEND_APPID_ACL: one(
    'shared',
    ['cleanedUpAppId', 'hostname', 'appId', 'backend'],
    'an app by its id',
    unrouted,
  ),
  MAP_HTTP_FRONTEND_ACL: all(['haproxy_dir'], 'HTTP: the look-up of hosts without a path', unsearched),
  MAP_HTTP_FRONTEND_ACL_ONLY: all(
    ['haproxy_dir'],
    'the same; used where MAP_HTTP_FRONTEND_ACL is not set',
    unsearched,
  ),
  MAP_HTTPS_FRONTEND_ACL: all(
    ['haproxy_dir', 'hostname'],
    'HTTPS: the look-up of hosts without a path',
    unsearched,
  ),
  MAP_HTTP_FRONTEND_APPID_ACL: all(
    ['haproxy_dir'],
    'the look-up of app ids',
    nothing('no app id is looked up'),
  ),
} as const satisfies Readonly<Record<string, TemplateSpec>>;

export type TemplateName = keyof typeof templates;

export const templateNames = Object.keys(templates) as TemplateName[];

export const isTemplateName = (name: string): name is TemplateName => Object.hasOwn(templates, name);

export const templateSpec = (name: TemplateName): TemplateSpec => templates[name];
