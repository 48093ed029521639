/**
 * Remembers the last version of each service that served, also across restarts. An app keeps serving with it while its
 * new version is rejected. What is saved is the app's labels and definition, not the result, so that it is judged again
 * by the present rules.
 */
import { z } from 'zod';
import { defineServices, type DefinitionContext } from '../../core/services/definition.ts';
import { isKeptOf } from '../../core/services/kept.ts';
import type { Desired } from '../../core/desired/desired.ts';
import type { AppId } from '../../core/model/ids.ts';
import type { App } from '../../core/model/model.ts';
import type { Policy } from '../../core/policy/policy.ts';
import type { Service, ServiceDefinition } from '../../core/model/service.ts';
import { saved } from '../storage/saved.ts';

/** The last good versions. */
export interface LastGood {
  readonly of: (appId: AppId, portIndex: number) => ServiceDefinition | undefined;
  /** HAProxy serves this now. Services without servers do not count. */
  readonly serves: (desired: Desired) => void;
  /** HAProxy serves these services now, and the others as before. */
  readonly servesAlso: (services: readonly Service[], desired: Desired) => void;
  readonly close: () => Promise<void>;
}

/** What `openLastGood` needs. */
export interface LastGoodOptions {
  readonly file: string;
  readonly context: Omit<DefinitionContext, 'lastGood'>;
  readonly warn: (message: string) => void;
}

interface Entry {
  readonly definition: ServiceDefinition;
  /** The policy by which it was judged. */
  readonly policy: Policy;
  /** The app as it was then, without its tasks. */
  readonly source: App;
}

/** Reads the file. A file that cannot be used is set aside, with a warning. */
export async function openLastGood({ file, context, warn }: LastGoodOptions): Promise<LastGood> {
  /** App → port index → what served. */
  const known = new Map<AppId, ReadonlyMap<number, Entry>>();
  /** By the present policy: the version that served, or what another policy makes of it, or nothing. */
  const rejudged = new WeakMap<Entry, { policy: Policy; definition: ServiceDefinition | undefined }>();
  const judge = (source: App, portIndex: number): ServiceDefinition | undefined => {
    const port = defineServices(source, { ...context, lastGood: () => undefined }, undefined).ports[
      portIndex
    ];
    return port?.kind === 'exposed' ? port.definition : undefined;
  };
  const allowed = (entry: Entry, portIndex: number): ServiceDefinition | undefined => {
    const policy = context.templates.policy();
    if (entry.policy === policy) return entry.definition;
    const known = rejudged.get(entry);
    if (known?.policy === policy) return known.definition;
    const definition = judge(entry.source, portIndex);
    rejudged.set(entry, { policy, definition });
    return definition;
  };
  const lines = new WeakMap<ReadonlyMap<number, Entry>, string>();
  const lineOf = (ports: ReadonlyMap<number, Entry>): string => {
    const line = lines.get(ports) ?? JSON.stringify([...ports].map(([index, { source }]) => [index, source]));
    lines.set(ports, line);
    return line;
  };
  const text = () => [...known.values()].map((ports) => `${lineOf(ports)}\n`).join('');
  const store = await saved({ file, what: 'the last good versions of services', text, warn }, (content) => {
    for (const line of content.split('\n').filter((it) => it !== '')) {
      const ports = new Map<number, Entry>();
      for (const [index, source] of savedPorts.parse(JSON.parse(line))) {
        const app: App = { ...blank, ...source };
        const definition = judge(app, index);
        if (definition === undefined) continue;
        ports.set(index, { definition, source: app, policy: context.templates.policy() });
        known.set(app.id, ports);
      }
    }
  });

  return {
    of: (appId, portIndex) => {
      const entry = known.get(appId)?.get(portIndex);
      return entry === undefined ? undefined : allowed(entry, portIndex);
    },
    serves: (desired) => {
      let changed = false;
      for (const [id, ports] of served(desired, known)) {
        if (ports === known.get(id)) continue;
        if (ports === undefined) known.delete(id);
        else known.set(id, ports);
        changed = true;
      }
      if (changed) store.changed();
    },
    servesAlso: (services, { apps }) => {
      for (const { definition, servers } of services) {
        const { appId, portIndex } = definition;
        const ports = known.get(appId);
        const it = apps.get(appId);
        if (servers.length === 0 || it === undefined || isPartOf(definition, ports?.get(portIndex))) continue;
        const { policy } = it.definition;
        known.set(appId, new Map(ports).set(portIndex, { definition, source: withoutTasks(it.app), policy }));
        store.changed();
      }
    },
    close: store.close,
  };
}

type Known = ReadonlyMap<AppId, ReadonlyMap<number, Entry>>;

/** Each app whose memory changes, with its new entry. */
function* served(desired: Desired, known: Known): Generator<[AppId, ReadonlyMap<number, Entry> | undefined]> {
  const serving = new Map<AppId, ServiceDefinition[]>();
  for (const { definition, servers } of desired.services.values()) {
    // A service that never had a server is not known to be good: HAProxy has not judged its server lines.
    if (servers.length === 0) continue;
    const list = serving.get(definition.appId);
    if (list === undefined) serving.set(definition.appId, [definition]);
    else list.push(definition);
  }
  for (const id of known.keys()) if (!desired.apps.has(id)) yield [id, undefined];
  for (const [id, { app, definition: asked }] of desired.apps) {
    const before = known.get(id);
    const definitions = serving.get(id) ?? [];
    if (before === undefined && definitions.length === 0) continue;
    const next = new Map<number, Entry>();
    // What is rejected now served before, unless the app no longer exposes the port.
    for (const [index, entry] of before ?? [])
      if (asked.ports[index] !== undefined && asked.ports[index].kind !== 'not-exposed')
        next.set(index, entry);
    for (const definition of definitions) {
      const { portIndex } = definition;
      if (!isPartOf(definition, next.get(portIndex)))
        next.set(portIndex, { definition, source: withoutTasks(app), policy: asked.policy });
    }
    yield [
      id,
      before !== undefined && sameEntries(before, next) ? before : next.size === 0 ? undefined : next,
    ];
  }
}

/** The version itself, or what is kept of it. */
const isPartOf = (definition: ServiceDefinition, entry: Entry | undefined): boolean =>
  entry !== undefined && (entry.definition === definition || isKeptOf(definition, entry.definition));

const sameEntries = (a: ReadonlyMap<number, Entry>, b: ReadonlyMap<number, Entry>): boolean =>
  a.size === b.size && [...a].every(([index, entry]) => b.get(index) === entry);

/** Ports of an app: the index, and the app as it was, in the format of the Pacer that saved it. */
const savedPorts = z.array(
  z.tuple([
    z.number().int().nonnegative(),
    z.looseObject({
      id: z
        .string()
        .startsWith('/')
        .transform((id) => id as AppId),
      labels: z.record(z.string(), z.string()),
    }),
  ]),
);

/** Defaults for an app that another version of Pacer saved. */
const blank: Omit<App, 'id' | 'labels'> = {
  kind: 'app',
  version: '',
  instances: 0,
  networkMode: 'host',
  ports: [],
  healthChecks: [],
  deployments: [],
  hasReadinessChecks: false,
  tasks: [],
};

function withoutTasks(app: App): App {
  const labels = Object.entries(app.labels).filter(([name]) => name.startsWith('HAPROXY_'));
  return { ...app, labels: Object.fromEntries(labels), deployments: [], tasks: [] };
}
