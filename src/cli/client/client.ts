/** Asks the status server of a running Pacer, and says exactly what is wrong where it gives no answer. */
import { readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { messageOf, PacerError } from '../../errors.ts';
import { environment } from '../../settings/environment.ts';

export interface PacerClient {
  readonly address: string;
  /** The answer's JSON. @throws PacerError PACER_UNREACHABLE, PACER_REFUSED, PACER_MALFORMED */
  readonly get: (path: string) => Promise<unknown>;
  readonly post: (path: string, body?: unknown) => Promise<unknown>;
  /** The answer as it is, for what is no JSON. */
  readonly text: (path: string) => Promise<string>;
}

interface Reply {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

const patienceMs = 10_000;

/**
 * @param options as `addClientOptions` reads them
 * @param flag the one that names the address
 */
export function pacerClient(options: Readonly<Record<string, unknown>>, flag = '--status'): PacerClient {
  const base = addressOf(given(options['status'], 'PACER_STATUS') ?? 'http://127.0.0.1:9095', flag);
  const tokenPath = given(options['tokenFile'], 'PACER_TOKEN_FILE');
  const pem = (name: string, flag: string) => {
    const path = given(options[name]);
    return path === undefined ? undefined : read(path, flag);
  };
  const certificate = pem('certFile', '--cert-file');
  const ca = pem('caFile', '--ca-file');
  const tls = {
    ...(ca === undefined ? {} : { ca }),
    ...(certificate === undefined ? {} : { cert: certificate, key: certificate }),
  };
  const headers = tokenPath === undefined ? {} : { Authorization: `Bearer ${tokenOf(tokenPath)}` };
  const ask = async (method: string, path: string, body?: string): Promise<Reply> => {
    const reply = await send(new URL(path, base), { method, headers, ...tls }, body);
    if (reply.status >= 200 && reply.status < 300) return reply;
    throw refused(base, path, reply);
  };
  const asJson = ({ text, type }: Reply, path: string): unknown => {
    try {
      if (type.startsWith('application/json')) return JSON.parse(text);
    } catch {
      // Said below.
    }
    throw notPacer(base, path);
  };
  return {
    address: base.origin,
    get: async (path) => asJson(await ask('GET', path), path),
    post: async (path, body) => asJson(await ask('POST', path, JSON.stringify(body ?? {})), path),
    text: async (path) => (await ask('GET', path)).text,
  };
}

function given(value: unknown, variable?: string): string | undefined {
  const text =
    typeof value === 'string' ? value : variable === undefined ? undefined : environment()[variable];
  return text === undefined || text === '' ? undefined : text;
}

function addressOf(text: string, flag: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol)) return url;
  throw new PacerError(
    'SETTINGS_INVALID',
    `${flag} ${text} is no address`,
    'write an address like http://127.0.0.1:9095',
  );
}

function read(path: string, flag: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new PacerError(
      'FILE_UNREADABLE',
      `${flag} ${path}: ${messageOf(error)}`,
      'check that you may read it',
    );
  }
}

function tokenOf(path: string): string {
  const token = read(path, '--token-file')
    .split('\n')
    .map((line) => line.trim())
    .find((line) => line !== '' && !line.startsWith('#'));
  if (token !== undefined) return token;
  throw new PacerError(
    'FILE_MALFORMED',
    `--token-file ${path} holds no token`,
    'name the file that Pacer was given',
  );
}

function send(url: URL, options: RequestOptions, body: string | undefined): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const start = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const request = start(url, { ...options, agent: false, timeout: patienceMs }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.once('error', (error) => reject(unreachable(url, error)));
      response.once('end', () =>
        resolve({ status: response.statusCode ?? 0, type: response.headers['content-type'] ?? '', text }),
      );
    });
    request.once('timeout', () =>
      request.destroy(new Error(`no answer within ${patienceMs / 1000} seconds`)),
    );
    request.once('error', (error) => reject(unreachable(url, error)));
    if (body !== undefined) request.setHeader('Content-Type', 'application/json');
    request.end(body);
  });
}

function unreachable({ origin }: URL, error: Error): PacerError {
  const code = 'code' in error ? String(error.code) : '';
  const untrusted = code.includes('CERT') || code.includes('SELF_SIGNED') || code.includes('ISSUER');
  const remedy = untrusted
    ? 'name the authority of its certificate with --ca-file'
    : 'start it (`pacer run`), or say where its --status-listen is with --status';
  return new PacerError('PACER_UNREACHABLE', `no Pacer answers at ${origin}: ${messageOf(error)}`, remedy, {
    cause: undefined,
  });
}

function refused({ origin }: URL, path: string, { status, text }: Reply): PacerError {
  const told = wordsOf(text);
  if (told === undefined) return notPacer({ origin }, path);
  const remedy =
    status === 401
      ? 'name the file with its token: --token-file, or PACER_TOKEN_FILE'
      : (told.remedy ?? 'see the log of Pacer');
  return new PacerError('PACER_REFUSED', `Pacer at ${origin} answers ${status}: ${told.message}`, remedy);
}

function wordsOf(text: string): { message: string; remedy?: string } | undefined {
  try {
    const body = JSON.parse(text) as { message?: unknown; remedy?: unknown };
    const remedy = typeof body.remedy === 'string' ? { remedy: body.remedy } : {};
    return typeof body.message === 'string' ? { message: body.message, ...remedy } : undefined;
  } catch {
    return undefined;
  }
}

const notPacer = ({ origin }: Pick<URL, 'origin'>, path: string): PacerError =>
  new PacerError(
    'PACER_MALFORMED',
    `what answers at ${origin}${path} is not Pacer`,
    'say where its --status-listen is with --status; HAProxy listens elsewhere',
  );
