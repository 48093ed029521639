/** Desired → every file of a revision, and the hash that names it. The same desired state gives the same bytes. */
import { createHash } from 'node:crypto';
import type { Desired } from '../core/desired/desired.ts';
import type { BackendName } from '../core/model/ids.ts';
import type { Service } from '../core/model/service.ts';
import type { Fragments } from './fragments.ts';
import { renderFrontends } from './frontends.ts';
import { renderHead, usesSpares, type ChangingHead, type FixedHead } from './head.ts';
import { backendAt, bodiesOf, ruleOwner, type Body, type Part } from './line-owners.ts';
import { asCarried, bodiesOfSections, placedSections, valueMaps } from './spares.ts';
import {
  freshPlacement,
  nextPlacement,
  type Placeable,
  type Placed,
  type Placement,
} from '../core/plan/placement.ts';
import { certificateMap, mapsOf, mapText, redirectsMap } from './maps.ts';
import type { RouteEntry, Routes } from '../core/routing/routes.ts';
import { serviceRenderer, type RenderedService } from './service.ts';
import { distinctProfiles, poolOf, type BackendPool } from './profiles.ts';
import type { Server, ServiceDefinition } from '../core/model/service.ts';
import { UnwritableService } from './unwritable.ts';

export interface Rendering {
  /** `<skeleton>.<whole>`: a digest of everything but the servers, and one of all files. Each 32 hex digits. */
  readonly hash: string;
  /** Relative file name → content. `haproxy.cfg` is the one HAProxy is started with. */
  readonly files: ReadonlyMap<string, string | Buffer>;
  /** Undefined where no service may get a backend while HAProxy runs. */
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

/** The part of a hash that stays the same while only servers change; undefined for a hash that is not ours. */
export function skeletonOf(hash: string | undefined): string | undefined {
  return /^([0-9a-f]{32})\.[0-9a-f]{32}$/.exec(hash ?? '')?.[1];
}

export interface Renderer {
  /** @param placement who is served by which backend; as a reload makes it where none is given */
  readonly render: (
    desired: Pick<Desired, 'services' | 'routes'>,
    changing: ChangingHead,
    placement?: Placement,
  ) => Rendering;
  /** In the backends that HAProxy has; undefined where there are no spare ones. */
  readonly place: (desired: Pick<Desired, 'services'>, before: Placement) => Placed | undefined;
  readonly serverLine: (definition: ServiceDefinition, server: Server) => string;
  /** All that a service puts into the configuration of its own, with one server that stands for any. */
  readonly sample: (definition: ServiceDefinition) => string;
}

export function renderer(fragments: Fragments, settings: Omit<FixedHead, keyof ChangingHead>): Renderer {
  const services = serviceRenderer(fragments, { ...settings, looksUpChecks: usesSpares(settings) });
  const errorPages = [...fragments.errorPages].map(([name, text]): [string, string] => [
    `errors/${name}.html`,
    text,
  ]);

  const rememberedMaps = new WeakMap<Routes, RenderedMaps>();
  const renderMaps = (routes: Routes): RenderedMaps => {
    const known = rememberedMaps.get(routes);
    if (known !== undefined) return known;
    const maps = mapsOf(routes, settings.groupsHttps);
    const texts = [...maps].map(([name, entries]): [string, Buffer] => [name, Buffer.from(mapText(entries))]);
    const made = { maps, texts };
    rememberedMaps.set(routes, made);
    return made;
  };

  const rememberedFrontends = new WeakMap<Routes, { readonly of: string; readonly text: Buffer }>();
  /** Tasks that come and go leave the routes as they are, and with them the frontends. */
  const frontendsOf = (routes: Routes, whole: FixedHead): Buffer => {
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

  const placeables = (parts: readonly Part[]): Placeable[] =>
    parts.map(({ service: { definition }, part: { profile } }) => ({
      own: definition.backend,
      name: definition.name,
      profile: profile?.name ?? '',
      keepsName: definition.name !== definition.appId,
      listens: definition.listens,
    }));
  const fresh = (desired: Pick<Desired, 'services'>, parts: readonly Part[]): Placement =>
    freshPlacement(
      placeables(parts),
      new Map(
        distinctProfiles(parts.flatMap(({ part }) => part.profile ?? [])).map((it) => [it.name, it.text]),
      ),
      settings.spareBackends,
      new Set(desired.services.keys()),
    );

  const withCertificates = ({ maps, texts }: RenderedMaps, names: readonly string[]): RenderedMaps => {
    if (settings.httpsPort === undefined || settings.groupsHttps) return { maps, texts };
    const entries = names.map((key) => ({ key, backend: httpsFrontend }));
    return {
      maps: new Map([...maps, [certificateMap, entries]]),
      texts: [...texts, [certificateMap, Buffer.from(mapText(entries))]],
    };
  };

  const rememberedCarried = new WeakMap<Routes, { readonly of: Placement; readonly maps: RenderedMaps }>();
  /** The maps of routes with the backends' names in HAProxy, and those of values. */
  const withPlacement = (
    { maps, texts }: RenderedMaps,
    routes: Routes,
    placement: Placement,
    values: Rendering['maps'],
  ): RenderedMaps => {
    const known = rememberedCarried.get(routes);
    const carried = known?.of === placement ? known.maps.maps : asCarried(maps, placement);
    const written =
      known?.of === placement
        ? known.maps.texts
        : texts.map(([name, text]): [string, Buffer] => {
            const entries = carried.get(name) ?? [];
            return [name, entries === maps.get(name) ? text : Buffer.from(mapText(entries))];
          });
    rememberedCarried.set(routes, { of: placement, maps: { maps: carried, texts: written } });
    return {
      maps: new Map([...carried, ...values]),
      texts: [
        ...written,
        ...[...values].map(([name, entries]): [string, Buffer] => [name, Buffer.from(mapText(entries))]),
      ],
    };
  };

  const render: Renderer['render'] = (desired, changing, given) => {
    const whole: FixedHead = { ...settings, ...changing };
    const frontends = frontendsOf(desired.routes, whole);
    // One walk: at ten thousand services each further one is felt by the events that wait meanwhile.
    const fixed: Part[] = [];
    const withProfile: Part[] = [];
    let resumesTls = true;
    for (const service of desired.services.values()) {
      const part = written(service);
      (part.profile === undefined ? fixed : withProfile).push({ service, part });
      if (part.listener !== undefined) fixed.push({ service, part: part.listener });
      if (part.asksClients) resumesTls = false;
    }
    const placement = usesSpares(settings) ? (given ?? fresh(desired, withProfile)) : undefined;
    const values = placement && valueMaps(placement, withProfile);
    const sections = placement && placedSections(placement, withProfile);
    const routeMaps = renderMaps(desired.routes);
    const { maps, texts: mapTexts } = withCertificates(
      placement === undefined || values === undefined
        ? routeMaps
        : withPlacement(routeMaps, desired.routes, placement, values),
      changing.certificateNames,
    );
    const profiles =
      placement === undefined
        ? distinctProfiles(withProfile.flatMap(({ part }) => part.profile ?? []))
        : distinctProfiles([...placement.profiles].map(([name, text]) => ({ name, text })));
    const added =
      settings.dynamicBackends && settings.head === undefined
        ? poolOf(
            new Map(
              withProfile.map(({ service, part }) => [service.definition.backend, part.profile?.name ?? '']),
            ),
          )
        : undefined;
    const pool: BackendPool | undefined =
      placement === undefined || values === undefined
        ? added
        : { kind: 'spares', placement, values: withRedirects(values, maps) };
    // Servers, entries of maps and certificates can change while HAProxy runs; all else is the skeleton.
    const skeletonHash = createHash('sha256')
      .update(renderHead(fragments, { ...whole, certificateDigests: new Map() }, resumesTls, '-', '-'))
      .update(frontends)
      .update(fixed.map(({ part }) => part.skeletonDigest).join(''));
    for (const { name } of profiles) skeletonHash.update(name);
    for (const [backend, profile] of placement?.layout ?? []) skeletonHash.update(`\0${backend} ${profile}`);
    for (const [name, text] of errorPages) skeletonHash.update(`\0${name}\0`).update(text);
    const skeletonDigest = skeletonHash.digest('hex').slice(0, 32);
    const wholeHash = createHash('sha256')
      .update(skeletonDigest)
      .update(renderHead(fragments, whole, resumesTls, '-', added?.digest ?? '-'))
      .update(fixed.map(({ part }) => part.serversDigest).join(''))
      .update((sections ?? withProfile.map(({ part }) => part)).map((it) => it.serversDigest).join(''));
    for (const [name, text] of mapTexts) wholeHash.update(`\0${name}\0`).update(text);
    const hash = `${skeletonDigest}.${wholeHash.digest('hex').slice(0, 32)}`;

    const head = Buffer.from(renderHead(fragments, whole, resumesTls, hash, added?.digest ?? '-'));
    const profileTexts = profiles.map(({ text }) => Buffer.from(text));
    const text = [head, frontends];
    for (const { part } of fixed) text.push(part.text, part.servers);
    text.push(...profileTexts);
    if (sections === undefined) for (const { part } of withProfile) text.push(part.text, part.servers);
    else for (const { line, servers } of sections) text.push(line, servers);
    const files = new Map<string, string | Buffer>([
      [configurationFile, Buffer.concat(text)],
      ...mapTexts,
      [stoppingMap, ''],
      ...errorPages,
    ]);
    const bodies = (): Body[] => [
      ...fixed.flatMap(bodiesOf),
      ...profileTexts.map((profile) => ({ text: profile, backend: undefined })),
      ...(sections === undefined ? withProfile.flatMap(bodiesOf) : bodiesOfSections(sections)),
    ];
    const lines = () => String(Buffer.concat([head, frontends])).split('\n');
    return {
      ...{ hash, files, maps, pool },
      backendAt: (line) =>
        backendAt(line, [head, frontends], bodies()) ??
        ruleOwner(lines()[line - 1]?.trim(), desired.routes, whole),
    };
  };
  const place: Renderer['place'] = (desired, before) => {
    if (!usesSpares(settings)) return undefined;
    const parts = [...desired.services.values()].map((service) => ({ service, part: written(service) }));
    return nextPlacement(before, placeables(parts.filter(({ part }) => part.profile !== undefined)));
  };
  return { render, place, serverLine: services.serverLine, sample: services.sample };
}

/** Whoever is routed to a backend is to find its redirect there. */
const withRedirects = (values: Rendering['maps'], maps: Rendering['maps']): Rendering['maps'] =>
  new Map([...values, [redirectsMap, maps.get(redirectsMap) ?? []]]);

interface RenderedMaps {
  readonly maps: Rendering['maps'];
  /** Relative file name → content. */
  readonly texts: readonly (readonly [string, Buffer])[];
}
