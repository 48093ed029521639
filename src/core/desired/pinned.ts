/**
 * A pinned state: every service is defined as in a past revision, whatever its labels say now. Its servers follow
 * Marathon, because those of the past are gone. Services of deleted apps, and services that are newer than the
 * revision, are not served.
 */
import { holderOf } from '../servers/addresses.ts';
import {
  keepService,
  type AppServices,
  type ModelContext,
  type PortOutcome,
} from '../services/app-services.ts';
import { withApps, type Desired } from './desired.ts';
import type { AppId } from '../model/ids.ts';
import { tasksOf } from '../templates/own-servers.ts';
import { deriveServers } from '../servers/servers.ts';
import type { ServiceDefinition } from '../model/service.ts';

/** The definitions to pin. */
export interface Pin {
  /** The revision whose definitions these are. */
  readonly revision: number;
  readonly definitions: readonly ServiceDefinition[];
}

/**
 * @returns a function that applies the pin to one state of the mirror after another. Unchanged parts keep their
 * identity.
 */
export function createPinned(pin: Pin, context: ModelContext): (unpinned: Desired) => Desired {
  const definitions = new Map(pin.definitions.map((it) => [placeOf(it.name, it.portIndex), it]));
  let last: { readonly from: Desired; readonly to: Desired } | undefined;

  function pinPort(
    { app }: AppServices,
    port: PortOutcome,
    before: PortOutcome | undefined,
    { addresses }: Desired,
  ): PortOutcome {
    const { portIndex, service } = port;
    const definition = definitions.get(placeOf(service?.definition.name ?? app.id, portIndex));
    if (definition === undefined) {
      const reason = `revision ${pin.revision} is pinned, and has no such service`;
      return service === undefined ? port : { portIndex, service: undefined, reason, tasks: [] };
    }
    const { servers, tasks } =
      service === undefined
        ? deriveServers([app], definition, { ...context, holderOf: (it) => holderOf(addresses, it) })
        : { servers: tasksOf(service), tasks: port.tasks };
    return { portIndex, service: keepService(before?.service, definition, servers), reason: '', tasks };
  }

  return (unpinned) => {
    if (last?.from === unpinned) return last.to;
    const apps = new Map<AppId, AppServices>();
    let restructured = last?.from.apps.size !== unpinned.apps.size;
    for (const [id, services] of unpinned.apps) {
      const before = last?.to.apps.get(id);
      const same = before !== undefined && last?.from.apps.get(id) === services;
      const after = same
        ? before
        : {
            ...services,
            ports: services.ports.map((port, i) => pinPort(services, port, before?.ports[i], unpinned)),
          };
      restructured ||= !sameDefinitions(before, after);
      apps.set(id, after);
    }
    const base = last === undefined || restructured ? unpinned : last.to;
    last = { from: unpinned, to: withApps(base, unpinned, apps, restructured) };
    return last.to;
  };
}

const placeOf = (name: string, portIndex: number): string => `${name} ${portIndex}`;

function sameDefinitions(before: AppServices | undefined, after: AppServices): boolean {
  return (
    before?.ports.length === after.ports.length &&
    after.ports.every((port, i) => port.service?.definition === before.ports[i]?.service?.definition)
  );
}
