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
}

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

const all = (placeholders: TemplateSpec['placeholders'], doc: string): TemplateSpec => ({
  placeholders,
  perPort: false,
  doc,
});
const one = (section: Section, placeholders: TemplateSpec['placeholders'], doc: string): TemplateSpec => ({
  placeholders,
  perPort: true,
  section,
  doc,
});
const rule = (doc: string): TemplateSpec => one('shared', route, doc);

export const templates = {
  HEAD: all('raw', '`global`, `defaults` and sections of your own; what a reload needs is added'),
  HTTP_FRONTEND_HEAD: all('raw', 'the frontend of the HTTP port'),
  HTTPS_FRONTEND_HEAD: all(['sslCerts'], 'the frontend of the HTTPS port'),
  HTTP_FRONTEND_APPID_HEAD: all('raw', 'the frontend that chooses by the header X-Marathon-App-Id'),
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
  USERLIST_HEAD: one('userlist', ['backend', 'user', 'passwd'], 'the userlist of HAPROXY_{n}_AUTH'),
  FRONTEND_HEAD: one(
    'frontend',
    ['backend', 'bindAddr', 'servicePort', 'mode', 'sslCert', 'bindOptions'],
    'the frontend of the service port',
  ),
  FRONTEND_BACKEND_GLUE: one('frontend', ['backend'], 'what leads from that frontend to the backend'),
  BACKEND_HEAD: one('backend', ['backend', 'balance', 'mode'], 'the beginning of the backend'),
  BACKEND_HTTP_OPTIONS: one('backend', 'raw', 'the forwarded headers, in http mode'),
  BACKEND_HSTS_OPTIONS: one('backend', 'raw', 'HAPROXY_{n}_USE_HSTS'),
  BACKEND_STICKY_OPTIONS: one('backend', 'raw', 'HAPROXY_{n}_STICKY'),
  BACKEND_HTTP_HEALTHCHECK_OPTIONS: one('backend', check, 'HTTP checks, in the backend'),
  BACKEND_TCP_HEALTHCHECK_OPTIONS: one('backend', check, 'TCP checks, in the backend'),
  BACKEND_SERVER_HTTP_HEALTHCHECK_OPTIONS: one('server', check, 'HTTP checks, on each server line'),
  BACKEND_SERVER_TCP_HEALTHCHECK_OPTIONS: one('server', check, 'TCP checks, on each server line'),
  BACKEND_SERVER_OPTIONS: one(
    'server',
    [
      'host',
      'host_ipv4',
      'port',
      'serverName',
      'serverId',
      'cookieOptions',
      'healthCheckOptions',
      'otherOptions',
    ],
    'the whole server line',
  ),
  HTTP_BACKEND_PROXYPASS_GLUE: one(
    'backend',
    ['hostname', 'proxypath'],
    'HAPROXY_{n}_HTTP_BACKEND_PROXYPASS_PATH',
  ),
  HTTP_BACKEND_REVPROXY_GLUE: one(
    'backend',
    ['hostname', 'rootpath'],
    'HAPROXY_{n}_HTTP_BACKEND_REVPROXY_PATH',
  ),
  // Its label is the path, so that no label can be the template.
  HTTP_BACKEND_REDIR: {
    ...one('backend', ['hostname', 'redirpath'], 'HAPROXY_{n}_HTTP_BACKEND_REDIR'),
    perPort: false,
  },
  HTTP_BACKEND_NETWORK_ALLOWED_ACL: one(
    'backend',
    ['network_allowed'],
    'HAPROXY_{n}_BACKEND_NETWORK_ALLOWED_ACL in http mode, once a network',
  ),
  TCP_BACKEND_NETWORK_ALLOWED_ACL: one('backend', ['network_allowed'], 'the same in tcp mode'),
  HTTP_BACKEND_ACL_ALLOW_DENY: {
    ...all('raw', 'what happens to clients outside the allowed networks, in http mode'),
    section: 'backend',
  },
  TCP_BACKEND_ACL_ALLOW_DENY: { ...all('raw', 'the same in tcp mode'), section: 'backend' },
  BACKEND_REDIRECT_HTTP_TO_HTTPS: one(
    'shared',
    ['bindAddr', 'cleanedUpHostname', 'backend'],
    'HAPROXY_{n}_REDIRECT_TO_HTTPS',
  ),
  BACKEND_REDIRECT_HTTP_TO_HTTPS_WITH_PATH: one(
    'shared',
    ['bindAddr', 'cleanedUpHostname', 'backend'],
    'the same with a path',
  ),
  HTTP_FRONTEND_ACL: rule('one vhost'),
  HTTP_FRONTEND_ACL_WITH_PATH: rule('one vhost with a path'),
  HTTP_FRONTEND_ACL_WITH_AUTH: rule('one vhost with basic auth'),
  HTTP_FRONTEND_ACL_WITH_AUTH_AND_PATH: rule('one vhost with basic auth and a path'),
  HTTP_FRONTEND_ACL_ONLY: rule('several vhosts: the condition, once a vhost'),
  HTTP_FRONTEND_ACL_ONLY_WITH_PATH: rule('several vhosts: the condition of the path'),
  HTTP_FRONTEND_ACL_ONLY_WITH_PATH_AND_AUTH: rule('several vhosts: the conditions of path and auth'),
  HTTP_FRONTEND_ROUTING_ONLY: rule('several vhosts: what leads to the backend'),
  HTTP_FRONTEND_ROUTING_ONLY_WITH_AUTH: rule('the same with basic auth'),
  HTTP_FRONTEND_ROUTING_ONLY_WITH_PATH: rule('the same with a path'),
  HTTP_FRONTEND_ROUTING_ONLY_WITH_PATH_AND_AUTH: rule('the same with a path and basic auth'),
  HTTPS_FRONTEND_ACL: rule('HTTPS: a vhost'),
  HTTPS_FRONTEND_ACL_WITH_PATH: rule('HTTPS: a vhost with a path'),
  HTTPS_FRONTEND_ACL_WITH_AUTH: rule('HTTPS: a vhost with basic auth'),
  HTTPS_FRONTEND_ACL_WITH_AUTH_AND_PATH: rule('HTTPS: a vhost with basic auth and a path'),
  HTTPS_FRONTEND_ACL_ONLY_WITH_PATH: rule('HTTPS: the condition of the path'),
  HTTPS_FRONTEND_AUTH_ACL_ONLY: rule('not used, nor by the last marathon-lb'),
  HTTPS_FRONTEND_AUTH_REQUEST_ONLY: rule('not used, nor by the last marathon-lb'),
  HTTPS_FRONTEND_ROUTING_ONLY_WITH_PATH_AND_AUTH: rule('not used, nor by the last marathon-lb'),
  HTTP_FRONTEND_APPID_ACL: one(
    'shared',
    ['cleanedUpAppId', 'hostname', 'appId', 'backend'],
    'an app by its id',
  ),
  MAP_HTTP_FRONTEND_ACL: all(['haproxy_dir'], 'HTTP: the look-up of hosts without a path'),
  MAP_HTTP_FRONTEND_ACL_ONLY: all(['haproxy_dir'], 'the same; used where MAP_HTTP_FRONTEND_ACL is not set'),
  MAP_HTTPS_FRONTEND_ACL: all(['haproxy_dir', 'hostname'], 'HTTPS: the look-up of hosts without a path'),
  MAP_HTTP_FRONTEND_APPID_ACL: all(['haproxy_dir'], 'the look-up of app ids'),
} as const satisfies Readonly<Record<string, TemplateSpec>>;

export type TemplateName = keyof typeof templates;

export const templateNames = Object.keys(templates) as TemplateName[];

export const isTemplateName = (name: string): name is TemplateName => Object.hasOwn(templates, name);

export const templateSpec = (name: TemplateName): TemplateSpec => templates[name];
