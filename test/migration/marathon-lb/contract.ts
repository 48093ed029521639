/** What marathon-lb 1.15 documents: every label, template, placeholder, flag, variable and endpoint, by its name. */

/** Where something of it is shown: a golden case, a test by its file and title, or a difference by how it begins. */
export type Evidence =
  | { readonly golden: string }
  | { readonly test: readonly [file: string, title: string] }
  | { readonly difference: string };

const golden = (name: string): Evidence => ({ golden: name });
const shown = (file: string, title: string): Evidence => ({ test: [file, title] });
const differs = (marathonLb: string): Evidence => ({ difference: marathonLb });

/** Each is in a golden case as a label; these are `HAPROXY_<name>`. */
export const appLabels = words(`
  GROUP DEPLOYMENT_GROUP DEPLOYMENT_ALT_PORT DEPLOYMENT_COLOUR DEPLOYMENT_STARTED_AT DEPLOYMENT_TARGET_INSTANCES
  DEPLOYMENT_NEW_INSTANCES`);

/** `HAPROXY_{n}_<name>`. */
export const portLabels = words(`
  GROUP ENABLED VHOST PATH BACKEND_WEIGHT PORT BIND_ADDR BIND_OPTIONS SSL_CERT MODE BALANCE STICKY REDIRECT_TO_HTTPS
  USE_HSTS AUTH HTTP_BACKEND_PROXYPASS_PATH HTTP_BACKEND_REVPROXY_PATH HTTP_BACKEND_REDIR BACKEND_NETWORK_ALLOWED_ACL
  BACKEND_HEALTHCHECK_PORT_INDEX`);

const check = words(`
  healthCheck healthCheckPortIndex healthCheckPort healthCheckProtocol healthCheckPath healthCheckTimeoutSeconds
  healthCheckIntervalSeconds healthCheckGracePeriodSeconds healthCheckMaxConsecutiveFailures healthCheckFalls
  healthCheckPortOptions`);
const rule = words('cleanedUpHostname hostname path appId realm backend');
const redirect = words('bindAddr cleanedUpHostname backend');

/** Of all ports, as files or variables `HAPROXY_<name>`, with their placeholders. */
export const operatorTemplates: Readonly<Record<string, readonly string[]>> = {
  HEAD: [],
  HTTP_FRONTEND_HEAD: [],
  HTTPS_FRONTEND_HEAD: ['sslCerts'],
  HTTP_FRONTEND_APPID_HEAD: [],
  HTTPS_GROUPED_FRONTEND_HEAD: [],
  HTTPS_GROUPED_VHOST_FRONTEND_HEAD: words('name sslCerts bindOpts'),
  HTTPS_GROUPED_VHOST_BACKEND_HEAD: ['name'],
  HTTPS_GROUPED_VHOST_FRONTEND_ACL: words('backend host'),
  HTTP_BACKEND_ACL_ALLOW_DENY: [],
  TCP_BACKEND_ACL_ALLOW_DENY: [],
  MAP_HTTP_FRONTEND_ACL: ['haproxy_dir'],
  MAP_HTTP_FRONTEND_ACL_ONLY: ['haproxy_dir'],
  MAP_HTTPS_FRONTEND_ACL: ['haproxy_dir'],
  MAP_HTTP_FRONTEND_APPID_ACL: ['haproxy_dir'],
};

