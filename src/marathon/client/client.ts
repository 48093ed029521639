/**
 * JSON GETs to any Marathon that answers. Tries the next endpoint after refused connections, timeouts, 5xx and answers
 * that cannot be parsed. Knows nothing of what the documents mean.
 * [marathon] standbys proxy every path except /v2/events to the leader, so any node gives the same answer
 */
import type { Credentials, Reach } from '../../core/model/marathon-access.ts';
import { messageOf, PacerError, type ErrorCode } from '../../errors.ts';
import { basicAuthorizer, type Authorizer } from '../http/authorizer.ts';
import { Rotation } from '../auth/rotation.ts';
import { ServiceAccountLogin } from '../auth/service-account.ts';
import { decompress, parseJson, readBody } from '../http/body.ts';
import { Discovery, plainUrls, type DiscoveryStatus } from '../discovery/discovery.ts';
import { namesOf, type Names } from '../discovery/names.ts';
import { describeUrl, Endpoints, pathBelow } from '../http/endpoints.ts';
import { maxAnswerBytes, maxRefusalBytes } from '../bounds/limits.ts';
import { PodKnowledge } from '../pods/pod-knowledge.ts';
import { Probe } from '../http/probe.ts';
import { TlsTrouble, Transport } from '../http/transport.ts';

/** How to reach Marathon, and who is told. */
export interface ClientOptions extends Reach {
  /** Milliseconds until the headers, and between two pieces of the body. */
  readonly requestTimeoutMs?: number;
  /** The largest answer in bytes, compressed and decompressed. A request may have a smaller limit. */
  readonly maxBytes?: number;
  readonly now?: () => number;
  /** Used instead of the DNS. */
  readonly names?: Names;
  /** Milliseconds between two look-ups. */
  readonly lookupMs?: number;
  /** The endpoints have changed. `leader`: the leader, if it is known. */
  readonly onEndpoints?: (leader: URL | undefined) => void;
  /**
   * The secrets of a file that has changed are used from now on. If they cannot be used, `problem` says why, and the
   * previous ones stay in use.
   */
  readonly onSecrets?: (problem: string | undefined) => void;
  /** An address cannot be looked up. */
  readonly onLookupFailed?: (address: string, reason: string) => void;
}

/** An answer and where it came from. */
export interface Answer<T> {
  /** Undefined for a 404. */
  readonly value: T | undefined;
  /** The endpoint that answered. */
  readonly endpoint: URL;
}

/** Options of one request. */
export interface GetOptions {
  /** The endpoint to try first. */
  readonly prefer?: URL;
  readonly signal?: AbortSignal;
  /** The largest answer in bytes, compressed and decompressed. */
  readonly maxBytes?: number;
}

type Decode<T> = (text: Buffer) => T | Promise<T>;

interface Question<T> {
  readonly path: string;
  readonly decode: Decode<T>;
  readonly signal: AbortSignal | undefined;
  readonly maxBytes: number;
}

interface Failure {
  readonly endpoint: URL;
  readonly code: ErrorCode;
  readonly reason: string;
  /** The HTTP status, if there was an answer. */
  readonly status: number | undefined;
  /** Marathon refused the credentials, or its certificate is not trusted. */
  readonly isRefusal?: boolean;
}

/** A whole answer may take this many times the request timeout. */
const patience = 4;

/** GETs with failover between endpoints. */
export class MarathonClient {
  readonly endpoints: Endpoints;
  readonly transport: Transport;
  readonly discovery: Discovery;
  readonly pods = new PodKnowledge();
  /** Undefined if no secret came from a file. */
  readonly rotation: Rotation | undefined;
  readonly #probe: Probe;
  readonly #timeoutMs: number;
  readonly #maxBytes: number;

