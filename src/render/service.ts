/** One service → its userlist, frontend and backend. Cached by the service's identity: an unchanged one costs nothing. */
import { createHash } from 'node:crypto';
import { configToken, configTokens } from '../core/model/config-token.ts';
import type { Server, ServerCheck, Service, ServiceDefinition } from '../core/model/service.ts';
import { slotPrefix } from '../core/plan/slot-plan.ts';
import { anyServer, serversOf } from '../core/templates/own-servers.ts';
import { fillServerLine } from '../core/templates/server-line.ts';
import { clientClaims } from './client-claims.ts';
import { asNamed, textAt, wordsAt, type FileAt } from './file-words.ts';
import type { FragmentData, Fragments } from './fragments.ts';
import { guardRules, guardUserLists, userList } from './host-guards.ts';
import { checksMap } from './maps.ts';
import { clientOf, networkRules, rewriteRules } from './service-rules.ts';
import { profileOf, type Profile } from './profiles.ts';

export interface ServiceHead {
  /** Whether paths of checks are looked up by the backend's name, so that more backends are alike. */
  readonly looksUpChecks?: boolean;
  /** Networks that may say who the client is and what it asked for. */
  readonly trustedProxies: readonly string[];
  readonly logs: boolean;
  /** What stands behind the host in redirects to https, `:8443`; undefined = nothing redirects. */
  readonly redirectSuffix?: string | undefined;
  /** The operator's listeners take the PROXY protocol, and with it what it says of TLS. */
  readonly believesProxyTls?: boolean;
  /** Where HAProxy reads the files that labels name; as they are named unless told. */
  readonly fileAt?: FileAt;
}

export interface RenderedService {
  /** Everything but the server lines: what HAProxy cannot change at runtime. */
  readonly text: Buffer;
  /** The defaults section that holds what the section does not say, where the backend may come and go at runtime. */
  readonly profile: Profile | undefined;
  /** What stands before a section with a profile: the listener; undefined where there is none. */
  readonly listener: RenderedService | undefined;
  /** What every server line has: servers that run cannot change it either. */
  readonly serverOptions: string;
  /** The path that is checked, where the section leaves it to a map; undefined where it says it itself. */
  readonly checkPath: string | undefined;
  readonly servers: Buffer;
  /** Of `text` and `serverOptions`: hashed once, not with every text. */
  readonly skeletonDigest: string;
  readonly serversDigest: string;
  /** Clients may have to show a certificate to its listener. */
  readonly asksClients: boolean;
}

export interface ServiceRenderer {
  readonly render: (service: Service) => RenderedService;
  /** One `server` line, without the blanks before it and the newline. */
  readonly serverLine: (definition: ServiceDefinition, server: Server) => string;
  /** All that the definition puts into the configuration, with one server that stands for any. */
  readonly sample: (definition: ServiceDefinition) => string;
}