/** Of one port as well, as labels `HAPROXY_{n}_<name>`. */
export const portTemplates: Readonly<Record<string, readonly string[]>> = {
  USERLIST_HEAD: words('backend user passwd'),
  FRONTEND_HEAD: words('backend bindAddr servicePort mode sslCert bindOptions'),
  FRONTEND_BACKEND_GLUE: ['backend'],
  BACKEND_HEAD: words('backend balance mode'),
  BACKEND_HTTP_OPTIONS: [],
  BACKEND_HSTS_OPTIONS: [],
  BACKEND_STICKY_OPTIONS: [],
  BACKEND_HTTP_HEALTHCHECK_OPTIONS: check,
  BACKEND_TCP_HEALTHCHECK_OPTIONS: check,
  BACKEND_SERVER_HTTP_HEALTHCHECK_OPTIONS: check,
  BACKEND_SERVER_TCP_HEALTHCHECK_OPTIONS: check,
  BACKEND_SERVER_OPTIONS: words(
    'host host_ipv4 port serverName serverId cookieOptions healthCheckOptions otherOptions',
  ),
  HTTP_BACKEND_PROXYPASS_GLUE: words('hostname proxypath'),
  HTTP_BACKEND_REVPROXY_GLUE: words('hostname rootpath'),
  HTTP_BACKEND_REDIR: words('hostname redirpath'),
  HTTP_BACKEND_NETWORK_ALLOWED_ACL: ['network_allowed'],
  TCP_BACKEND_NETWORK_ALLOWED_ACL: ['network_allowed'],
  BACKEND_REDIRECT_HTTP_TO_HTTPS: redirect,
  BACKEND_REDIRECT_HTTP_TO_HTTPS_WITH_PATH: redirect,
  ...Object.fromEntries(
    words(`
      HTTP_FRONTEND_ACL HTTP_FRONTEND_ACL_WITH_PATH HTTP_FRONTEND_ACL_WITH_AUTH HTTP_FRONTEND_ACL_WITH_AUTH_AND_PATH
      HTTP_FRONTEND_ACL_ONLY HTTP_FRONTEND_ACL_ONLY_WITH_PATH HTTP_FRONTEND_ACL_ONLY_WITH_PATH_AND_AUTH
      HTTP_FRONTEND_ROUTING_ONLY HTTP_FRONTEND_ROUTING_ONLY_WITH_AUTH HTTP_FRONTEND_ROUTING_ONLY_WITH_PATH
      HTTP_FRONTEND_ROUTING_ONLY_WITH_PATH_AND_AUTH HTTPS_FRONTEND_ACL HTTPS_FRONTEND_ACL_WITH_PATH
      HTTPS_FRONTEND_ACL_WITH_AUTH HTTPS_FRONTEND_ACL_WITH_AUTH_AND_PATH HTTPS_FRONTEND_ACL_ONLY_WITH_PATH
      HTTPS_FRONTEND_AUTH_ACL_ONLY HTTPS_FRONTEND_AUTH_REQUEST_ONLY HTTPS_FRONTEND_ROUTING_ONLY_WITH_PATH_AND_AUTH`).map(
      (name) => [name, rule],
    ),
  ),
  HTTP_FRONTEND_APPID_ACL: words('cleanedUpAppId hostname appId backend'),
};

const dropIn = 'test/e2e/drop-in.test.ts';
const settings = 'test/settings/settings.test.ts';
const access = 'test/settings/access.test.ts';
const lbSettings = 'test/settings/marathon-lb.test.ts';
const endpointsTest = 'test/e2e/endpoints.test.ts';
const noEffect = shown(
  'test/migration/migrate.test.ts',
  'flags that need do nothing here say why, and are no settings',
);

/** By the name without dashes. */
export const flags: Readonly<Record<string, Evidence>> = {
  longhelp: shown(dropIn, '--longhelp tells of flags, variables and labels, without a group'),
  marathon: shown(access, 'a ZooKeeper stands among other addresses, and its commas are its own'),
  'haproxy-config': shown(
    dropIn,
    'a HAProxy that was started with the file of --haproxy-config is reloaded with what is written there',
  ),
  group: golden('groups'),
  command: shown('test/e2e/command.test.ts', 'the command brings the apps into service'),
  'max-reload-retries': shown(
    'test/e2e/command.test.ts',
    'a command that fails is tried again as often as told and reported, while the old configuration serves',
  ),
  'reload-interval': shown(
    'test/e2e/command.test.ts',
    'a command that fails is tried again as often as told and reported, while the old configuration serves',
  ),
  'strict-mode': golden('enabled'),
  sse: shown(dropIn, '`%s` follows the events'),
  'archive-versions': shown(lbSettings, 'no revision need be kept beside the current one'),
  'health-check': golden('health-respected'),
  'lru-cache-capacity': shown(
    settings,
    'flags of marathon-lb that have no effect here are accepted, and each says why',
  ),
  'haproxy-map': noEffect,
  'dont-bind-http-https': golden('no-http-listeners'),
  'group-https-by-vhost': golden('grouped-https'),
  'ssl-certs': golden('whole-configuration'),
  'skip-validation': noEffect,
  'skip-config-cleanup': shown(settings, "every flag of marathon-lb's is accepted"),
  dry: shown(dropIn, 'prints the configuration for what Marathon says now, and touches nothing'),
  'min-serv-port-ip-per-task': shown(
    'test/core/services/assigned-ports.test.ts',
    'a port follows from the app, the port of its tasks and nothing else',
  ),
  'max-serv-port-ip-per-task': shown(
    'test/core/services/assigned-ports.test.ts',
    'who finds no port left is told to take one by label',
  ),
  'max-backoff': shown(
    lbSettings,
    'a longer backoff than Pacer ever waits is kept to, a shorter one is taken',
  ),
  'syslog-socket': golden('syslog'),
  'log-format': shown(settings, "marathon-lb's log settings do no harm"),
  'log-level': shown(settings, "marathon-lb's log settings do no harm"),
  'marathon-auth-credential-file': shown(
    access,
    'come from a file, the environment or a flag, and a password may hold colons',
  ),
  'auth-credentials': shown(
    access,
    'come from a file, the environment or a flag, and a password may hold colons',
  ),
  'dcos-auth-credentials': shown(
    access,
    'comes as JSON or as the path of a file, from a flag or the environment',
  ),
  'marathon-ca-cert': shown(access, 'authorities, certificate and key are read from their files'),
};

