/** One service → its userlist, frontend and backend. Cached by the service's identity: an unchanged one costs nothing. */
import { createHash } from 'node:crypto';
import { configToken, configTokens } from '../core/config-token.ts';
import type { Server, ServerCheck, Service, ServiceDefinition } from '../core/service.ts';
import type { FragmentData, Fragments } from './fragments.ts';
import { networkRules, rewriteRules } from './service-rules.ts';

export interface ServiceFrame {
  /** Networks whose X-Forwarded headers are believed. */
  readonly trustedProxies: readonly string[];
  readonly logs: boolean;
}

export interface RenderedService {
  /** Everything but the server lines: what HAProxy cannot change at runtime. */
  readonly frame: Buffer;
  /** What every server line has: servers that run cannot change it either. */
  readonly serverOptions: string;
  readonly servers: Buffer;
  /** Of `frame` and `serverOptions`: hashed once, not with every text. */
  readonly frameDigest: Buffer;
  readonly serversDigest: Buffer;
}

export interface ServiceRenderer {
  readonly render: (service: Service) => RenderedService;
  /** One `server` line, without the blanks before it and the newline. */
  readonly serverLine: (definition: ServiceDefinition, server: Server) => string;
}

export function serviceRenderer(fragments: Fragments, settings: ServiceFrame): ServiceRenderer {
  const frames = new WeakMap<ServiceDefinition, Buffer>();
  const rendered = new WeakMap<Service, RenderedService>();
  const frameDigests = new WeakMap<ServiceDefinition, Buffer>();
  const frameDigestOf = (definition: ServiceDefinition, frame: Buffer, serverOptions: string): Buffer => {
    const digest =
      frameDigests.get(definition) ?? createHash('sha256').update(frame).update(serverOptions).digest();
    frameDigests.set(definition, digest);
    return digest;
  };
  const trustedProxies = settings.trustedProxies.length === 0 ? false : configTokens(settings.trustedProxies);
  const serverLines = ({ definition, servers }: Service): string => {
    const checkOptions = serverCheckOptions(definition, fragments);
    const line = (server: Server) =>
      fragments.render('backend-server-options', serverData(server, definition, checkOptions));
    return servers.map(line).join('');
  };
  return {
    serverLine: (definition, server) => serverLines({ definition, servers: [server] }).trim(),
    render: (service) => {
      const known = rendered.get(service);
      if (known !== undefined) return known;
      const { definition } = service;
      const frame =
        frames.get(definition) ??
        Buffer.from(renderFrame(definition, fragments, settings.logs, trustedProxies));
      frames.set(definition, frame);
      const serverOptions = serverCheckOptions(definition, fragments);
      const servers = Buffer.from(serverLines(service));
      const made: RenderedService = {
        ...{ frame, serverOptions, servers },
        frameDigest: frameDigestOf(definition, frame, serverOptions),
        serversDigest: createHash('sha256').update(servers).digest(),
      };
      rendered.set(service, made);
      return made;
    },
  };
}

function renderFrame(
  definition: ServiceDefinition,
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
  parts.push(...networkRules(definition, render, trustedProxies));
  if (auth !== undefined) parts.push(render('backend-auth', { backend, realm: configToken(auth.realm) }));
  if (mode === 'http') parts.push(render('backend-http-options', { trustedProxies }));
  if (definition.hsts) parts.push(render('backend-hsts-options', {}));
  if (definition.sticky) parts.push(render('backend-sticky-options', {}));
  parts.push(...rewriteRules(definition, render));
  if (check !== undefined) {
    parts.push(render(`backend-${kindOf(check)}-healthcheck-options`, healthCheckData(check)));
  }
  return parts.join('');
}

function serverCheckOptions({ check }: ServiceDefinition, { render }: Fragments): string {
  if (check === undefined) return '';
  return render(`backend-server-${kindOf(check)}-healthcheck-options`, healthCheckData(check)).trimEnd();
}

const kindOf = ({ kind }: ServerCheck): 'http' | 'tcp' => (kind === 'connect' ? 'tcp' : 'http');

function frontendData(definition: ServiceDefinition, logs: boolean): FragmentData {
  const { backend, bindAddress, servicePort, mode, certificate, bindOptions } = definition;
  return {
    backend,
    bindAddr: bindAddress,
    servicePort,
    mode,
    isHttp: mode === 'http',
    sslCert: certificate === undefined ? false : configToken(certificate),
    offersHttp2: mode === 'http' && !bindOptions.namesProtocols,
    bindOptions: bindOptions.words.map((word) => ` ${configToken(word)}`).join(''),
    logsTcp: logs && mode === 'tcp',
  };
}

function healthCheckData(check: ServerCheck): FragmentData {
  return {
    // Taken literally, percent signs too. Tried on 2.6, 3.0 and 3.2.
    healthCheckPath: configToken(check.path),
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
    otherOptions: admissionOptions[server.admission],
  };
}

/** A file cannot say "drain"; no weight is the same to new sessions, and those that are bound stay. */
const admissionOptions = { ready: '', drain: ' weight 0', maint: ' disabled' } as const;
