/** Desired → every file of a revision, and the hash that names it. The same desired state gives the same bytes. */
import { createHash } from 'node:crypto';
import { configToken, configTokens } from '../core/config-token.ts';
import type { Desired } from '../core/desired.ts';
import type { BackendName } from '../core/ids.ts';
import type { Service } from '../core/service.ts';
import type { Fragments } from './fragments.ts';
import type { OperatorHead } from './operator-head.ts';
import { renderFrontends, type FrontendFrame } from './frontends.ts';
import type { RuleLines } from '../core/templates/replaced.ts';
import { tlsSocket, type GroupedFrame } from './grouped-https.ts';
import { certificateMap, mapsOf, mapText } from './maps.ts';
import type { RouteEntry, Routes } from '../core/routes.ts';
import { serviceRenderer, type RenderedService, type ServiceFrame } from './service.ts';
import { distinctShapes, poolOf, type BackendPool } from './shapes.ts';
import type { Server, ServiceDefinition } from '../core/service.ts';
import { UnwritableService } from './unwritable.ts';

/** All that a configuration has beside services and routes. */
export interface Frame extends FrontendFrame, ServiceFrame {
  /** The operator's HEAD. */
  readonly head: OperatorHead | undefined;
  readonly statsPort: number;
  /** Where Pacer answers what the statistics port is asked and HAProxy does not know. */
  readonly endpointsSocket: string;
  /** Networks that may use the endpoints that change something. */
  readonly signalNetworks: readonly string[];
  /** So may who sends a token, which Pacer judges. */
  readonly signalsTakeToken: boolean;
  readonly runtimeSocket: string;
  /** Whom HAProxy becomes when it has its ports; undefined = it stays who starts it. */
  readonly runAs?: { readonly user: string; readonly group: string } | undefined;
  /** The folder that HAProxy is locked into; undefined = none. */
  readonly chroot?: string | undefined;
  /** Of the defaults section, as HAProxy writes them after `option`. */
  readonly defaultOptions: readonly string[];
  readonly maxconn: number;
  /** Half of the file descriptors that servers may take which are added while HAProxy runs. */
  readonly maxpipes: number;
  /** With a unit, as HAProxy writes it: `30m`. */
  readonly hardStopAfter: string;
  readonly maxReloads: number;
  /** Whether backends may come and go while HAProxy runs. */
  readonly dynamicBackends: boolean;
  /** A syslog socket or address; undefined = no log. */
  readonly logTarget: string | undefined;
  /** `<SHA-1>/<host>` or `<SHA-1>/.<parent of a wildcard>` of each name in the certificates of the HTTPS listener. */
  readonly certificateNames: readonly string[];
  /** Path → digest of every certificate that is named: a renewed one is another configuration. */
  readonly certificateDigests: ReadonlyMap<string, string>;
  /** The same of other files that bind options name, which only a reload reads anew. */
  readonly fileDigests?: ReadonlyMap<string, string>;
  /** Before the first snapshot: every host is answered with 503, since none is known to be nobody's. */
  readonly starting?: boolean;
}

export interface Rendering {
  /** `<frame>.<whole>`: a digest of everything but the servers, and one of all files. Each 32 hex digits. */
  readonly hash: string;
  /** Relative file name → content. `haproxy.cfg` is the one HAProxy is started with. */
  readonly files: ReadonlyMap<string, string | Buffer>;
  /** Undefined where no backend may come or go while HAProxy runs. */
  readonly pool: BackendPool | undefined;
  /** File name → entries, of every map. */
  readonly maps: ReadonlyMap<string, readonly RouteEntry[]>;
  /** The backend whose lines hold this line of haproxy.cfg (from 1), if one does. */
  readonly backendAt: (line: number) => BackendName | undefined;
}

/** In a map every key has a value. */
const httpsFrontend = 'marathon_https_in' as BackendName;

export const configurationFile = 'haproxy.cfg';

/** Empty while the node serves; an entry makes the health check on the statistics port fail. */
export const stoppingMap = 'stopping.map';

/** What differs from one rendering to the next beside the desired state. */
export type ChangingFrame = Pick<
  Frame,
  | 'certificates'
  | 'certificateNames'
  | 'certificateDigests'
  | 'fileDigests'
  | 'maxconn'
  | 'maxpipes'
  | 'starting'
>;

/** The part of a hash that stays the same while only servers change; undefined for a hash that is not ours. */
export function frameOf(hash: string | undefined): string | undefined {
  return /^([0-9a-f]{32})\.[0-9a-f]{32}$/.exec(hash ?? '')?.[1];
}