  constructor(options: ClientOptions) {
    this.#timeoutMs = options.requestTimeoutMs ?? 15_000;
    this.#maxBytes = options.maxBytes ?? Infinity;
    this.transport = new Transport({
      ...options,
      requestTimeoutMs: this.#timeoutMs,
      refresh: (urgent) => this.rotation?.look(urgent) ?? Promise.resolve(false),
    });
    const { credentials, endpoints: addresses, dnsServers = [], now = Date.now } = options;
    const endpoints = (this.endpoints = new Endpoints({
      endpoints: plainUrls(addresses),
      ...(credentials && { authorizer: authorizerOf(credentials, this.transport, now) }),
      now,
    }));
    const { ca, clientCertificate, files, onSecrets } = options;
    this.rotation =
      files === undefined
        ? undefined
        : new Rotation({
            files,
            secrets: { credentials, ca, clientCertificate },
            onChanged: (secrets) => {
              this.transport.useTls(secrets);
              const { credentials: next } = secrets;
              if (next !== undefined) endpoints.useAuthorizer(authorizerOf(next, this.transport, now));
              onSecrets?.(undefined);
            },
            onBroken: (problem) => onSecrets?.(problem),
          });
    this.discovery = new Discovery({
      ...{ addresses, endpoints, now },
      names: options.names ?? namesOf(dnsServers),
      pauseMs: options.lookupMs,
      onChange: (leader) => options.onEndpoints?.(leader),
      onFailed: (address, reason) => options.onLookupFailed?.(address, reason),
    });
    this.#probe = new Probe({ endpoints, ask: (endpoint) => this.#probeOne(endpoint) });
  }

  /** `decode` throws if the document is not as expected; then the next endpoint is asked. */
  async get<T>(path: string, decode: (document: unknown) => T, options: GetOptions = {}): Promise<Answer<T>> {
    return this.getBytes(path, (text) => decode(parseJson(text)), options);
  }

  /** The same for callers that parse the JSON themselves. */
  async getBytes<T>(
    path: string,
    decode: Decode<T>,
    { prefer, signal, maxBytes = maxAnswerBytes }: GetOptions = {},
  ): Promise<Answer<T>> {
    const failures: Failure[] = [];
    const question = { path, decode, signal, maxBytes: Math.min(maxBytes, this.#maxBytes) };
    await this.transport.refresh();
    for (const endpoint of this.endpoints.candidates(prefer)) {
      let outcome = await this.#askLetIn(endpoint, question);
      // The file of the secret may just have been replaced.
      if ('code' in outcome && outcome.isRefusal && (await this.transport.refresh(true)))
        outcome = await this.#askLetIn(endpoint, question);
      if (!('code' in outcome)) {
        this.endpoints.answered(endpoint);
        return outcome;
      }
      signal?.throwIfAborted();
      this.endpoints.failed(endpoint, outcome.reason);
      failures.push(outcome);
    }
    this.discovery.refresh();
    throw failures.length > 0 ? failureOf(path, failures) : nobodyToAsk(path, this.discovery.status());
  }

  async close(): Promise<void> {
    this.#probe.close();
    this.discovery.close();
    await this.transport.close();
  }

  /** Tests whether an endpoint can reach a leader: a standby forwards this request. */
  async #probeOne(endpoint: URL): Promise<void> {
    const question = { path: '/v2/leader', decode: () => undefined, signal: undefined };
    const outcome = await this.#askLetIn(endpoint, { ...question, maxBytes: maxRefusalBytes });
    if ('code' in outcome) this.endpoints.failed(endpoint, outcome.reason);
    else this.endpoints.answered(endpoint, true);
  }

  /** Sends the request, with credentials if the endpoint may see them, and again if they have expired. */
  async #askLetIn<T>(endpoint: URL, question: Question<T>): Promise<Answer<T> | Failure> {
    const authorizer = this.endpoints.authorizerFor(endpoint);
    if (authorizer === undefined) return this.#ask(endpoint, question, undefined);
    try {
      const header = await authorizer.header();
      const first = await this.#ask(endpoint, question, header);
      if (!('code' in first) || first.status !== 401 || !authorizer.refused(header)) return first;
      return await this.#ask(endpoint, question, await authorizer.header());
    } catch (error) {
      if (!(error instanceof PacerError)) throw error;
      return { endpoint, code: error.code, reason: error.message, status: undefined };
    }
  }

