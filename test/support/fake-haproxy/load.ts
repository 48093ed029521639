/** A configuration and its files → what a worker that reads them has in memory, or why HAProxy refuses them. */
import { capabilitiesOf } from '../../../src/haproxy/machine/capabilities.ts';
import { parseVersion, type HaproxyVersion } from '../../../src/haproxy/machine/version.ts';
import { readConfiguration, type Alert, type Rule, type Section } from './configuration.ts';
import { Files } from './files.ts';
import { addServers, pinnedServers } from './load-servers.ts';
import type { FakeBackend, FakeFrontend, FakeWorker, ProxyDefaults } from './worker.ts';

export interface LoadOptions {
  readonly text: string;
  /** As it is told in messages. */
  readonly configFile: string;
  /** A file that the configuration names; undefined where there is none. */
  readonly read: (name: string) => string | undefined;
  readonly versionText: string;
  readonly pid: number;
  readonly loadedAt: number;
  readonly now: number;
  /** The verdict of a test on a line: what HAProxy has against it. */
  readonly objection?: ((words: readonly string[], section: Section) => string | undefined) | undefined;
}

export type Loaded =
  | { readonly kind: 'worker'; readonly worker: FakeWorker }
  | { readonly kind: 'refused'; readonly alerts: readonly Alert[] };

const oldest: HaproxyVersion = { version: '2.6.0', major: 2, minor: 6 };

export function load(options: LoadOptions): Loaded {
  const version = parseVersion(options.versionText) ?? oldest;
  const { sections, alerts: found } = readConfiguration(options.text, version);
  const alerts = [...found];
  const environment = new Map<string, string>();
  const variables: FakeWorker['variables'] = new Map();
  const defaults = new Map<string, ProxyDefaults>();
  const frontends: FakeFrontend[] = [];
  const backends = new Map<string, FakeBackend>();
  const files = new Files(options.read, alerts);
  const pinned = new Set(sections.flatMap(({ name, rules }) => pinnedServers(name, rules)));
  const numbers = { maxconn: 100, maxpipes: 0, checks: 0, binds: 0 };
  let hardStopAfterMs: number | undefined;
  let nextProxyId = 2;
  let nextRef = 1;
  let last = initialDefaults;

  const object = (section: Section) => {
    if (options.objection === undefined) return;
    for (const { words, line } of section.rules) {
      const text = options.objection(words, section);
      if (text !== undefined) alerts.push({ line, text });
    }
  };

  for (const section of sections) {
    object(section);
    const { kind, name, rules } = section;
    if (kind === 'global') {
      for (const { words } of rules) {
        const [word, first = '', second = ''] = words;
        if (word === 'setenv') environment.set(first, second);
        if (word === 'maxconn' || word === 'maxpipes') numbers[word] = Number(first);
        if (word === 'hard-stop-after') hardStopAfterMs = milliseconds(first);
        const value = /^str\((.*)\)$/.exec(second)?.[1];
        if (word === 'set-var' && value !== undefined) variables.set(first, { type: 'str', value });
      }
      continue;
    }
    if (kind === 'defaults') {
      const base = section.from === undefined ? initialDefaults : defaults.get(section.from);
      if (base === undefined)
        alerts.push({
          line: section.line,
          text: `defaults section '${section.from ?? ''}' not found for this 'defaults' section.`,
        });
      last = proxyDefaults(rules, base ?? initialDefaults);
      defaults.set(name, last);
      continue;
    }
    if (kind !== 'frontend' && kind !== 'backend' && kind !== 'listen') continue;
    const base = section.from === undefined ? last : defaults.get(section.from);
    if (base === undefined)
      alerts.push({
        line: section.line,
        text: `defaults section '${section.from ?? ''}' not found for ${kind} '${name}'.`,
      });
    const id = nextProxyId++;
    if (kind !== 'backend') {
      const binds = rules.filter(({ words }) => words[0] === 'bind');
      numbers.binds += binds.length;
      for (const { words, line } of binds) files.certificatesOf(words, line);
      for (const { words, line } of rules) files.mapsOf(words, line);
      frontends.push({ name, binds: binds.map(({ words }) => words[1] ?? ''), rules });
    } else for (const { words, line } of rules) files.mapsOf(words, line);
    if (kind === 'frontend') continue;
    if (backends.has(name))
      alerts.push({ line: section.line, text: `backend '${name}' has the same name as another one.` });
    const backend = backendOf(id, section, proxyDefaults(rules, base ?? initialDefaults));
    backends.set(name, backend);
    const place = { version, configFile: options.configFile, now: options.now, pinned };
    numbers.checks += addServers(backend, rules, place, alerts);
  }
  for (const { name, rules } of frontends)
    for (const { words, line } of rules) {
      const target =
        words[0] === 'use_backend' || words[0] === 'default_backend' ? (words[1] ?? '') : undefined;
      if (target !== undefined && !target.includes('%[') && !backends.has(target))
        alerts.push({
          line,
          text: `Proxy '${name}': unable to find required ${words[0] ?? ''}: '${target}'.`,
        });
    }
  const maps = files.maps(() => nextRef++);
  if (alerts.length > 0) return { kind: 'refused', alerts };
  const worker: FakeWorker = {
    ...{ pid: options.pid, version, versionText: options.versionText, capabilities: capabilitiesOf(version) },
    ...{ configFile: options.configFile, startedAt: options.now, environment, loadedAt: options.loadedAt },
    // [haproxy] haproxy.c compute_ideal_maxconn and after: connections, pipes, checks, listeners and some 40 more.
    maxsock: 2 * numbers.maxconn + 2 * numbers.maxpipes + numbers.checks + numbers.binds + 40,
    ...{ hardStopAfterMs, defaults, frontends, backends, nextProxyId, maps, nextRef, variables },
    ...{ certificates: files.certificates, transaction: undefined, lists: files.lists },
    ...{ stopping: false, frozen: false, alive: true },
  };
  return { kind: 'worker', worker };
}

