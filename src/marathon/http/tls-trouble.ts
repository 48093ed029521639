/**
 * Explains why a Marathon does not answer over TLS, and what to do. With TLS 1.3, a server that wants a client
 * certificate says so after the client's handshake is over, and undici only sees a closed connection. So the server is
 * asked once more, over a connection that sends nothing and reads the alert.
 */
import { connect, type ConnectionOptions } from 'node:tls';
import { messageOf } from '../../errors.ts';

/** Milliseconds to wait for the alert. */
const patienceMs = 2_000;

/** The server refuses the certificate it was shown. [rfc8446] 6.2 */
const refusals: Readonly<Record<string, string>> = {
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: 'it cannot be read or verified',
  ERR_SSL_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE: 'it is of an unsupported kind',
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_REVOKED: 'it is revoked',
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: 'it has expired',
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN: 'it is not accepted',
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: 'its CA is not trusted there',
  ERR_SSL_TLSV1_ALERT_ACCESS_DENIED: 'it has no access',
};
/** Errors on our side: the server's certificate is not trusted. */
const untrusted = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_GET_ISSUER_CERT',
]);
const closed = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

/** The connection that failed. */
export interface TlsSituation {
  /** The server's name and port. */
  readonly url: URL;
  readonly options: ConnectionOptions;
}

/** The reason; undefined if it has nothing to do with TLS. Never rejects. */
export async function tlsTrouble(
  error: unknown,
  { url, options }: TlsSituation,
): Promise<string | undefined> {
  if (url.protocol !== 'https:') return undefined;
  const code = codeIn(error);
  const shows = options.cert !== undefined;
  const known = code === undefined ? undefined : described(code, error, shows);
  if (known !== undefined || code === undefined || !closed.has(code)) return known;
  const end = await endOf(url, options);
  if (end === 'closed')
    return shows
      ? 'it closes connections right after the TLS handshake: perhaps it refuses the client certificate of --marathon-client-cert'
      : 'it closes connections right after the TLS handshake: if it asks for a client certificate, set --marathon-client-cert and --marathon-client-key';
  const alert = codeIn(end);
  return alert === undefined ? undefined : described(alert, end, shows);
}

function described(code: string, error: unknown, shows: boolean): string | undefined {
  if (code === 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED')
    return shows
      ? 'it asks for a client certificate and does not accept the one of --marathon-client-cert'
      : 'it asks for a client certificate and none is given: set --marathon-client-cert and --marathon-client-key';
  if (code === 'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE')
    return shows
      ? 'it refuses the TLS handshake, perhaps because of the certificate of --marathon-client-cert'
      : 'it refuses the TLS handshake; if it asks for a client certificate, set --marathon-client-cert and --marathon-client-key';
  if (Object.hasOwn(refusals, code))
    return shows
      ? `it refuses the client certificate of --marathon-client-cert: ${refusals[code] ?? ''}`
      : `it asks for a client certificate and none is given (${refusals[code] ?? ''}): set --marathon-client-cert and --marathon-client-key`;
  if (untrusted.has(code))
    return `its certificate is not trusted (${messageOf(error)}): give its CA certificate with --marathon-ca-cert`;
  return undefined;
}

/** The code of the error or of its cause: fetch wraps errors. */
function codeIn(error: unknown): string | undefined {
  for (let at = error; at instanceof Error; at = at.cause)
    if ('code' in at && typeof at.code === 'string') return at.code;
  return undefined;
}

/** What ends a connection on which nothing is sent: an error, data, or nothing in time. */
function endOf({ hostname, port }: URL, options: ConnectionOptions): Promise<unknown> {
  return new Promise((resolve) => {
    const host = hostname.replace(/^\[|\]$/g, '');
    let isSecure = false;
    const socket = connect({ ...options, host, port: Number(port || 443), timeout: patienceMs });
    const end = (reason: unknown) => {
      socket.destroy();
      resolve(reason);
    };
    socket
      .once('secureConnect', () => (isSecure = true))
      .once('error', end)
      .once('timeout', () => end(undefined))
      .once('close', () => end(isSecure ? 'closed' : undefined));
    socket.resume();
  });
}
