/**
 * JSON GETs from whichever Marathon answers: failover on refused connections, timeouts, 5xx and answers that
 * cannot be read. It must not know what the documents mean.
 * [marathon] standbys proxy every path but /v2/events to the leader, so any node gives the same answer
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

export interface ClientOptions extends Reach {
  /** Until the headers, and between two pieces of the body. */
  readonly requestTimeoutMs?: number;
  /** The largest answer to anything, packed and unpacked; what is asked for may have a smaller limit. */
  readonly maxBytes?: number;
  readonly now?: () => number;
  /** Instead of the DNS. */
  readonly names?: Names;
  /** Between two looks into it. */
  readonly lookupMs?: number;
  /** Other endpoints were found; `leader`: who leads, where that is known. */
  readonly onEndpoints?: (leader: URL | undefined) => void;
  /** Secrets from a file that has changed are used, or cannot be: then `problem` says why, and those before stay. */
  readonly onSecrets?: (problem: string | undefined) => void;
  /** An address cannot be looked up. */
  readonly onLookupFailed?: (address: string, reason: string) => void;
}

export interface Answer<T> {
  /** Undefined for a 404. */
  readonly value: T | undefined;
  /** The endpoint that answered. */
  readonly endpoint: URL;
}

export interface GetOptions {
  /** Ask this one first. */
  readonly prefer?: URL;
  readonly signal?: AbortSignal;
  /** The largest answer, packed and unpacked. */
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
  /** Of an answer that is none. */
  readonly status: number | undefined;
  /** Of what lets Pacer in, or of whom it trusts. */
  readonly isRefusal?: boolean;
}

/** The whole of an answer may take this many times the request timeout. */
const patience = 4;

export class MarathonClient {
  readonly endpoints: Endpoints;
  readonly transport: Transport;
  readonly discovery: Discovery;
  readonly pods = new PodKnowledge();
  /** Undefined where no secret came from a file. */
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

  /** `decode` throws where the document is not what it should be: then the next endpoint is asked. */
  async get<T>(path: string, decode: (document: unknown) => T, options: GetOptions = {}): Promise<Answer<T>> {
    return this.getBytes(path, (text) => decode(parseJson(text)), options);
  }

  /** The same for who reads the JSON by itself. */
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
      // The file may have been replaced a moment ago.
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

  /** Whether it can reach a leader: a standby passes the question on. */
  async #probeOne(endpoint: URL): Promise<void> {
    const question = { path: '/v2/leader', decode: () => undefined, signal: undefined };
    const outcome = await this.#askLetIn(endpoint, { ...question, maxBytes: maxRefusalBytes });
    if ('code' in outcome) this.endpoints.failed(endpoint, outcome.reason);
    else this.endpoints.answered(endpoint, true);
  }

  /** With credentials, if it may see them; a second time where those of the first have expired. */
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
    // Not AbortSignal.any: on Node 20 a long-lived signal keeps a trace of every signal made from it.
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
      // A 404 must be Marathon's own, and so JSON: the page of a proxy in between removes no app.
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
    'check that the endpoints are right and that one of the Marathons runs and has a leader',
  MARATHON_REFUSED: 'give the user and password of an account that may read apps and events',
  MARATHON_MALFORMED: 'check that the endpoint is a Marathon and not a proxy with a page of its own',
};

/** Whoever answered says more about the trouble than whoever did not. */
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