export interface Renderer {
  readonly render: (desired: Pick<Desired, 'services' | 'routes'>, changing: ChangingFrame) => Rendering;
  readonly serverLine: (definition: ServiceDefinition, server: Server) => string;
  /** All that a service puts into the configuration of its own, with one server that stands for any. */
  readonly sample: (definition: ServiceDefinition) => string;
}

export function renderer(fragments: Fragments, frame: Omit<Frame, keyof ChangingFrame>): Renderer {
  const services = serviceRenderer(fragments, frame);
  const errorPages = [...fragments.errorPages].map(([name, text]): [string, string] => [
    `errors/${name}.html`,
    text,
  ]);

  const rememberedMaps = new WeakMap<Routes, RenderedMaps>();
  const renderMaps = (routes: Routes): RenderedMaps => {
    const known = rememberedMaps.get(routes);
    if (known !== undefined) return known;
    const maps = mapsOf(routes, frame.groupsHttps);
    const texts = [...maps].map(([name, entries]): [string, Buffer] => [name, Buffer.from(mapText(entries))]);
    const made = { maps, texts };
    rememberedMaps.set(routes, made);
    return made;
  };

  const rememberedFrontends = new WeakMap<Routes, { readonly of: string; readonly text: Buffer }>();
  /** Tasks that come and go leave the routes as they are, and with them the frontends. */
  const frontendsOf = (routes: Routes, whole: Frame): Buffer => {
    const of = whole.certificates.join('\n');
    const known = rememberedFrontends.get(routes);
    if (known?.of === of) return known.text;
    const text = Buffer.from(renderFrontends(fragments, whole, routes));
    rememberedFrontends.set(routes, { of, text });
    return text;
  };

  const written = (service: Service): RenderedService => {
    try {
      return services.render(service);
    } catch (error) {
      throw new UnwritableService(service.definition, error);
    }
  };

  const withCertificates = ({ maps, texts }: RenderedMaps, names: readonly string[]): RenderedMaps => {
    if (frame.httpsPort === undefined || frame.groupsHttps) return { maps, texts };
    const entries = names.map((key) => ({ key, backend: httpsFrontend }));
    return {
      maps: new Map([...maps, [certificateMap, entries]]),
      texts: [...texts, [certificateMap, Buffer.from(mapText(entries))]],
    };
  };

  const render: Renderer['render'] = (desired, changing) => {
    const whole: Frame = { ...frame, ...changing };
    const { maps, texts: mapTexts } = withCertificates(renderMaps(desired.routes), changing.certificateNames);
    const frontends = frontendsOf(desired.routes, whole);
    // One walk: at ten thousand services each further one is felt by the events that wait meanwhile.
    const fixed: Part[] = [];
    const shaped: Part[] = [];
    let resumesTls = true;
    for (const service of desired.services.values()) {
      const part = written(service);
      (part.shape === undefined ? fixed : shaped).push({ service, part });
      if (part.asksClients) resumesTls = false;
    }
    const all = [...fixed, ...shaped];
    const shapes = distinctShapes(shaped.flatMap(({ part }) => part.shape ?? []));
    const pool =
      frame.dynamicBackends && frame.head === undefined
        ? poolOf(
            new Map(shaped.map(({ service, part }) => [service.definition.backend, part.shape?.name ?? ''])),
          )
        : undefined;
    // Servers, entries of maps and certificates can change while HAProxy runs; all else is the frame.
    const frameHash = createHash('sha256')
      .update(renderHead(fragments, { ...whole, certificateDigests: new Map() }, resumesTls, '-', '-'))
      .update(frontends)
      .update(fixed.map(({ part }) => part.frameDigest).join(''));
    for (const { name } of shapes) frameHash.update(name);
    for (const [name, text] of errorPages) frameHash.update(`\0${name}\0`).update(text);
    const frameDigest = frameHash.digest('hex').slice(0, 32);
    const wholeHash = createHash('sha256')
      .update(frameDigest)
      .update(renderHead(fragments, whole, resumesTls, '-', pool?.digest ?? '-'))
      .update(all.map(({ part }) => part.serversDigest).join(''));
    for (const [name, text] of mapTexts) wholeHash.update(`\0${name}\0`).update(text);
    const hash = `${frameDigest}.${wholeHash.digest('hex').slice(0, 32)}`;

    const head = Buffer.from(renderHead(fragments, whole, resumesTls, hash, pool?.digest ?? '-'));
    const shapeTexts = shapes.map(({ text }) => Buffer.from(text));
    const text = [head, frontends];
    for (const { part } of fixed) text.push(part.frame, part.servers);
    text.push(...shapeTexts);
    for (const { part } of shaped) text.push(part.frame, part.servers);
    const files = new Map<string, string | Buffer>([
      [configurationFile, Buffer.concat(text)],
      ...mapTexts,
      [stoppingMap, ''],
      ...errorPages,
    ]);
    const bodies = (): Body[] => [
      ...fixed.flatMap(bodiesOf),
      ...shapeTexts.map((shape) => ({ text: shape, backend: undefined })),
      ...shaped.flatMap(bodiesOf),
    ];
    const lines = () => String(Buffer.concat([head, frontends])).split('\n');
    return {
      ...{ hash, files, maps, pool },
      backendAt: (line) =>
        backendAt(line, [head, frontends], bodies()) ??
        ruleOwner(lines()[line - 1]?.trim(), desired.routes, whole),
    };
  };
  return { render, serverLine: services.serverLine, sample: services.sample };
}

