/**
 * Every error a user can meet: a stable code, what it means and what to do about it.
 * Anything else that is thrown is a bug.
 */
export const errorCatalogue = {
  SETTINGS_INVALID: {
    means: 'A flag, an environment variable or the settings file has a wrong value.',
    remedy:
      'The message names the setting, where it was given, and what is expected; `pacer COMMAND --help` lists them all.',
  },
  SETTINGS_UNKNOWN_KEY: {
    means: 'A key is not one of the settings; the message names the nearest known one.',
    remedy:
      'Correct its spelling. A key of the settings file is the flag without dashes, an environment variable is `PACER_` and the flag in capitals.',
  },
  FILE_UNREADABLE: {
    means: 'A file that was named cannot be read, or one cannot be written.',
    remedy: 'Check the path and its permissions; Pacer reads it as its own user (`sudo -u pacer cat FILE`).',
  },
  FILE_MALFORMED: {
    means: 'A file that was named does not hold what it should.',
    remedy:
      'The message says what is expected and, where it is known, the line. An empty or cut-off file is often one that was being written.',
  },
  NOTHING_TO_CHECK: {
    means: '`pacer lint` was given nothing that this load balancer would expose, so it has checked nothing.',
    remedy:
      'Most often --group is not what the daemon has, or the labels HAPROXY_GROUP are missing. Where it is meant, say --allow-empty.',
  },
  OPERATOR_TEMPLATE_INVALID: {
    means: 'A template of the operator (a variable HAPROXY_<NAME>, or a file in --templates) cannot be used.',
    remedy:
      'The message names it, the line and what is wrong. docs/templates.md has the names, placeholders and data of each.',
  },
  STATE_DIR_UNWRITABLE: {
    means: 'The state directory cannot be created or written.',
    remedy:
      'Give it to the user Pacer runs as, see that the disk is not full or read-only, or name another with --state-dir.',
  },
  STATE_DIR_UNSAFE: {
    means:
      'Another user can change the state directory, or has laid a file or a link in it: what Pacer writes could end up in any file.',
    remedy:
      'The message names what is not safe, and the command. Only the user Pacer runs as, and root, may own the state directory and write to it.',
  },
  STATE_DIR_IN_USE: {
    means: 'Another Pacer runs with this state directory.',
    remedy: 'Stop the other one, or give each its own --state-dir and ports. The message names its process.',
  },
  PORT_IN_USE: {
    means: 'A port that Pacer or HAProxy must have is held by another process.',
    remedy:
      'End what listens there (`ss -ltnp` tells), or choose another port with the setting that the message names.',
  },
  SOCKET_PATH_TOO_LONG: {
    means: 'A unix socket path is longer than HAProxy (97 bytes) or the kernel (107) takes.',
    remedy:
      'Choose a shorter --state-dir, or name the sockets with --haproxy-socket and --haproxy-master-socket.',
  },
  HAPROXY_MISSING: {
    means: 'No HAProxy program was found.',
    remedy: 'Install HAProxy 2.6 or newer, or name the program with --haproxy-bin.',
  },
  HAPROXY_TOO_OLD: {
    means: 'The HAProxy found is older than 2.6.',
    remedy: 'Install 2.6 or newer; where several are installed, name the one to use with --haproxy-bin.',
  },
  HAPROXY_REJECTS: {
    means: 'haproxy -c does not accept a configuration.',
    remedy:
      'What it says follows with its lines. Where it is about one service, that service is rejected by itself; else it is a setting, a certificate or a template.',
  },
  HAPROXY_UNREACHABLE: {
    means: 'A HAProxy socket does not answer.',
    remedy:
      'See that HAProxy runs (`-W -S SOCKET`), that Pacer may write to the socket, and that the path is the one HAProxy was started with.',
  },
  HAPROXY_START_FAILED: {
    means: 'HAProxy did not start.',
    remedy:
      'What it says follows; all of it is in run/haproxy.log of the state directory. Most often a port is taken, or the limit of open files is too small.',
  },
  HAPROXY_RELOAD_FAILED: {
    means: 'HAProxy did not take a new configuration; the old workers go on serving.',
    remedy:
      'Pacer tries again by itself. The message has the reason; see "When /readyz fails" in running.md.',
  },
  HAPROXY_RUNS_ON: {
    means: 'HAProxy was to be stopped, and still runs.',
    remedy: 'The message names its process; `kill -KILL PID` ends it, with all its connections.',
  },
  CERTIFICATE_INVALID: {
    means: 'A certificate file is missing, or holds no certificate and private key.',
    remedy:
      'Check the file with `openssl x509 -in FILE -noout -subject -enddate` and `openssl pkey -in FILE -noout`, and that Pacer may read it.',
  },
  MARATHON_UNREACHABLE: {
    means: 'No Marathon endpoint answers.',
    remedy:
      'Check --marathon and the network: `curl MARATHON/v2/info` from this machine. Meanwhile HAProxy serves what it has.',
  },
  MARATHON_LB_UNREACHABLE: {
    means: 'The statistics port of a marathon-lb does not give its configuration.',
    remedy:
      'Name the port that has /_haproxy_getconfig (9090 unless it was changed), or save its answer and name the file.',
  },
  MARATHON_REFUSED: {
    means: 'Marathon answers with an error status, or refuses the credentials.',
    remedy:
      "Check the credentials (--auth-credentials, --marathon-auth-credential-file) with `curl -u USER MARATHON/v2/info`; for a 5xx see Marathon's own log.",
  },
  MARATHON_MALFORMED: {
    means: 'Marathon answers with something that is not what its API promises.',
    remedy:
      'See what is at the address that the message names: often a proxy, a login page or another program answers there.',
  },
  PACER_UNREACHABLE: {
    means: 'No Pacer answers at the address that a command asks.',
    remedy:
      'See that `pacer run` runs on that machine, and say where its --status-listen is with --status or PACER_STATUS.',
  },
  PACER_REFUSED: {
    means: 'The status server of Pacer does not do what a command asks of it.',
    remedy:
      'The message has its reason. Changes take a token: name its file with --token-file or PACER_TOKEN_FILE.',
  },
  PACER_MALFORMED: {
    means: 'What answers at the address that a command asks is not the status server of Pacer.',
    remedy: 'Check --status: HAProxy, Marathon or a proxy listens there.',
  },
  REQUEST_INVALID: {
    means: 'A request to the status server has a wrong parameter or body.',
    remedy: 'The message names the parameter and what is expected.',
  },
} as const satisfies Record<string, { readonly means: string; readonly remedy: string }>;

export type ErrorCode = keyof typeof errorCatalogue;

/** An expected error. `message` names the thing that is wrong; `remedy` says what to do. */
export class PacerError extends Error {
  override readonly name = 'PacerError';
  readonly code: ErrorCode;
  readonly remedy: string;

  constructor(code: ErrorCode, message: string, remedy: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.remedy = remedy;
  }
}

/** The text of anything that was thrown, with the causes that lead to it. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return textOf(error);
  const own = error.message === '' ? error.name : error.message;
  if (error instanceof AggregateError && error.message === '') {
    return error.errors.map(messageOf).join('; ');
  }
  return error.cause === undefined ? own : `${own}: ${messageOf(error.cause)}`;
}

/** What was thrown and is no error: never `[object Object]`. */
function textOf(thrown: unknown): string {
  if (typeof thrown !== 'object' || thrown === null) return String(thrown);
  if ('message' in thrown && typeof thrown.message === 'string') return thrown.message;
  try {
    return JSON.stringify(thrown);
  } catch {
    return 'an error that cannot be shown';
  }
}
