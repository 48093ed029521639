/** marathon-lb's flags as its argparse takes them, and what is to be known of those that mean something else here. */

export interface MarathonLbFlag {
  /** Without dashes. Pacer has a setting of the same name, but for `longhelp`. */
  readonly flag: string;
  readonly short?: string;
  /** How many words follow: none, one, or all up to the next flag. */
  readonly values: 'none' | 'one' | 'some';
  /** What differs; what has no effect at all is said in the settings table. */
  readonly differs?: string;
}

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
      'Pacer runs HAProxy itself unless there is a command; a command must end within 60 seconds and tell by its status whether HAProxy was reloaded',
  },
  { flag: 'max-reload-retries', values: 'one', differs: 'only with --command' },
  { flag: 'reload-interval', values: 'one', differs: 'only with --command' },
  { flag: 'strict-mode', values: 'none' },
  { flag: 'sse', short: 's', values: 'none' },
  {
    flag: 'archive-versions',
    values: 'one',
    differs: 'whole revisions with maps, in --state-dir; the current one is kept beside them',
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
      'a TLS frontend of its own only for a service with a certificate or bind options for TLS; all other vhosts share one',
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
    differs: 'json or pretty; a format of Python means json',
  },
  { flag: 'log-level', values: 'one' },
  { flag: 'marathon-auth-credential-file', values: 'one' },
  {
    flag: 'auth-credentials',
    values: 'one',
    differs:
      'still taken, but everyone on the machine can read it: PACER_AUTH_CREDENTIALS or a file is better',
  },
  {
    flag: 'dcos-auth-credentials',
    values: 'one',
    differs:
      'still taken, but everyone on the machine can read it: DCOS_SERVICE_ACCOUNT_CREDENTIAL or a file is better',
  },
  { flag: 'marathon-ca-cert', values: 'one' },
];
