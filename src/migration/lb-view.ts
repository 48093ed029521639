/** A running marathon-lb as its configuration and maps show it: what listens where, and what is behind it. */
import { readConfig, readMap, type ConfigSection } from './lb-config.ts';
import { readFrontend, type LbAnswer } from './lb-frontend.ts';
import type { LbRequest } from './lb-sample.ts';
import { namedTargets } from './lb-targets.ts';

export interface LbFiles {
  readonly configuration: string;
  /** Texts of `domain2backend.map` and `app2backend.map`, where they can be had. */
  readonly vhostMap: string | undefined;
  readonly appMap: string | undefined;
}

export interface LbBackend {
  readonly mode: string;
  readonly balance: string;
  readonly sticky: boolean;
  /** `address:port`. */
  readonly servers: ReadonlySet<string>;
  /** Of a vhost's basic auth: `user_<backend>` is there. */
  readonly hasAuth: boolean;
  readonly allowsOnlySome: boolean;
}

export interface LbView {
  readonly answerHost: (request: LbRequest) => LbAnswer;
  readonly answerAppId: (appId: string) => LbAnswer;
  /** Host → paths that its rules name. */
  readonly targets: ReadonlyMap<string, ReadonlySet<string>>;
  readonly appIds: readonly string[];
  /** Service port → what it leads to. */
  readonly ports: ReadonlyMap<number, { readonly backend: string | undefined; readonly tls: boolean }>;
  readonly backends: ReadonlyMap<string, LbBackend>;
}

const own = new Set(['marathon_http_in', 'marathon_https_in', 'marathon_http_appid_in', 'stats']);
const nobody = (): LbAnswer => ({ kind: 'nobody' });

export function readLb({ configuration, vhostMap, appMap }: LbFiles): LbView {
  const sections = readConfig(configuration);
  const hostEntries = vhostMap === undefined ? undefined : readMap(vhostMap);
  const appEntries = appMap === undefined ? undefined : readMap(appMap);
  const maps = new Map([
    ...(hostEntries === undefined ? [] : [['domain2backend.map', hostEntries] as const]),
    ...(appEntries === undefined ? [] : [['app2backend.map', appEntries] as const]),
  ]);
  const backends = new Map(sections.filter(isBackend).map((it) => [it.name, it]));
  const names = new Set(backends.keys());
  const frontends = sections.filter(({ kind }) => kind === 'frontend');
  const userlists = new Set(sections.filter(({ kind }) => kind === 'userlist').map(({ name }) => name));
  const named = (name: string) => {
    const section = frontends.find((it) => it.name === name);
    return section === undefined ? nobody : readFrontend(section, maps, names);
  };
  const [http, https, appId] = [
    named('marathon_http_in'),
    named('marathon_https_in'),
    named('marathon_http_appid_in'),
  ];
  // With --group-https-by-vhost 443 only passes TLS on, to a frontend for each vhost behind an abstract socket.
  const inner = new Map(
    frontends.flatMap((section) =>
      abstractBinds(section).map((name) => [name, readFrontend(section, maps, names)] as const),
    ),
  );
  const passesOn = (backend: string) =>
    (backends.get(backend)?.lines ?? [])
      .filter(({ words }) => words[0] === 'server')
      .flatMap(({ words }) => inner.get(words[2]?.replace(/^abns@/, '') ?? '') ?? [])[0];
  const secure = (request: LbRequest): LbAnswer => {
    const answer = https(request);
    const next = answer.kind === 'backend' ? passesOn(answer.backend) : undefined;
    return next === undefined ? answer : next(request);
  };
  const targets = new Map<string, Set<string>>();
  for (const section of frontends.filter(({ name }) => name.startsWith('marathon_http')))
    for (const [host, paths] of namedTargets(section))
      targets.set(host, new Set([...(targets.get(host) ?? []), ...paths]));
  for (const host of hostEntries?.keys() ?? []) if (!targets.has(host)) targets.set(host, new Set());
  return {
    answerHost: (request) => (request.secure ? secure(request) : http(request)),
    answerAppId: (id) => appId({ secure: false, host: '', path: '/', appId: id }),
    targets,
    appIds: [...new Set([...(appEntries?.keys() ?? []), ...namedAppIds(frontends)])],
    ports: new Map(frontends.filter(({ name }) => !own.has(name)).flatMap(portsOf)),
    backends: new Map([...backends].map(([name, section]) => [name, backendOf(section, userlists)])),
  };
}

const isBackend = ({ kind }: ConfigSection): boolean => kind === 'backend' || kind === 'listen';

const abstractBinds = ({ lines }: ConfigSection): string[] =>
  lines.flatMap(({ words }) => (words[0] === 'bind' ? (/^abns@(.+)$/.exec(words[1] ?? '')?.[1] ?? []) : []));

function portsOf({ lines }: ConfigSection): [number, { backend: string | undefined; tls: boolean }][] {
  const backend = lines.find(({ words }) => words[0] === 'use_backend' || words[0] === 'default_backend')
    ?.words[1];
  return lines.flatMap(({ words }) => {
    const port = words[0] === 'bind' ? /:(\d+)$/.exec(words[1] ?? '')?.[1] : undefined;
    return port === undefined ? [] : [[Number(port), { backend, tls: words.includes('ssl') }] as const];
  });
}

function namedAppIds(frontends: readonly ConfigSection[]): string[] {
  const lines = frontends.find(({ name }) => name === 'marathon_http_appid_in')?.lines ?? [];
  return lines.flatMap(({ words }) =>
    words[0] === 'acl' ? words.slice(3).filter((it) => it.startsWith('/')) : [],
  );
}

function backendOf({ name, lines }: ConfigSection, userlists: ReadonlySet<string>): LbBackend {
  const first = (keyword: string) => lines.find(({ words }) => words[0] === keyword)?.words.slice(1);
  const servers = lines.filter(({ words }) => words[0] === 'server').map(({ words }) => words[2] ?? '');
  return {
    mode: first('mode')?.[0] ?? 'http',
    balance: first('balance')?.join(' ') ?? 'roundrobin',
    sticky: first('cookie') !== undefined,
    servers: new Set(servers),
    hasAuth: userlists.has(`user_${name}`),
    allowsOnlySome: lines.some(
      ({ words }) => words[0] === 'acl' && words[1] === 'network_allowed' && words[2] === 'src',
    ),
  };
}
