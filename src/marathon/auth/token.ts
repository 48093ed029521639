/** The token in the answer to a login, and how long it is valid. */

/** A token and its lifetime. */
export interface Token {
  readonly text: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
  readonly expiresAt: number;
}

/** Seconds. Requested at the login, and assumed for a token that does not say. */
export const lifetimeSeconds = 3600;
const cookieName = 'dcos-acs-auth-cookie';

/** The token in the body's `token` field, or else in the cookie; undefined if neither is there. */
export function tokenIn(
  body: string,
  cookies: string | readonly string[] | undefined,
  since: number,
): Token | undefined {
  const text = inBody(body) ?? inCookies(cookies);
  // The token becomes a header, so it must not contain anything that could end one.
  if (text === undefined || !/^[\x21-\x7e]+$/.test(text)) return undefined;
  return { text, since, expiresAt: expiryOf(text) ?? since + lifetimeSeconds * 1000 };
}

function inBody(body: string): string | undefined {
  return textIn(jsonIn(body), 'token');
}

function inCookies(cookies: string | readonly string[] | undefined): string | undefined {
  for (const cookie of [cookies ?? []].flat()) {
    const [pair = ''] = cookie.split(';');
    if (pair.startsWith(`${cookieName}=`)) return pair.slice(cookieName.length + 1).replace(/^"(.*)"$/, '$1');
  }
  return undefined;
}

/** [rfc7519] 4.1.4: seconds since the epoch. Undefined for a token that is not a JWT. */
function expiryOf(token: string): number | undefined {
  const payload = jsonIn(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
  if (typeof payload !== 'object' || payload === null || !('exp' in payload)) return undefined;
  return typeof payload.exp === 'number' ? payload.exp * 1000 : undefined;
}

function textIn(json: unknown, key: string): string | undefined {
  if (typeof json !== 'object' || json === null) return undefined;
  const value = (json as Record<string, unknown>)[key];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
