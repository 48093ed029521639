/** The listeners for hosts, paths and app ids: routing by map look-ups, the same for HTTP and HTTPS. */
import { configToken } from '../core/config-token.ts';
import { lookupsOf } from '../core/lookups.ts';
import type { Routes } from '../core/routes.ts';
import type { Fragments } from './fragments.ts';
import { mapName } from './maps.ts';

export interface FrontendFrame {
  readonly bindAddress: string;
  /** Undefined where HTTP and HTTPS are not bound. */
  readonly httpPort: number | undefined;
  readonly httpsPort: number | undefined;
  readonly appidPort: number;
  /** Paths of the certificates of the HTTPS listener, at least one where it is bound. */
  readonly certificates: readonly string[];
}

export function renderFrontends({ render }: Fragments, frame: FrontendFrame, routes: Routes): string {
  const { bindAddress, httpPort, httpsPort, appidPort } = frame;
  const bind = (port: number) => `${bindAddress}:${port}`;
  const routing = routingData(routes);
  const parts: string[] = [];
  if (httpPort !== undefined) {
    const httpsPortSuffix = httpsPort === undefined || httpsPort === 443 ? '' : `:${httpsPort}`;
    const redirectToHttps = httpsPort !== undefined;
    parts.push(render('http-frontend-head', { bind: bind(httpPort) }));
    parts.push(render('frontend-routing', { ...routing, redirectToHttps, httpsPortSuffix }));
  }
  if (httpsPort !== undefined) {
    const certificates = frame.certificates.map(configToken);
    parts.push(render('https-frontend-head', { bind: bind(httpsPort), certificates }));
    parts.push(render('frontend-routing', { ...routing, redirectToHttps: false, httpsPortSuffix: '' }));
  }
  parts.push(render('http-frontend-appid-head', { bind: bind(appidPort) }));
  return parts.join('');
}

interface Lookup {
  readonly variable: string;
  readonly converter: 'map_str' | 'map_beg';
  readonly map: string;
  readonly first: boolean;
}

function routingData(routes: Routes) {
  return {
    lookups: lookupsOf(routes).map(({ table, key, match }, i): Lookup => ({
      variable: `txn.pacer_${key}`,
      converter: match === 'begin' ? 'map_beg' : 'map_str',
      map: mapName(table),
      first: i === 0,
    })),
    hasWildcards: routes.tables.some((table) => table.hasWildcards),
    ignoresCase: routes.tables.some(({ kind }) => kind === 'exact-i' || kind === 'begin-i'),
  };
}
