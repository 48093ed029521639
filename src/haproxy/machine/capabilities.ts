/** What a HAProxy version can do, as a value. The only place that compares version numbers. */
import type { HaproxyVersion } from './version.ts';

/** What a version can do. Each field says which command or option it is about. */
export interface Capabilities {
  readonly version: string;
  /** `add server` accepts `cookie` and computes dynamic cookies. */
  readonly addServerCookie: boolean;
  /** Words of server lines that `add server` refuses or ignores. */
  readonly refusedServerWords: ReadonlySet<string>;
  /** `add server` and the configuration accept `init-state`. */
  readonly initState: boolean;
  /** `add backend`, `publish backend`, `del backend`. */
  readonly addBackend: boolean;
  /** `wait <delay> srv-removable <backend/server>`. */
  readonly waitSrvRemovable: boolean;
  /** One prompt per line, not per `;` command. */
  readonly promptPerLine: boolean;
  /** `reload` on the master socket waits, and replies `Success=0|1` with HAProxy's messages. */
  readonly reloadReply: boolean;
  /** The master socket refuses connections while a new configuration is parsed. */
  readonly masterUnreachableInReload: boolean;
  /** `mworker-max-reloads` has a default (50), so old workers are killed unless it is set. */
  readonly maxReloadsDefault: boolean;
  /** The longest command line that Pacer sends, in bytes. */
  readonly maxLine: number;
}

/** The oldest version Pacer works with. */
export const oldestSupported: HaproxyVersion = { version: '2.6.0', major: 2, minor: 6 };

/** Tested on 2.6, 3.0 and 3.4. All of them refuse files unless these are loaded already. */
const neverAdded = [
  ...['init-addr', 'resolvers', 'resolve-opts', 'resolve-prefer', 'resolve-net', 'redir', 'namespace'],
  ...['max-reuse', 'log-proto', 'no-check', 'ca-file', 'crt', 'crl-file'],
];

function refusedServerWords(since: (major: number, minor: number) => boolean): ReadonlySet<string> {
  return new Set([
    ...neverAdded,
    ...(since(3, 0) ? ['enabled'] : ['cookie', 'shard', 'guid', 'hash-key', 'set-proxy-v2-tlv-fmt']),
    ...(since(3, 1) ? [] : ['init-state', 'strict-maxconn']),
  ]);
}

/** What this version can do. Facts come from HAProxy's documentation and from tests on each version. */
export function capabilitiesOf(version: HaproxyVersion): Capabilities {
  const since = (major: number, minor: number) =>
    version.major > major || (version.major === major && version.minor >= minor);
  return {
    version: version.version,
    // [haproxy] 2.6 replies "'cookie' option is not accepted for dynamic servers"; 3.0 and 3.4 accept it.
    addServerCookie: since(3, 0),
    refusedServerWords: refusedServerWords(since),
    // [haproxy] configuration.txt 3.1 5.2 "init-state"; 3.0 does not know the word.
    initState: since(3, 1),
    // [haproxy] management.txt 3.4 9.3 "add backend"; 3.2 and before refuse it.
    addBackend: since(3, 4),
    // [haproxy] management.txt 3.0 9.3 "wait".
    waitSrvRemovable: since(3, 0),
    promptPerLine: since(3, 4),
    // [haproxy] management.txt 2.7 9.4.1 "reload".
    reloadReply: since(2, 7),
    // Up to 3.0 the master itself parses; from 3.1 on the new worker does.
    masterUnreachableInReload: !since(3, 1),
    // [haproxy] configuration.txt 3.4 3.1 "mworker-max-reloads".
    maxReloadsDefault: since(3, 4),
    // bufsize is 16,384 everywhere; 3.4.0 prints its help without end at exactly that length.
    maxLine: 8192,
  };
}
