/**
 * Every error a user can meet: a stable code, what it means and what to do about it.
 * Anything else that is thrown is a bug.
 */
export const errorCatalogue = {
  SETTINGS_INVALID: 'A flag, an environment variable or the settings file has a wrong value.',
  SETTINGS_UNKNOWN_KEY: 'A key is not one of the settings; the message names the nearest known one.',
  FILE_UNREADABLE: 'A file that was named cannot be read.',
  FILE_MALFORMED: 'A file that was named does not hold what it should.',
  STATE_DIR_UNWRITABLE: 'The state directory cannot be created or written.',
  STATE_DIR_IN_USE: 'Another Pacer runs with this state directory.',
  PORT_IN_USE: 'A port that Pacer or HAProxy must have is held by another process.',
  SOCKET_PATH_TOO_LONG: 'A unix socket path is longer than the kernel allows (107 bytes).',
  HAPROXY_MISSING: 'No HAProxy program was found.',
  HAPROXY_TOO_OLD: 'The HAProxy found is older than 2.6.',
  HAPROXY_REJECTS: 'haproxy -c does not accept a configuration.',
  HAPROXY_UNREACHABLE: 'A HAProxy socket does not answer.',
  HAPROXY_START_FAILED: 'HAProxy did not start.',
  HAPROXY_RELOAD_FAILED: 'HAProxy did not take a new configuration; the old workers go on serving.',
  CERTIFICATE_INVALID: 'A certificate file is missing, or holds no certificate and private key.',
  MARATHON_UNREACHABLE: 'No Marathon endpoint answers.',
  MARATHON_REFUSED: 'Marathon answers with an error status, or refuses the credentials.',
  MARATHON_MALFORMED: 'Marathon answers with something that is not what its API promises.',
} as const;

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
  if (!(error instanceof Error)) return String(error);
  const own = error.message === '' ? error.name : error.message;
  if (error instanceof AggregateError && error.message === '') {
    return error.errors.map(messageOf).join('; ');
  }
  return error.cause === undefined ? own : `${own}: ${messageOf(error.cause)}`;
}
