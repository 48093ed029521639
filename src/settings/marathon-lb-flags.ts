/** marathon-lb's flags, as its argparse reads them, and what is different about those that mean something else here. */

/** One of marathon-lb's flags. */
export interface MarathonLbFlag {
  /** Without dashes. Pacer has a setting of the same name, except for `longhelp`. */
  readonly flag: string;
  readonly short?: string;
  /** How many words follow: none, one, or all up to the next flag. */
  readonly values: 'none' | 'one' | 'some';
  /** What is different. If it has no effect at all, the settings table says so. */
  readonly differs?: string;
}

/** All of marathon-lb's flags. */
export const marathonLbFlags: readonly MarathonLbFlag[] = [
  { flag: 'longhelp', values: 'none' },
  {
    flag: 'marathon',
    short: 'm',
    values: 'some',
    differs:
      'an https endpoint is verified against the system, or against --marathon-ca-cert; --marathon-insecure turns that off',
  },
  {
    flag: 'haproxy-config',
    values: 'one',
    differs: 'a copy of the configuration; maps, error pages and earlier revisions are in --state-dir',
  },
  { flag: 'group', values: 'one' },
  {
    flag: 'command',
    short: 'c',
    values: 'one',
    differs:
      'Pacer runs HAProxy itself unless there is a command; a command must end within 60 seconds, and its exit status must say whether HAProxy was reloaded',
  },
  { flag: 'max-reload-retries', values: 'one', differs: 'only with --command' },
  { flag: 'reload-interval', values: 'one', differs: 'only with --command' },
  { flag: 'strict-mode', values: 'none' },
  { flag: 'sse', short: 's', values: 'none' },
  {
    flag: 'archive-versions',
    values: 'one',
    differs: 'whole revisions with maps, in --state-dir; the current one is kept as well',
  },
  {
    flag: 'health-check',
    short: 'H',
    values: 'none',
    differs: 'a task with several checks needs all of them to pass; --health-mode any is the old rule',
  },
  { flag: 'lru-cache-capacity', values: 'one' },
  { flag: 'haproxy-map', values: 'none' },
  { flag: 'dont-bind-http-https', values: 'none' },
  {
    flag: 'group-https-by-vhost',
    values: 'none',
    differs:
      'only a service with a certificate or bind options for TLS gets a TLS frontend of its own; all other vhosts share one',
  },
  { flag: 'ssl-certs', values: 'one' },
  { flag: 'skip-validation', values: 'none' },
  { flag: 'skip-config-cleanup', values: 'none' },
  { flag: 'dry', short: 'd', values: 'none' },
  { flag: 'min-serv-port-ip-per-task', values: 'one' },
  { flag: 'max-serv-port-ip-per-task', values: 'one' },
  { flag: 'max-backoff', values: 'one', differs: 'Pacer never waits longer than 10 seconds' },
  {
    flag: 'syslog-socket',
    values: 'one',
    differs: 'where HAProxy logs requests; Pacer itself logs to standard output',
  },
  {
    flag: 'log-format',
    values: 'one',
    differs: 'json or pretty; a Python logging format means json',
  },
  { flag: 'log-level', values: 'one' },
  { flag: 'marathon-auth-credential-file', values: 'one' },
  {
    flag: 'auth-credentials',
    values: 'one',
    differs:
      'still accepted, but everyone on the machine can read it: PACER_AUTH_CREDENTIALS or a file is better',
  },
  {
    flag: 'dcos-auth-credentials',
    values: 'one',
    differs:
      'still accepted, but everyone on the machine can read it: DCOS_SERVICE_ACCOUNT_CREDENTIAL or a file is better',
  },
  { flag: 'marathon-ca-cert', values: 'one' },
];
