/** What clients claim about themselves in headers that apps believe: only a trusted proxy may say it. */
import type { Fragments } from './fragments.ts';

/** X-Forwarded-For, -Port and -Proto are replaced in the backend, where an operator may want others. */
const claims = ['Forwarded', 'X-Real-IP', 'X-Forwarded-Host', 'X-Forwarded-Ssl', 'X-Forwarded-Scheme'];

/**
 * @param trustedProxies networks, as HAProxy writes them
 * @param own the operator's text of the frontend: the headers it names are its own business
 * @param believesProxyTls whether the PROXY protocol says there if clients came by TLS
 */
export function clientClaims(
  render: Fragments['render'],
  trustedProxies: string | false,
  own = '',
  believesProxyTls = false,
): string {
  const isNamed = (name: string) => new RegExp(`(?<![\\w-])${name}(?![\\w-])`, 'i').test(own);
  return render('frontend-client-claims', {
    claims: claims.filter((name) => !isNamed(name)),
    trustedProxies,
    believesProxyTls,
  });
}

/** Whether a bind line of the operator's text takes the PROXY protocol, whose sender it trusts thereby. */
export const takesProxyProtocol = (own: string): boolean => /^\s*bind\s.*\baccept-proxy\b/m.test(own);