const oneSetting = shown(
  lbSettings,
  'variables that stand for one setting are read, and an empty one is none',
);
const certificates = shown(
  lbSettings,
  'certificates become files of the state directory, used for HTTPS unless others are named',
);

export const variables: Readonly<Record<string, Evidence>> = {
  PORTS: shown(dropIn, '`%s` follows the events'),
  POLL_INTERVAL: shown(
    dropIn,
    '`poll` asks Marathon every POLL_INTERVAL seconds and attaches no event stream',
  ),
  HAPROXY_SSL_CERT: certificates,
  HAPROXY_SSL_CERT0: certificates,
  HAPROXY_SSL_CERT100: certificates,
  MESOS_SANDBOX: shown(
    'test/render/operator/operator-templates.test.ts',
    'is looked for in --templates, then in the sandbox, if that has some',
  ),
  HAPROXY_SYSCTL_PARAMS: shown(lbSettings, 'kernel parameters are read as sysctl takes them'),
  SYSLOG_SOCKET: shown(lbSettings, 'a syslog socket of /dev/null is no log'),
  MARATHON_USER: shown(
    lbSettings,
    'MARATHON_USER and MARATHON_PASSWORD are credentials together, and nothing alone',
  ),
  MARATHON_PASSWORD: shown(
    lbSettings,
    'MARATHON_USER and MARATHON_PASSWORD are credentials together, and nothing alone',
  ),
  DCOS_SERVICE_ACCOUNT_CREDENTIAL: oneSetting,
  HAPROXY_GLOBAL_DEFAULT_OPTIONS: oneSetting,
  FRAMEWORK_NAME: shown(dropIn, "the load balancer's own app, FRAMEWORK_NAME, is not exposed"),
  'HAPROXY_<TEMPLATE>': shown(
    'test/render/operator/operator-templates.test.ts',
    'in a variable wins over one in a file, and the first directory over the next',
  ),
};

export const endpoints: Readonly<Record<string, Evidence>> = {
  '/haproxy?stats': shown(
    endpointsTest,
    'the statistics are there as a page and as CSV, with the servers of the apps',
  ),
  '/haproxy?stats;csv': shown(
    endpointsTest,
    'the statistics are there as a page and as CSV, with the servers of the apps',
  ),
  '/_haproxy_health_check': shown(endpointsTest, 'the health check answers 200'),
  '/_haproxy_getconfig': shown(endpointsTest, 'the configuration is shown without passwords'),
  '/_haproxy_getvhostmap': shown(
    endpointsTest,
    'the maps have a line for each host and each app, in the form of marathon-lb',
  ),
  '/_haproxy_getappmap': shown(
    endpointsTest,
    'the maps have a line for each host and each app, in the form of marathon-lb',
  ),
  '/_haproxy_getpids': shown(
    endpointsTest,
    'while an old worker finishes a connection there are two pids, and one again when it has',
  ),
  '/_mlb_signal/hup': shown(endpointsTest, 'hup fetches everything from Marathon'),
  '/_mlb_signal/usr1': shown(
    endpointsTest,
    'usr1 reloads HAProxy though nothing has changed, and fails no request',
  ),
  '/metrics': shown(endpointsTest, "HAProxy's own metrics are there"),
  SIGHUP: shown(endpointsTest, 'SIGHUP and SIGUSR1 do the same as the two paths'),
  SIGUSR1: shown(endpointsTest, 'SIGHUP and SIGUSR1 do the same as the two paths'),
};

