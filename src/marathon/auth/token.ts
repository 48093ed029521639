/** The token in a login's answer, and how long it is good for. It must not know how it was asked for. */

export interface Token {
  readonly text: string;
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly expiresAt: number;
}

/** Asked for, and assumed of a token that does not say. */
export const lifetimeSeconds = 3600;
const cookieName = 'dcos-acs-auth-cookie';

/** From the body's `token`, else from the cookie; undefined where neither is there. */
export function tokenIn(
  body: string,
  cookies: string | readonly string[] | undefined,
  since: number,
): Token | undefined {
  const text = inBody(body) ?? inCookies(cookies);
  // It becomes a header: nothing that could end one.
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

/** [rfc7519] 4.1.4: seconds since 1970. A token that is no JWT says nothing. */
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
