/** Pacer's own fragments and the data each is rendered with: what an operator's Handlebars may use. */
const check = [
  'healthCheckPath',
  'healthCheckTimeoutSeconds',
  'healthCheckIntervalSeconds',
  'healthCheckFalls',
  'healthCheckPort',
  'healthCheckTls',
];

export const fragmentData = {
  head: [
    ...['hash', 'certificates', 'files', 'runtimeSocket', 'maxconn', 'maxpipes', 'hardStopAfter'],
    ...['maxReloads', 'logTarget', 'defaultOptions', 'resumesTls', 'backends', 'starting', 'stats'],
    ...['endpoints', 'hasProfiles', 'spares'],
    'runAs',
    'chroot',
  ],
  'http-frontend-head': ['bind'],
  'https-frontend-head': ['bind', 'certificates'],
  'https-grouped-frontend-head': ['bind', 'logs'],
  'https-grouped-frontend-rules': ['map'],
  'https-grouped-vhost-frontend-head': ['name', 'socket', 'certificates', 'offersHttp2', 'bindOptions'],
  'https-grouped-vhost-rules': ['name', 'map', 'isCommon', 'verifies'],
  'https-grouped-vhost-backend-head': ['name', 'socket'],
  'frontend-client-claims': ['claims', 'trustedProxies', 'believesProxyTls'],
  'frontend-routing': [
    ...['before', 'steps', 'late', 'hasDefault', 'hasWildcards', 'ignoresCase', 'redirectToHttps'],
    ...['redirectSuffix', 'knowsHttps', 'coveredNames'],
  ],
  'http-frontend-appid-head': ['bind'],
  'appid-routing': ['before', 'lookUp', 'late', 'hasDefault', 'knowsHttps'],
  'userlist-head': ['backend', 'user', 'passwd'],
  'frontend-head': [
    ...['backend', 'bindAddr', 'servicePort', 'mode', 'isHttp', 'sslCert', 'offersHttp2', 'bindOptions'],
    'logsTcp',
  ],
  'frontend-backend-glue': ['backend'],
  'backend-head': ['backend', 'mode', 'balance', 'consistentHash'],
  'backend-auth': ['backend', 'realm', 'askedBefore'],
  'backend-host-guard': [
    ...['by', 'places', 'redirects', 'redirectSuffix', 'limits', 'networks', 'allowed', 'client'],
    ...['realm', 'users', 'on'],
  ],
  'backend-http-options': ['trustedProxies', 'believesProxyTls'],
  'backend-hsts-options': ['trustedProxies'],
  'backend-sticky-options': ['backend', 'slots', 'slotPrefix', 'healthCheckOptions'],
  'backend-http-healthcheck-options': [...check, 'healthCheckPathMap'],
  'backend-tcp-healthcheck-options': check,
  'backend-server-http-healthcheck-options': check,
  'backend-server-tcp-healthcheck-options': check,
  'backend-server-options': [
    ...['serverName', 'serverId', 'host', 'port', 'cookieOptions', 'healthCheckOptions', 'otherOptions'],
  ],
  'backend-client-address': ['trustedProxies'],
  'http-backend-network-allowed-acl': ['client', 'network_allowed'],
  'http-backend-acl-allow-deny': [],
  'tcp-backend-network-allowed-acl': ['client', 'network_allowed'],
  'tcp-backend-acl-allow-deny': [],
  'http-backend-proxypass-glue': ['hostname', 'severalHosts', 'proxypath', 'proxypathPattern'],
  'http-backend-revproxy-glue': [
    ...['hostname', 'severalHosts', 'rootpath', 'locationPattern', 'locationFormat'],
  ],
  'http-backend-redir': ['hostname', 'severalHosts', 'redirpath', 'byHost'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type FragmentName = keyof typeof fragmentData;

export const fragmentNames = Object.keys(fragmentData) as FragmentName[];

export const isFragmentName = (name: string): name is FragmentName => Object.hasOwn(fragmentData, name);
