/** What a backend does to requests and responses beside balancing: who may come, and what is rewritten. */
import { configToken, logFormatToken } from '../core/model/config-token.ts';
import type { Host } from '../core/model/ids.ts';
import type { ServiceDefinition } from '../core/model/service.ts';
import type { Fragments } from './fragments.ts';

type Render = Fragments['render'];

/** How a rule names the client: behind trusted proxies whom they forward for. */
export const clientOf = ({ mode }: ServiceDefinition, trustedProxies: string | false): string =>
  mode === 'http' && trustedProxies !== false ? 'var(txn.pacer_client) -m ip' : 'src';

/** They stand in the backend, so they hold whichever way a request comes. */
export function networkRules(
  definition: ServiceDefinition,
  render: Render,
  trustedProxies: string | false,
): string[] {
  const { mode, allowedNetworks, fragments, guards = [] } = definition;
  const believes = mode === 'http' && trustedProxies !== false;
  const asksOthers = guards.some(({ networks }) => networks.length > 0);
  const address =
    believes && (allowedNetworks.length > 0 || asksOthers)
      ? [render('backend-client-address', { trustedProxies })]
      : [];
  if (allowedNetworks.length === 0) return address;
  const client = clientOf(definition, trustedProxies);
  const kind = mode === 'http' ? 'HTTP' : 'TCP';
  const ownAcl = fragments?.texts[`${kind}_BACKEND_NETWORK_ALLOWED_ACL`];
  const acl =
    ownAcl === undefined
      ? allowedNetworks.map((network) =>
          render(`${mode}-backend-network-allowed-acl`, { client, network_allowed: configToken(network) }),
        )
      : [ownAcl];
  return [
    ...address,
    ...acl,
    ...(fragments?.texts[`${kind}_BACKEND_ACL_ALLOW_DENY`] === undefined
      ? [render(`${mode}-backend-acl-allow-deny`, {})]
      : []),
  ];
}

export function rewriteRules(definition: ServiceDefinition, render: Render): string[] {
  const { stripPath, locationPath, rootRedirect } = definition.rewrite;
  const texts = definition.fragments?.texts ?? {};
  const hosts = hostData(definition.vhosts);
  const parts: string[] = [];
  if (stripPath !== undefined) {
    const path = stripPath.replace(/\/+$/, '');
    parts.push(
      texts.HTTP_BACKEND_PROXYPASS_GLUE ??
        render('http-backend-proxypass-glue', {
          ...hosts,
          proxypath: configToken(stripPath),
          // Whole segments: /app takes /app and /app/x, and leaves /apple as it is.
          proxypathPattern: path === '' ? false : configToken(`(?i)^${literally(path)}(/+(.*))?$`),
        }),
    );
  }
  if (locationPath !== undefined) {
    parts.push(
      texts.HTTP_BACKEND_REVPROXY_GLUE ??
        render('http-backend-revproxy-glue', {
          ...hosts,
          rootpath: configToken(locationPath),
          locationPattern: configToken(locationPattern(definition.vhosts)),
          locationFormat: logFormatToken(`${locationPath.replace(/\/+$/, '')}\\${locationGroup}`),
        }),
    );
  }
  if (rootRedirect !== undefined) {
    parts.push(
      texts.HTTP_BACKEND_REDIR ??
        render('http-backend-redir', {
          ...hosts,
          redirpath: logFormatToken(rootRedirect),
          byHost: definition.vhosts.length > 0,
        }),
    );
  }
  return parts;
}

/** The host the servers are told: the first that is a name, and the one that was asked for where there are several. */
function hostData(vhosts: readonly Host[]) {
  const first = vhosts.find((host) => !host.startsWith('*.'));
  return { hostname: first === undefined ? false : configToken(first), severalHosts: vhosts.length > 1 };
}

/** The group of `locationPattern` that holds the path. */
const locationGroup = 4;

/** A `Location` that stays here: a path alone (not `//other.host/...`), or a URL of one of the vhosts. */
function locationPattern(vhosts: readonly Host[]): string {
  const names = vhosts.map((host) =>
    host.startsWith('*.') ? `[^./]+${literally(host.slice(1))}` : literally(host),
  );
  // Without a vhost there is no URL that could be told from a stranger's.
  const origin = names.length === 0 ? '((()))' : `(https?://(${names.join('|')})(:[0-9]+)?)?`;
  return `(?i)^${origin}(/([^/].*)?)$`;
}

/** A pattern for the text itself. */
const literally = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