const guards = 'test/core/routing/guards.test.ts';
const rewrites = 'test/e2e/rewrites.test.ts';

/** How the original behaves beyond names. */
export const behaviour: Readonly<Record<string, readonly Evidence[]>> = {
  'names of backends': [
    shown('test/core/model/names.test.ts', 'a backend is named by the app id and the service port'),
  ],
  'names of servers': [
    shown(
      'test/core/model/names.test.ts',
      'a server is named by host, address and port, the host left out where it is the address',
    ),
  ],
  'sticky cookies': [
    shown('test/core/model/names.test.ts', 'a cookie is the beginning of the SHA-1 of the server name'),
  ],
  'ids of servers': [
    shown(
      'test/core/servers/server-ids.test.ts',
      'are those of marathon-lb for any names, twice the same one too',
    ),
  ],
  'states of tasks': [golden('task-states')],
  'blue/green deploys': [
    shown(
      'test/e2e/blue-green.test.ts',
      'the tool replaces one side by the other, task by task, and no request fails',
    ),
  ],
  'several checks of a task': [
    golden('health-any'),
    differs('A task with several health checks is healthy when any of them passes'),
  ],
  'AUTH of a host guards every request for it': [
    shown(guards, 'AUTH of a host without a path holds for a path of another app'),
    shown(guards, 'of two apps on one host only the second has AUTH'),
    shown(
      'test/e2e/host-guards.test.ts',
      'is asked for on every path of it, also of another app, over http and https',
    ),
    differs('`HAPROXY_{n}_AUTH` and the allowed networks guard the vhost only'),
    differs('Where two apps of one host have `HAPROXY_{n}_AUTH`'),
  ],
  'the redirect of a host is for every request for it': [
    shown(guards, 'the redirect of a host holds for a path of another app'),
    shown(
      'test/e2e/host-guards.test.ts',
      'names the port that clients see, and is the host’s for another app’s path too',
    ),
  ],
  'redirects and HSTS': [
    golden('redirect-behind-proxy'),
    golden('redirect-proxy-protocol'),
    differs('Redirects to https and HSTS go by the connection alone'),
  ],
  'STICKY turns check on': [golden('sticky')],
  'STICKY in tcp mode': [golden('sticky-tcp'), differs('`HAPROXY_{n}_STICKY` in tcp mode')],
  'PROXYPASS strips a prefix': [
    shown(rewrites, 'strips whole segments of the path, keeps the query, and tells the server the vhost'),
    differs('`HAPROXY_{n}_HTTP_BACKEND_PROXYPASS_PATH` strips any beginning of the path'),
  ],
  'PROXYPASS without a vhost, or with several': [
    golden('proxypass-without-vhost'),
    golden('proxypass-several-hosts'),
    differs('`HAPROXY_{n}_HTTP_BACKEND_PROXYPASS_PATH` without a vhost'),
  ],
  'REVPROXY and the rest of Location': [
    shown(rewrites, 'goes before a redirect that stays on the vhost'),
    differs('`HAPROXY_{n}_HTTP_BACKEND_REVPROXY_PATH` takes the place'),
  ],
  'REDIR with several vhosts': [
    shown(rewrites, 'REDIR redirects the root of each vhost, and nothing else'),
    differs('`HAPROXY_{n}_HTTP_BACKEND_REDIR` with several vhosts'),
  ],
  'a Host header with a port': [
    shown(
      'test/e2e/routing.test.ts',
      'goes to its app by host, whatever the case, with a port or a trailing dot',
    ),
    differs('Without `--haproxy-map`, a Host header with a port'),
  ],
};

function words(text: string): readonly string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}
