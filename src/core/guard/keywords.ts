/** The keywords with which a label's line may begin, by section. [haproxy] configuration.txt 4.1, 2.6 to 3.2 */
import type { Section } from '../model/template-names.ts';

const both = [
  'acl',
  'compression',
  'declare',
  'description',
  'disabled',
  'enabled',
  'error-log-format',
  'errorfile',
  'errorloc',
  'errorloc302',
  'errorloc303',
  'filter',
  'http-after-response',
  'http-error',
  'http-request',
  'http-response',
  'id',
  'log',
  'log-format',
  'log-format-sd',
  'log-tag',
  'maxconn',
  'mode',
  'option',
  'redirect',
  'stick-table',
  'tcp-request',
  'timeout',
  'unique-id-format',
  'unique-id-header',
];

const frontend = [
  ...both,
  'backlog',
  'bind',
  'capture',
  'clitcpka-cnt',
  'clitcpka-idle',
  'clitcpka-intvl',
  'default_backend',
  'monitor',
  'monitor-uri',
  'rate-limit',
  'use_backend',
];

const backend = [
  ...both,
  'balance',
  'cookie',
  'default-server',
  'dispatch',
  'email-alert',
  'force-persist',
  'fullconn',
  'hash-balance-factor',
  'hash-preserve-affinity',
  'hash-type',
  'http-check',
  'http-reuse',
  'http-send-name-header',
  'ignore-persist',
  'max-keep-alive-queue',
  'max-session-srv-conns',
  'persist',
  'retries',
  'retry-on',
  'server',
  'source',
  'srvtcpka-cnt',
  'srvtcpka-idle',
  'srvtcpka-intvl',
  'stick',
  'tcp-check',
  'tcp-response',
  'use-server',
];

/** Rules that can have a condition, and so can affect only one service in a frontend that all share. */
export const sharedKeywords = [
  'acl',
  'use_backend',
  'http-request',
  'http-response',
  'http-after-response',
  'redirect',
] as const;

const allowed: Readonly<Record<Exclude<Section, 'server'>, ReadonlySet<string>>> = {
  userlist: new Set(['user', 'group']),
  frontend: new Set(frontend),
  backend: new Set(backend),
  shared: new Set<string>(sharedKeywords),
};

/** HAProxy compares keywords exactly, so a keyword in other letters is not a keyword. */
export const mayStand = (keyword: string, section: Section): boolean =>
  section === 'server' || allowed[section].has(keyword);

/** Keywords that begin a section. [haproxy] configuration.txt 2.6 to 3.4 */
export const sectionKeywords: ReadonlySet<string> = new Set([
  ...['global', 'defaults', 'frontend', 'backend', 'listen', 'userlist', 'peers', 'mailers', 'resolvers'],
  ...['program', 'cache', 'http-errors', 'ring', 'log-forward', 'log-profile', 'fcgi-app', 'crt-store'],
  ...['traces', 'acme'],
]);