export function serviceRenderer(fragments: Fragments, settings: ServiceHead): ServiceRenderer {
  const texts = new WeakMap<ServiceDefinition, Pick<RenderedService, 'text' | 'profile' | 'listener'>>();
  const sectionOf = (definition: ServiceDefinition, serverOptions: string) => {
    const known = texts.get(definition);
    if (known !== undefined) return known;
    const [before, section] = renderSection(definition, fragments, settings, trustedProxies);
    const apart = definition.hasProfile ? profileOf(definition, section, serverOptions) : undefined;
    const made = {
      text: Buffer.from(apart?.line ?? `${before}${section}`),
      profile: apart?.profile,
      listener: apart === undefined || before === '' ? undefined : listenerOf(before, definition),
    };
    texts.set(definition, made);
    return made;
  };
  const rendered = new WeakMap<Service, RenderedService>();
  const skeletonDigests = new WeakMap<ServiceDefinition, string>();
  const skeletonDigestOf = (definition: ServiceDefinition, head: Buffer, serverOptions: string): string => {
    // Servers that run keep the port that is checked, too, and the words of their own lines.
    const { own } = definition.fragments ?? {};
    const kept = `${definition.check?.portIndex ?? ''}${own === undefined ? '' : JSON.stringify(own)}`;
    const digest =
      skeletonDigests.get(definition) ??
      createHash('sha256').update(head).update(serverOptions).update(kept).digest('base64');
    skeletonDigests.set(definition, digest);
    return digest;
  };
  const trustedProxies = settings.trustedProxies.length === 0 ? false : configTokens(settings.trustedProxies);
  const serverLines = ({ definition, servers }: Service): string => {
    const checkOptions = serverCheckOptions(definition, fragments);
    const template = definition.fragments?.serverLine;
    const line = (server: Server) => {
      const checks =
        checkOptions === '' || server.checkPort === undefined
          ? checkOptions
          : `${checkOptions} port ${server.checkPort}`;
      const { own } = server;
      const data = serverData(own?.of ?? server, definition, checks);
      const { cookieOptions: cookie, otherOptions: other } = data;
      const options = { cookie, check: checks, other };
      if (own !== undefined) return `  ${fillServerLine(own.template, own.of, options)}\n`;
      if (template === undefined) return fragments.render('backend-server-options', data);
      return `  ${fillServerLine(template, server, options)}\n`;
    };
    return servers.map(line).join('');
  };
  const samples = new WeakMap<ServiceDefinition, string>();
  const sample = (definition: ServiceDefinition): string => {
    const known = samples.get(definition);
    if (known !== undefined) return known;
    const text = renderSection(definition, fragments, settings, trustedProxies).join('');
    const made = `${text}${serverLines({ definition, servers: serversOf(definition, [anyServer]) })}`;
    samples.set(definition, made);
    return made;
  };
  return {
    serverLine: (definition, server) => serverLines({ definition, servers: [server] }).trim(),
    sample,
    render: (service) => {
      const known = rendered.get(service);
      if (known !== undefined) return known;
      const { definition } = service;
      const serverOptions = serverCheckOptions(definition, fragments);
      const { text, profile, listener } = sectionOf(definition, serverOptions);
      const servers = Buffer.from(serverLines(service));
      const made: RenderedService = {
        ...{ text, profile, listener, serverOptions, servers },
        checkPath: settings.looksUpChecks === true ? lookedUpPath(definition) : undefined,
        skeletonDigest: skeletonDigestOf(definition, text, serverOptions),
        serversDigest: createHash('sha256').update(servers).digest('base64'),
        asksClients: asksClients(definition),
      };
      rendered.set(service, made);
      return made;
    },
  };
}

const asksClients = ({ bindOptions }: ServiceDefinition): boolean =>
  bindOptions.words.some((word, at) => word === 'verify' && bindOptions.words[at + 1] !== 'none');

const listenerOf = (text: string, definition: ServiceDefinition): RenderedService => ({
  text: Buffer.from(text),
  ...{ profile: undefined, listener: undefined, serverOptions: '', checkPath: undefined },
  servers: Buffer.alloc(0),
  skeletonDigest: createHash('sha256').update(text).digest('base64'),
  serversDigest: '',
  asksClients: asksClients(definition),
});

/** @returns the user list and the listener, and the backend's section */
function renderSection(
  definition: ServiceDefinition,
  packaged: Fragments,
  { logs, fileAt = asNamed, redirectSuffix, believesProxyTls = false, looksUpChecks = false }: ServiceHead,
  trustedProxies: string | false,
): [before: string, section: string] {
  const { render } = packaged;
  const { backend, auth, check, mode, fragments } = definition;
  // A template's text stands where Pacer's own would.
  const texts = fragments?.texts ?? {};
  const parts: string[] = [];
  const takesProxy = definition.bindOptions.words.includes('accept-proxy');
  if (auth !== undefined) parts.push(userList(definition, auth, packaged));
  parts.push(...guardUserLists(definition, packaged));
  if (definition.listens) {
    const own = texts.FRONTEND_HEAD;
    parts.push(
      own === undefined
        ? render('frontend-head', frontendData(definition, logs, fileAt))
        : textAt(own, definition, fileAt),
      // An own head is all that the frontend says, or no frontend at all.
      mode === 'http' && texts.FRONTEND_HEAD === undefined
        ? clientClaims(render, trustedProxies, '', takesProxy)
        : '',
      texts.FRONTEND_BACKEND_GLUE ?? render('frontend-backend-glue', { backend }),
    );
  }
  const before = parts.splice(0).join('');
  const balance = configTokens(definition.balance.words);
  const consistentHash = definition.balance.needsConsistentHash;
  parts.push(
    texts.BACKEND_HEAD ?? render('backend-head', { backend, mode, balance, consistentHash }),
    ...networkRules(definition, render, trustedProxies),
    ...guardRules(definition, packaged, redirectSuffix, clientOf(definition, trustedProxies)),
  );
  if (auth !== undefined)
    parts.push(
      render('backend-auth', {
        backend,
        realm: configToken(auth.realm),
        askedBefore: askedBefore(definition),
      }),
    );
  if (mode === 'http')
    parts.push(
      texts.BACKEND_HTTP_OPTIONS ??
        render('backend-http-options', { trustedProxies, believesProxyTls: believesProxyTls || takesProxy }),
    );
  if (definition.hsts)
    parts.push(texts.BACKEND_HSTS_OPTIONS ?? render('backend-hsts-options', { trustedProxies }));
  if (definition.sticky)
    parts.push(
      texts.BACKEND_STICKY_OPTIONS ?? render('backend-sticky-options', stickyData(definition, packaged)),
    );
  if (definition.sticksByTemplate === true) parts.push(texts.BACKEND_STICKY_OPTIONS ?? '');
  parts.push(...rewriteRules(definition, render));
  // marathon-lb's own allows whom the networks hold, after which HAProxy reads no further rule: auth comes before.
  parts.push(texts[mode === 'http' ? 'HTTP_BACKEND_ACL_ALLOW_DENY' : 'TCP_BACKEND_ACL_ALLOW_DENY'] ?? '');
  if (check !== undefined) {
    const own =
      kindOf(check) === 'tcp' ? 'BACKEND_TCP_HEALTHCHECK_OPTIONS' : 'BACKEND_HTTP_HEALTHCHECK_OPTIONS';
    const pathMap = looksUpChecks && lookedUpPath(definition) !== undefined && checksMap;
    const data = { ...healthCheckData(check), healthCheckPathMap: pathMap };
    parts.push(texts[own] ?? render(`backend-${kindOf(check)}-healthcheck-options`, data));
  }
  parts.push(texts.BACKEND_SERVER_OPTIONS ?? '');
  return [before, parts.join('')];
}

