/** The listeners for hosts, paths and app ids: routing by map look-ups, the same for HTTP and HTTPS. */
import { configToken, configTokens } from '../core/model/config-token.ts';
import type { Routes } from '../core/routing/routes.ts';
import type { TemplateName } from '../core/model/template-names.ts';
import { wordsValue, type PlaceholderData } from '../core/templates/placeholders.ts';
import type { Override, RuleLines } from '../core/model/replaced.ts';
import { writeLine, writeWord, type Line } from '../core/guard/words.ts';
import type { FragmentData, FragmentName, Fragments } from './fragments.ts';
import { clientClaims, takesProxyProtocol } from './client-claims.ts';
import { renderGroupedHttps, type GroupedHead } from './grouped-https.ts';
import { certificateMap } from './maps.ts';
import { frontendText, operatorLines, type FrontendText } from './operator/operator-section.ts';
import { appIdData, routingData } from './routing.ts';
import type { ServiceHead } from './service.ts';

export interface FrontendHead extends GroupedHead, Pick<ServiceHead, 'trustedProxies' | 'redirectSuffix'> {
  readonly bindAddress: string;
  /** Undefined where HTTP and HTTPS are not bound. */
  readonly httpPort: number | undefined;
  readonly httpsPort: number | undefined;
  readonly appidPort: number;
}

type Routing = FragmentData & Pick<RuleLines, 'redirects' | 'uses'>;

export function renderFrontends({ render }: Fragments, head: FrontendHead, routes: Routes): string {
  const { bindAddress, httpPort, httpsPort, appidPort, templates } = head;
  const trustedProxies = head.trustedProxies.length > 0 && configTokens(head.trustedProxies);
  const bind = (port: number) => `${bindAddress}:${port}`;
  const lookUp = (...names: TemplateName[]) => {
    const found = names.map((name) => templates.get(name)).find((override) => override !== undefined);
    return found === undefined ? undefined : mapLookUp(found);
  };
  const parts: string[] = [];
  /** @param own what is read late of the operator's head. HAProxy reads them in this order, and warns of any other. */
  const route = (
    fragment: FragmentName,
    { redirects, uses, ...routing }: Routing,
    own: FrontendText | undefined,
  ): string => {
    // Where TLS ends here, it ended nowhere before.
    const believesProxyTls = routing['redirectToHttps'] !== false && takesProxyProtocol(own?.head ?? '');
    return (
      clientClaims(render, trustedProxies, own?.head, believesProxyTls) +
      render(fragment, {
        ...routing,
        knowsHttps: trustedProxies !== false || believesProxyTls,
        late: [...(own?.redirects ?? []), ...redirects, ...(own?.uses ?? []), ...uses],
        hasDefault: own?.hasDefault ?? false,
      })
    );
  };
  const frontend = (
    head: { name: TemplateName; fragment: FragmentName; data: FragmentData; placeholders?: PlaceholderData },
    fragment: FragmentName,
    routing: Routing,
  ) => {
    const override = templates.get(head.name);
    const own = override === undefined ? undefined : frontendText(override, head.placeholders ?? {});
    parts.push(own?.head ?? render(head.fragment, head.data), route(fragment, routing, own));
  };
  if (httpPort !== undefined) {
    const redirectToHttps = head.redirectSuffix !== undefined;
    frontend(
      { name: 'HTTP_FRONTEND_HEAD', fragment: 'http-frontend-head', data: { bind: bind(httpPort) } },
      'frontend-routing',
      {
        ...routingData(routes, 'http', lookUp('MAP_HTTP_FRONTEND_ACL', 'MAP_HTTP_FRONTEND_ACL_ONLY')),
        ...{ redirectToHttps, redirectSuffix: head.redirectSuffix ?? '', coveredNames: false },
      },
    );
  }
  if (httpsPort !== undefined && head.groupsHttps) {
    const routing = {
      ...routingData(routes, 'https', lookUp('MAP_HTTPS_FRONTEND_ACL')),
      ...{ redirectToHttps: false, redirectSuffix: '', coveredNames: false },
    };
    const routed = (own?: FrontendText) => route('frontend-routing', routing, own);
    parts.push(renderGroupedHttps(render, head, { bind: bind(httpsPort), tls: routes.tls, routed }));
  } else if (httpsPort !== undefined) {
    const sslCerts = head.certificates.map((path) => `crt ${writeWord(path)}`).join(' ');
    frontend(
      {
        ...{ name: 'HTTPS_FRONTEND_HEAD', fragment: 'https-frontend-head' },
        data: { bind: bind(httpsPort), certificates: head.certificates.map(configToken) },
        placeholders: { sslCerts: wordsValue(sslCerts) },
      },
      'frontend-routing',
      {
        ...routingData(routes, 'https', lookUp('MAP_HTTPS_FRONTEND_ACL')),
        ...{ redirectToHttps: false, redirectSuffix: '' },
        // Only the operator knows which certificates a head of theirs names.
        coveredNames: templates.has('HTTPS_FRONTEND_HEAD') ? false : certificateMap,
      },
    );
  }
  frontend(
    {
      ...{ name: 'HTTP_FRONTEND_APPID_HEAD', fragment: 'http-frontend-appid-head' },
      data: { bind: bind(appidPort) },
    },
    'appid-routing',
    {
      ...appIdData(routes.appIdRules),
      lookUp: lookUp('MAP_HTTP_FRONTEND_APPID_ACL')?.join('\n  ') ?? false,
    },
  );
  return parts.join('');
}

/** Maps are named relative to the configuration, which a name with a folder in it would not be. */
const folder = '/haproxy_dir';

function mapLookUp(override: Override): readonly string[] {
  const lines = operatorLines(override, { haproxy_dir: wordsValue(folder), hostname: wordsValue('') });
  return lines.map((line) => asLookUp(line).replaceAll(`${folder}/`, ''));
}

function asLookUp({ words, text }: Line): string {
  const [keyword, target = '', ...condition] = words;
  const expression = /^%\[(.*)\]$/s.exec(target)?.[1];
  if (keyword !== 'use_backend' || expression === undefined) return text;
  const notFound = ['!{', 'var(txn.pacer_backend)', '-m', 'found', '}'];
  const setVariable = ['http-request', 'set-var(txn.pacer_backend)', expression];
  if (condition.length === 0) return writeLine([...setVariable, 'if', ...notFound]);
  // To `a or b` and to `unless` no more can be added without repeating it.
  const simple = condition[0] === 'if' && !condition.includes('or') && !condition.includes('||');
  return writeLine([...setVariable, ...condition, ...(simple ? notFound : [])]);
}
