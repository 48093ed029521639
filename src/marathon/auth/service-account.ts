/**
 * The token of a DC/OS service account. Pacer logs in to get one, keeps it until shortly before it expires, and gets a
 * new one if Marathon refuses it. Which hosts may see it is decided elsewhere.
 * [dcos] POST acs/api/v1/auth/login {uid, token}: the token is a JWT, RS256, signed with the account's key
 */
import { createPrivateKey } from 'node:crypto';
import type { ServiceAccount } from '../../core/model/marathon-access.ts';
import { messageOf, PacerError } from '../../errors.ts';
import { readBody } from '../http/body.ts';
import { describeUrl } from '../http/endpoints.ts';
import { maxRefusalBytes } from '../bounds/limits.ts';
import type { Transport } from '../http/transport.ts';
import type { Authorizer } from '../http/authorizer.ts';
import { lifetimeSeconds, tokenIn, type Token } from './token.ts';

/** Seconds that the signed claim of the login itself is valid. */
const claimSeconds = 60;
/**
 * A refused token that is younger than this many milliseconds was not refused for its age: a new one would not help.
 */
const youngMs = 10_000;
/** Milliseconds without another attempt after a failed login. */
const pauseMs = 3_000;
/** A new token is fetched when this share of the lifetime is left, but at most a minute before the end. */
const earlyShare = 0.1;
const earlyMs = 60_000;

/** Logs in with a service account. */
export class ServiceAccountLogin implements Authorizer {
  readonly #account: ServiceAccount;
  readonly #transport: Transport;
  readonly #now: () => number;
  #token: Token | undefined;
  #login: Promise<Token> | undefined;
  #failure: { readonly error: PacerError; readonly at: number } | undefined;

  constructor(account: ServiceAccount, transport: Transport, now: () => number = Date.now) {
    this.#account = account;
    this.#transport = transport;
    this.#now = now;
  }

  async header(): Promise<string> {
    const token = this.#token;
    const now = this.#now();
    if (token === undefined || now >= token.expiresAt) return headerOf(await this.#renew());
    const early = Math.min(earlyMs, (token.expiresAt - token.since) * earlyShare);
    // The old token is still valid: nobody has to wait, and a failed login does no harm yet.
    if (now >= token.expiresAt - early) this.#renew().catch(() => undefined);
    return headerOf(token);
  }

  refused(header: string): boolean {
    const token = this.#token;
    if (token === undefined || headerOf(token) !== header) return true;
    if (this.#now() - token.since < youngMs) return false;
    this.#token = undefined;
    return true;
  }

  /** One login at a time, whoever asks for it. */
  async #renew(): Promise<Token> {
    const failed = this.#failure;
    if (failed !== undefined && this.#now() - failed.at < pauseMs) throw failed.error;
    this.#login ??= this.#logIn().finally(() => (this.#login = undefined));
    try {
      this.#token = await this.#login;
      this.#failure = undefined;
      return this.#token;
    } catch (error) {
      if (error instanceof PacerError) this.#failure = { error, at: this.#now() };
      throw error;
    }
  }

  async #logIn(): Promise<Token> {
    const { uid, loginEndpoint } = this.#account;
    const since = this.#now();
    const exp = Math.floor(since / 1000) + lifetimeSeconds;
    const body = JSON.stringify({ uid, token: await this.#claim(since), exp });
    const { status, headers, text } = await this.#post(body);
    const where = `the login of ${uid} at ${describeUrl(loginEndpoint)}`;
    if (status !== 200) {
      const remedy = 'check that the service account exists and that this is its private key';
      throw new PacerError('MARATHON_REFUSED', `${where} was answered with ${status}`, remedy);
    }
    const token = tokenIn(text, headers['set-cookie'], since);
    if (token !== undefined) return token;
    const remedy =
      'check that login_endpoint is the address of DC/OS: https://<master>/acs/api/v1/auth/login';
    throw new PacerError('MARATHON_MALFORMED', `${where} was answered without a token`, remedy);
  }

  async #claim(now: number): Promise<string> {
    // The library is loaded only if there is a service account.
    const { SignJWT } = await import('jose');
    return new SignJWT({ uid: this.#account.uid })
      .setProtectedHeader({ alg: 'RS256', typ: 'JWT' })
      .setExpirationTime(Math.floor(now / 1000) + claimSeconds)
      .sign(createPrivateKey(this.#account.privateKey));
  }

  async #post(body: string) {
    const { loginEndpoint } = this.#account;
    try {
      const answer = await this.#transport.pool(loginEndpoint).request({
        method: 'POST',
        path: `${loginEndpoint.pathname}${loginEndpoint.search}`,
        headers: { 'content-type': 'application/json', accept: 'application/json', 'user-agent': 'pacer' },
        body,
      });
      return {
        status: answer.statusCode,
        headers: answer.headers,
        text: (await readBody(answer.body, maxRefusalBytes)).toString(),
      };
    } catch (cause) {
      throw new PacerError(
        'MARATHON_UNREACHABLE',
        `the login at ${describeUrl(loginEndpoint)} failed: ${messageOf(cause)}`,
        'check that login_endpoint can be reached, and that --marathon-ca-cert contains its CA certificate',
      );
    }
  }
}

/** [dcos] not `Bearer` */
const headerOf = ({ text }: Token): string => `token=${text}`;