const initialDefaults: ProxyDefaults = {
  balance: 'roundrobin',
  dynamic: true,
  mode: 'tcp',
  checksHttp: false,
};

/** [haproxy] configuration.txt "balance": these take servers at runtime; those by hash only where it is consistent. */
const dynamicBalances = new Set(['roundrobin', 'leastconn', 'random', 'first']);

function proxyDefaults(rules: readonly Rule[], base: ProxyDefaults): ProxyDefaults {
  let { balance, mode, checksHttp } = base;
  let consistent = base.dynamic && !dynamicBalances.has(base.balance);
  for (const { words } of rules) {
    const [word, first = ''] = words;
    if (word === 'balance') balance = first;
    if (word === 'mode') mode = first;
    if (word === 'option' && first === 'httpchk') checksHttp = true;
    if (word === 'hash-type') consistent = first === 'consistent';
  }
  const plain = balance.replace(/\(.*/, '');
  return {
    balance,
    mode,
    checksHttp,
    dynamic: dynamicBalances.has(plain) || (plain !== 'static-rr' && consistent),
  };
}

function backendOf(id: number, { name, rules }: Section, defaults: ProxyDefaults): FakeBackend {
  const answer = rules.find(
    ({ words }) => words[0] === 'http-request' && words[1] === 'return' && !words.includes('if'),
  );
  const status = answer === undefined ? undefined : Number(answer.words[answer.words.indexOf('status') + 1]);
  const { balance, dynamic, mode, checksHttp } = defaults;
  return {
    id,
    name,
    mode,
    balance,
    dynamic,
    http: mode === 'http',
    checksHttp,
    atRuntime: false,
    published: true,
    status,
    servers: [],
  };
}

const units: Readonly<Record<string, number>> = {
  us: 0.001,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

function milliseconds(text: string): number {
  const [, number = '0', unit = 'ms'] = /^(\d+)(us|ms|s|m|h|d)?$/.exec(text) ?? [];
  return Number(number) * (units[unit] ?? 1);
}
