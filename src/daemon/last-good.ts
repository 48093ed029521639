/**
 * The version of each service that served last, and outlives a restart: what an app serves with while its new
 * version is refused. Kept is what the app said, not what was made of it, so that it is judged anew by the rules
 * of the day.
 */
import { defineServices, type DefinitionContext } from '../core/definition.ts';
import type { Desired } from '../core/desired.ts';
import type { AppId } from '../core/ids.ts';
import type { App } from '../core/model.ts';
import { violations } from '../core/policy-violations.ts';
import type { Service, ServiceDefinition } from '../core/service.ts';
import { saved } from './saved.ts';

export interface LastGood {
  readonly of: (appId: AppId, portIndex: number) => ServiceDefinition | undefined;
  /** HAProxy serves this now. What has no servers does not count. */
  readonly serves: (desired: Desired) => void;
  /** HAProxy serves these of it now, and the others as before. */
  readonly servesAlso: (services: readonly Service[], desired: Desired) => void;
  readonly close: () => Promise<void>;
}

export interface LastGoodOptions {
  readonly file: string;
  readonly context: Omit<DefinitionContext, 'lastGood'>;
  readonly warn: (message: string) => void;
}

interface Entry {
  readonly definition: ServiceDefinition;
  /** The app as it was when it said so; without its tasks. */
  readonly source: App;
}

export async function openLastGood({ file, context, warn }: LastGoodOptions): Promise<LastGood> {
  /** App → port index → what served. */
  const known = new Map<AppId, ReadonlyMap<number, Entry>>();
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
      for (const [index, source] of JSON.parse(line) as [number, App][]) {
        const app: App = { ...blank, ...source };
        const outcome = defineServices(app, { ...context, lastGood: () => undefined }, undefined).ports[
          index
        ];
        if (outcome?.kind !== 'exposed') continue;
        ports.set(index, { definition: outcome.definition, source: app });
        known.set(app.id, ports);
      }
    }
  });

  return {
    of: (appId, portIndex) => {
      const definition = known.get(appId)?.get(portIndex)?.definition;
      const policy = context.templates.policy();
      return definition !== undefined && violations(definition, policy).length === 0 ? definition : undefined;
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
        const app = apps.get(appId)?.app;
        if (servers.length === 0 || app === undefined || ports?.get(portIndex)?.definition === definition)
          continue;
        known.set(appId, new Map(ports).set(portIndex, { definition, source: withoutTasks(app) }));
        store.changed();
      }
    },
    close: store.close,
  };
}

type Known = ReadonlyMap<AppId, ReadonlyMap<number, Entry>>;

/** Each app with what is to be known of it from now on; the same object where nothing changed. */
function* served(desired: Desired, known: Known): Generator<[AppId, ReadonlyMap<number, Entry> | undefined]> {
  const serving = new Map<AppId, ServiceDefinition[]>();
  for (const { definition, servers } of desired.services.values()) {
    // What never had a server is not known to be good: its server lines have not been judged.
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
    // What is held back served before, unless the app no longer exposes the port.
    for (const [index, entry] of before ?? [])
      if (asked.ports[index] !== undefined && asked.ports[index].kind !== 'not-exposed')
        next.set(index, entry);
    for (const definition of definitions) {
      const { portIndex } = definition;
      if (next.get(portIndex)?.definition !== definition)
        next.set(portIndex, { definition, source: withoutTasks(app) });
    }
    yield [
      id,
      before !== undefined && sameEntries(before, next) ? before : next.size === 0 ? undefined : next,
    ];
  }
}

const sameEntries = (a: ReadonlyMap<number, Entry>, b: ReadonlyMap<number, Entry>): boolean =>
  a.size === b.size && [...a].every(([index, entry]) => b.get(index) === entry);

/** What an app has that was saved by another version of Pacer. */
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