interface RenderedMaps {
  readonly maps: Rendering['maps'];
  /** Relative file name → content. */
  readonly texts: readonly (readonly [string, Buffer])[];
}

/** A part of haproxy.cfg, and whose it is. */
interface Body {
  readonly text: Buffer;
  readonly backend: BackendName | undefined;
}

interface Part {
  readonly service: Service;
  readonly part: RenderedService;
}

function bodiesOf({ service, part }: Part): Body[] {
  const { backend } = service.definition;
  return [part.frame, part.servers].map((text) => ({ text, backend }));
}

function renderHead(
  { render }: Fragments,
  frame: Frame,
  resumesTls: boolean,
  hash: string,
  backends: string,
): string {
  const own = render('head', {
    hash,
    certificates: [...frame.certificateDigests].map(([path, digest]) => ({ path, digest })),
    files: [...(frame.fileDigests ?? [])].map(([path, digest]) => ({ path, digest })),
    runtimeSocket: configToken(frame.runtimeSocket),
    runAs:
      frame.runAs === undefined
        ? false
        : { user: configToken(frame.runAs.user), group: configToken(frame.runAs.group) },
    chroot: frame.chroot === undefined ? false : configToken(frame.chroot),
    maxconn: frame.maxconn,
    maxpipes: frame.maxpipes,
    hardStopAfter: frame.hardStopAfter,
    maxReloads: frame.maxReloads,
    backends: frame.dynamicBackends && frame.head === undefined ? backends : false,
    logTarget: frame.logTarget === undefined ? false : configToken(frame.logTarget),
    resumesTls,
    defaultOptions: frame.defaultOptions,
    starting: frame.starting ?? false,
    stats: { bind: `${frame.bindAddress}:${frame.statsPort}` },
    endpoints: {
      socket: configToken(frame.endpointsSocket),
      trusted: configTokens(['127.0.0.0/8', '::1', ...frame.signalNetworks]),
      takesToken: frame.signalsTakeToken,
    },
  });
  return frame.head === undefined ? own : frame.head.merge(own);
}

/** Only asked for when HAProxy complains, so nothing is kept for it. */
function backendAt(
  line: number,
  before: readonly Buffer[],
  bodies: readonly Body[],
): BackendName | undefined {
  let end = before.reduce((sum, part) => sum + lineCount(part), 0);
  if (line <= end) return undefined;
  for (const { text, backend } of bodies) {
    end += lineCount(text);
    if (line <= end) return backend;
  }
  return undefined;
}

/** The service whose rule in a frontend of all this line is. */
function ruleOwner(
  text: string | undefined,
  { rules, appIdRules, tls }: Routes,
  frame: GroupedFrame,
): BackendName | undefined {
  if (text === undefined || text === '') return undefined;
  const has = ({ before, redirects, uses }: RuleLines) => [...before, ...redirects, ...uses].includes(text);
  return (
    rules.find(({ http, https }) => has(http) || has(https)) ??
    appIdRules.find(has) ??
    tls.frontends.find(({ name }) => text.startsWith(`bind ${tlsSocket(frame, name)} `))
  )?.backend;
}

function lineCount(text: Buffer): number {
  let count = 0;
  for (let at = text.indexOf(10); at !== -1; at = text.indexOf(10, at + 1)) count++;
  return count;
}
