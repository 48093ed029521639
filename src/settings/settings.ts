/** The daemon's settings, checked against each other, with the defaults that depend on other settings. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { MarathonCluster } from '../core/model/marathon-access.ts';
import { PacerError } from '../errors.ts';
import { accessKeys, accessOf, type AccessSettings } from './access.ts';
import { clustersOf } from './clusters.ts';
import {
  givenCertificates,
  kernelParameters,
  type GivenCertificate,
  type KernelParameter,
} from './marathon-lb.ts';
import { loadSettings, type LoadedSettings, type SettingSources } from './load.ts';
import { statusServer, type StatusServerSettings } from './status.ts';
import type { SettingValues } from './table.ts';

/** Where the operator's templates are. */
export interface TemplateSources {
  /** `HAPROXY_<NAME>` variables of the environment. */
  readonly variables: Readonly<Record<string, string>>;
  /** The first directory has precedence. */
  readonly directories: readonly string[];
}

/** All settings of the daemon. */
export interface Settings extends Omit<
  SettingValues,
  | keyof AccessSettings
  | 'groups'
  | 'haproxyMode'
  | 'masterSocket'
  | 'runtimeSocket'
  | 'logFormat'
  | 'logLevel'
> {
  readonly groups: readonly string[];
  readonly haproxyMode: 'supervise' | 'attach' | 'command';
  /** Absolute. In the state directory by default. */
  readonly masterSocket: string;
  readonly runtimeSocket: string;
  readonly logFormat: 'json' | 'pretty';
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
  readonly statusServer: StatusServerSettings;
  /** From marathon-lb's environment. */
  readonly givenCertificates: readonly GivenCertificate[];
  readonly kernelParameters: readonly KernelParameter[];
  readonly templateSources: TemplateSources;
  readonly clusters: readonly [MarathonCluster, ...MarathonCluster[]];
}

/** @param fallback what is used where no source gives it: only the daemon must be told for whom it serves */
export function resolveSettings(
  sources: SettingSources,
  fallback: { readonly groups: readonly string[] } = { groups: [] },
): { settings: Settings; notices: readonly string[] } {
  const loaded = loadSettings(sources);
  const { values, notices } = loaded;
  const said = [...notices];
  const groups = values.groups ?? fallback.groups;
  if (groups.length === 0) {
    throw new PacerError(
      'SETTINGS_INVALID',
      'no --group was given',
      "write --group external, or --group '*' to expose every app",
    );
  }
  const haproxyMode = values.haproxyMode ?? (values.command === undefined ? 'supervise' : 'command');
  if (haproxyMode === 'command' && values.command === undefined) {
    throw new PacerError(
      'SETTINGS_INVALID',
      '--haproxy-mode command needs --command',
      'write the shell command that reloads HAProxy',
    );
  }
  const stateDir = resolve(values.stateDir);
  checkPorts(values);
  const { auth: _auth, authFile: _authFile, dcosAuth: _dcosAuth, ...plain } = values;
  return {
    notices: said,
    settings: {
      ...plain,
      ...forMarathonLb(values, sources.environment, stateDir),
      templateSources: templateSources(values, sources),
      groups,
      haproxyMode,
      stateDir,
      masterSocket: resolve(values.masterSocket ?? join(stateDir, 'run', 'master.sock')),
      runtimeSocket: resolve(values.runtimeSocket ?? join(stateDir, 'run', 'haproxy.sock')),
      logFormat: logFormat(values.logFormat, said),
      logLevel: logLevel(values.logLevel),
      statusServer: statusServer(values, said),
      clusters: clusters(loaded),
    },
  };
}

function clusters({ values, clusters: written, sources }: LoadedSettings): Settings['clusters'] {
  if (written === undefined) return [{ name: undefined, access: accessOf(values) }];
  const besides = accessKeys.flatMap((key) => sources.get(key) ?? []);
  if (besides.length === 0) return clustersOf(written);
  throw new PacerError(
    'SETTINGS_INVALID',
    `${besides.join(' and ')} together with \`clusters\` in the settings file`,
    'set it in each cluster that needs it',
  );
}