function stickyData(definition: ServiceDefinition, packaged: Fragments): FragmentData {
  const { backend, slots } = definition;
  return { backend, slots, slotPrefix, healthCheckOptions: serverCheckOptions(definition, packaged) };
}

/** The frontends whose rules ask for user and password themselves, so that the backend does not. */
function askedBefore({ fragments }: ServiceDefinition): string | false {
  const frontends = [
    ...(fragments?.rules?.http.asksForUser === true ? ['marathon_http_in'] : []),
    ...(fragments?.rules?.https.asksForUser === true ? ['marathon_https_in'] : []),
  ];
  return frontends.length === 0 ? false : frontends.join(' ');
}

function serverCheckOptions({ check, fragments }: ServiceDefinition, { render }: Fragments): string {
  if (check === undefined) return '';
  const own =
    kindOf(check) === 'tcp'
      ? fragments?.texts.BACKEND_SERVER_TCP_HEALTHCHECK_OPTIONS
      : fragments?.texts.BACKEND_SERVER_HTTP_HEALTHCHECK_OPTIONS;
  if (own !== undefined) return own;
  return render(`backend-server-${kindOf(check)}-healthcheck-options`, healthCheckData(check)).trimEnd();
}

const kindOf = ({ kind }: ServerCheck): 'http' | 'tcp' => (kind === 'connect' ? 'tcp' : 'http');

function frontendData(definition: ServiceDefinition, logs: boolean, fileAt: FileAt): FragmentData {
  const { backend, bindAddress, servicePort, mode, certificate, bindOptions } = definition;
  return {
    backend,
    bindAddr: bindAddress,
    servicePort,
    mode,
    isHttp: mode === 'http',
    sslCert: certificate === undefined ? false : configToken(fileAt('crt', certificate)),
    offersHttp2: mode === 'http' && !bindOptions.namesProtocols,
    bindOptions: wordsAt(bindOptions.words, fileAt)
      .map((word) => ` ${configToken(word)}`)
      .join(''),
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

/** What comes out of a map goes into the request as it is, so it must be one word. */
function lookedUpPath({ check, hasProfile }: ServiceDefinition): string | undefined {
  const isPlain =
    hasProfile && check !== undefined && kindOf(check) === 'http' && /^[!-~]+$/.test(check.path);
  return isPlain ? check.path : undefined;
}

function serverData(server: Server, definition: ServiceDefinition, healthCheckOptions: string) {
  return {
    serverName: server.name,
    serverId: server.id,
    host: server.address,
    port: server.port,
    cookieOptions: definition.sticky && definition.slots === 0 ? ` cookie ${server.cookie}` : '',
    healthCheckOptions,
    otherOptions: admissionOptions[server.admin],
  };
}

/** A file cannot say "drain"; no weight is the same to new sessions, and those that are bound stay. */
const admissionOptions = { ready: '', drain: ' weight 0', maint: ' disabled' } as const;