  async #ask<T>(
    endpoint: URL,
    { path, decode, signal, maxBytes }: Question<T>,
    authorization: string | undefined,
  ): Promise<Answer<T> | Failure> {
    const fail = (code: ErrorCode, reason: string) => ({ endpoint, code, reason, status: undefined });
    // Not AbortSignal.any: on Node 20 a long-lived signal keeps a reference to every signal made from it.
    const request = new AbortController();
    const abort = () => request.abort(signal?.reason);
    signal?.throwIfAborted();
    signal?.addEventListener('abort', abort);
    const limit = setTimeout(
      () => request.abort(new Error('the answer took too long')),
      this.#timeoutMs * patience,
    );
    let bytes: Buffer;
    let encoding: string | undefined;
    let found: boolean;
    try {
      const { statusCode, headers, body } = await this.transport.pool(endpoint).request({
        method: 'GET',
        path: pathBelow(endpoint, path),
        headers: {
          accept: 'application/json',
          'accept-encoding': 'gzip',
          'user-agent': 'pacer',
          ...(authorization !== undefined && { authorization }),
        },
        signal: request.signal,
      });
      const leader = headers['x-marathon-leader'];
      if (typeof leader === 'string') this.endpoints.learnLeader(leader, endpoint);
      found = statusCode === 200;
      if (!found && statusCode !== 404) {
        await body.dump({ limit: 65_536 });
        return refusal(endpoint, statusCode);
      }
      bytes = await readBody(body, found ? maxBytes : maxRefusalBytes);
      encoding = headers['content-encoding'] as string | undefined;
    } catch (error) {
      const explained = await this.transport.explained(error, endpoint);
      const isRefusal = explained instanceof TlsTrouble;
      return { ...fail('MARATHON_UNREACHABLE', messageOf(explained)), isRefusal };
    } finally {
      clearTimeout(limit);
      signal?.removeEventListener('abort', abort);
    }
    try {
      // A 404 must be Marathon's own, and therefore JSON: an error page of a proxy must not remove an app.
      const text = await decompress(bytes, encoding, maxBytes);
      if (!found) parseJson(text);
      return { value: found ? await decode(text) : undefined, endpoint };
    } catch (error) {
      return fail('MARATHON_MALFORMED', messageOf(error));
    }
  }
}

function authorizerOf(credentials: Credentials, transport: Transport, now: () => number): Authorizer {
  return credentials.kind === 'basic'
    ? basicAuthorizer(credentials)
    : new ServiceAccountLogin(credentials, transport, now);
}

function refusal(endpoint: URL, status: number): Failure {
  const code = status >= 500 ? 'MARATHON_UNREACHABLE' : 'MARATHON_REFUSED';
  return {
    endpoint,
    code,
    status,
    isRefusal: status === 401 || status === 403,
    reason: status === 401 || status === 403 ? `refuses the credentials (${status})` : `answers ${status}`,
  };
}

const remedies: Partial<Record<ErrorCode, string>> = {
  MARATHON_UNREACHABLE:
    'check that the endpoints are right and that at least one Marathon runs and has a leader',
  MARATHON_REFUSED: 'give the user and password of an account that may read apps and events',
  MARATHON_MALFORMED: 'check that the endpoint is a Marathon and not a proxy with its own error page',
};

/** An endpoint that answered says more about the problem than one that did not. */
function failureOf(path: string, failures: readonly Failure[]): PacerError {
  const order: ErrorCode[] = ['MARATHON_REFUSED', 'MARATHON_MALFORMED', 'MARATHON_UNREACHABLE'];
  const code =
    order.find((candidate) => failures.some((failure) => failure.code === candidate)) ??
    'MARATHON_UNREACHABLE';
  const tried = failures.map(({ endpoint, reason }) => `${describeUrl(endpoint)}: ${reason}`).join('; ');
  return new PacerError(code, `GET ${path} failed (${tried})`, remedies[code] ?? '');
}

function nobodyToAsk(path: string, discovery: readonly DiscoveryStatus[]): PacerError {
  const looked = discovery.map(
    ({ address, lastError }) => `${address}: ${lastError?.message ?? 'still looking'}`,
  );
  return new PacerError(
    'MARATHON_UNREACHABLE',
    `GET ${path} failed: no Marathon has been found yet (${looked.join('; ')})`,
    'check the addresses given with --marathon, and that the DNS or ZooKeeper they name answers',
  );
}
