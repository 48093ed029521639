/** One service → its userlist, frontend and backend. Cached by the service's identity: an unchanged one costs nothing. */
import { configToken, configTokens, logFormatToken } from '../core/config-token.ts';
import type { Server, ServerCheck, Service, ServiceDefinition } from '../core/service.ts';
import type { FragmentData, Fragments } from './fragments.ts';

export interface ServiceFrame {
  /** Networks whose X-Forwarded headers are believed. */
  readonly trustedProxies: readonly string[];
  readonly logs: boolean;
}

export function serviceRenderer(fragments: Fragments, frame: ServiceFrame): (service: Service) => Buffer {
  const cache = new WeakMap<Service, Buffer>();
  const trustedProxies = frame.trustedProxies.length === 0 ? false : configTokens(frame.trustedProxies);
  return (service) => {
    const known = cache.get(service);
    if (known !== undefined) return known;
    const text = Buffer.from(renderService(service, fragments, frame.logs, trustedProxies));
    cache.set(service, text);
    return text;
  };
}

function renderService(
  { definition, servers }: Service,
  { render }: Fragments,
  logs: boolean,
  trustedProxies: string | false,
): string {
  const { backend, auth, check, mode } = definition;
  const parts: string[] = [];
  if (auth !== undefined) {
    parts.push(
      render('userlist-head', {
        backend,
        user: configToken(auth.user),
        passwd: configToken(auth.passwordHash),
      }),
    );
  }
  if (definition.listens) {
    parts.push(
      render('frontend-head', frontendData(definition, logs)),
      render('frontend-backend-glue', { backend }),
    );
  }
  parts.push(
    render('backend-head', {
      backend,
      mode,
      balance: configTokens(definition.balance.words),
      consistentHash: definition.balance.needsConsistentHash,
    }),
  );
  if (auth !== undefined) parts.push(render('backend-auth', { backend, realm: configToken(auth.realm) }));
  if (mode === 'http') parts.push(render('backend-http-options', { trustedProxies }));
  if (definition.hsts) parts.push(render('backend-hsts-options', {}));
  if (definition.sticky) parts.push(render('backend-sticky-options', {}));
  const checkData = check === undefined ? undefined : healthCheckData(check);
  if (checkData !== undefined) parts.push(render(`backend-${kindOf(check)}-healthcheck-options`, checkData));
  const checkOptions =
    checkData === undefined
      ? ''
      : render(`backend-server-${kindOf(check)}-healthcheck-options`, checkData).trimEnd();
  for (const server of servers)
    parts.push(render('backend-server-options', serverData(server, definition, checkOptions)));
  return parts.join('');
}

const kindOf = (check: ServerCheck | undefined): 'http' | 'tcp' =>
  check?.kind === 'connect' ? 'tcp' : 'http';

function frontendData(definition: ServiceDefinition, logs: boolean): FragmentData {
  const { backend, bindAddress, servicePort, mode, certificate } = definition;
  return {
    backend,
    bindAddr: bindAddress,
    servicePort,
    mode,
    isHttp: mode === 'http',
    sslCert: certificate === undefined ? false : configToken(certificate),
    logsTcp: logs && mode === 'tcp',
  };
}

function healthCheckData(check: ServerCheck): FragmentData {
  return {
    healthCheckPath: logFormatToken(check.path),
    healthCheckTimeoutSeconds: check.timeout,
    healthCheckIntervalSeconds: check.interval,
    healthCheckFalls: check.fall,
    healthCheckPort: check.port ?? false,
    healthCheckTls: check.kind === 'https',
  };
}

function serverData(server: Server, definition: ServiceDefinition, healthCheckOptions: string): FragmentData {
  return {
    serverName: server.name,
    serverId: server.id,
    host: server.address,
    port: server.port,
    cookieOptions: definition.sticky ? ` cookie ${server.cookie}` : '',
    healthCheckOptions,
    // A file cannot say "drain"; no weight is the same to new sessions, and those that are bound stay.
    otherOptions: server.admission === 'drain' ? ' weight 0' : '',
  };
}