/**
 * marathon-lb takes templates from its environment, and from its own folder, into which its sandbox's are copied: so
 * those of the sandbox come first.
 */
function templateSources(
  { templates }: SettingValues,
  { environment, marathonLb = '/marathon-lb' }: SettingSources,
): TemplateSources {
  const sandbox = environment['MESOS_SANDBOX'];
  const folders = [...(sandbox === undefined || sandbox === '' ? [] : [sandbox]), marathonLb];
  return {
    variables: Object.fromEntries(
      Object.entries(environment).flatMap(([name, value]) =>
        name.startsWith('HAPROXY_') && value !== undefined ? [[name, value]] : [],
      ),
    ),
    directories: [
      ...(templates === undefined ? [] : [resolve(templates)]),
      ...folders.map((folder) => join(folder, 'templates')).filter((folder) => existsSync(folder)),
    ],
  };
}

/** Settings that several of marathon-lb's flags and variables determine together. */
function forMarathonLb(
  values: SettingValues,
  environment: SettingSources['environment'],
  stateDir: string,
): Pick<
  Settings,
  | 'givenCertificates'
  | 'kernelParameters'
  | 'sslCerts'
  | 'haproxyConfig'
  | 'syslogSocket'
  | 'ownApp'
  | 'maxBackoff'
  | 'maxConfirmationAge'
> {
  const {
    haproxyConfig,
    sslCerts,
    syslogSocket,
    ownApp,
    maxBackoff,
    maxConfirmationAge,
    poll,
    pollInterval,
  } = values;
  const given = givenCertificates(environment);
  return {
    givenCertificates: given,
    kernelParameters: kernelParameters(environment),
    sslCerts:
      sslCerts === undefined && given.length > 0
        ? given.map(({ name }) => join(stateDir, 'certificates', name))
        : sslCerts,
    haproxyConfig: haproxyConfig === undefined ? undefined : resolve(haproxyConfig),
    syslogSocket: syslogSocket === '/dev/null' || syslogSocket === '' ? undefined : syslogSocket,
    ownApp: ownApp === undefined ? undefined : `/${ownApp.replace(/^\/+/, '')}`,
    maxBackoff: Math.min(10, Math.max(0.5, maxBackoff)),
    // One failed poll is no reason to fail /readyz.
    maxConfirmationAge: poll ? Math.max(maxConfirmationAge, 3 * pollInterval) : maxConfirmationAge,
  };
}

function checkPorts(values: SettingValues): void {
  const ports = new Map<number, string>();
  const own = [
    ...(values.dontBindHttpHttps
      ? []
      : ([
          ['--http-port', values.httpPort],
          ['--https-port', values.httpsPort],
        ] as const)),
    ['--appid-port', values.appidPort] as const,
    ['--stats-port', values.statsPort] as const,
  ];
  for (const [flag, port] of own) {
    const other = ports.get(port);
    if (other !== undefined) {
      throw new PacerError(
        'SETTINGS_INVALID',
        `${other} and ${flag} are both ${port}`,
        'give each listener a port of its own',
      );
    }
    ports.set(port, flag);
  }
}

function logFormat(value: string, notices: string[]): 'json' | 'pretty' {
  if (value === 'json' || value === 'pretty') return value;
  // marathon-lb's flag of this name takes a format of Python's logging module.
  if (value.includes('%(')) {
    notices.push('--log-format: a Python logging format has no meaning here, so Pacer logs as json');
    return 'json';
  }
  throw new PacerError('SETTINGS_INVALID', `--log-format ${JSON.stringify(value)}`, 'write json or pretty');
}

function logLevel(value: string): Settings['logLevel'] {
  const word = value.toLowerCase();
  const aliases: Record<string, Settings['logLevel']> = {
    warning: 'warn',
    critical: 'error',
    fatal: 'error',
    trace: 'debug',
  };
  const level = Object.hasOwn(aliases, word) ? aliases[word] : word;
  if (level === 'debug' || level === 'info' || level === 'warn' || level === 'error') return level;
  throw new PacerError(
    'SETTINGS_INVALID',
    `--log-level ${JSON.stringify(value)}`,
    'write debug, info, warn or error',
  );
}
