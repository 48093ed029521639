/**
 * Service ports for apps that Marathon gave none: those of 1.4 and older with an address for each task. The same
 * port for the same app on every node, whatever the order of events: ports follow from the names. An app keeps the
 * port it had; of two that want the same one for the first time the older has it.
 */
import { ageOf, type Owners } from './claims.ts';
import { byCodePoint, type AppId } from '../model/ids.ts';
import type { App, PortMapping } from '../model/model.ts';
import type { Digests } from '../model/names.ts';
import { sameValue } from '../collections/same.ts';

export interface PortRange {
  readonly first: number;
  readonly last: number;
}

interface Need {
  /** The ports inside the container that need a service port. */
  readonly taskPorts: readonly number[];
  /** When the app was last configured, in milliseconds since 1970. */
  readonly configuredAt: number;
}

interface Assignment extends Need {
  /** Task port → service port; those for which none was left are missing. */
  readonly ports: ReadonlyMap<number, number>;
}

export type Assignments = ReadonlyMap<AppId, Assignment>;

const assignedClaim = (port: number, taskPort: number): string => `assigned ${port} ${taskPort}`;

/** What is to be remembered of who has which port. */
export function assignedOwners(assigned: Assignments): [string, ReadonlySet<AppId>][] {
  return [...assigned].flatMap(([id, { ports }]) =>
    [...ports].map(([taskPort, port]): [string, ReadonlySet<AppId>] => [
      assignedClaim(port, taskPort),
      new Set([id]),
    ]),
  );
}

const tries = 50;

/** Looks only at apps that need ports; the previous assignments where nothing differs. */
export function nextAssignments(
  previous: Assignments,
  { changed, removed }: { readonly changed: readonly App[]; readonly removed: readonly AppId[] },
  range: PortRange,
  digests: Pick<Digests, 'sha1'>,
  owners: Owners,
): Assignments {
  const needs = new Map<AppId, Need>(previous);
  let differs = false;
  for (const id of removed) differs = needs.delete(id) || differs;
  for (const app of changed) {
    const { id } = app;
    const taskPorts = taskPortsOf(app);
    const need = needs.get(id);
    const configuredAt = ageOf(app);
    if (taskPorts.length === 0 ? need === undefined : isSame(need, { taskPorts, configuredAt })) continue;
    differs = true;
    if (taskPorts.length === 0) needs.delete(id);
    else needs.set(id, { taskPorts, configuredAt });
  }
  return differs ? assignAll(needs, range, digests, owners) : previous;
}

/** Pods have no service ports by design; apps on an agent's network have Marathon's. */
function taskPortsOf({ kind, networkMode, ports }: App): number[] {
  if (networkMode !== 'container' || kind === 'pod') return [];
  return [...new Set(ports.flatMap((port) => (needsPort(port) ? (port.containerPort ?? 0) : [])))];
}

const needsPort = ({ servicePort, isAssigned, protocol }: PortMapping): boolean =>
  (servicePort === undefined || isAssigned === true) && protocol !== 'udp';

const isSame = (a: Need | undefined, b: Need): boolean =>
  a?.configuredAt === b.configuredAt && sameValue(a.taskPorts, b.taskPorts);

function assignAll(
  needs: ReadonlyMap<AppId, Need>,
  range: PortRange,
  digests: Pick<Digests, 'sha1'>,
  owners: Owners,
): Assignments {
  const kept = keptPorts(needs, range, owners);
  const taken = new Set<number>(kept.values());
  return new Map(
    [...needs]
      .sort(([a, { configuredAt: one }], [b, { configuredAt: other }]) =>
        one === other ? byCodePoint(a, b) : one - other,
      )
      .map(([id, { taskPorts, configuredAt }]): [AppId, Assignment] => {
        const ports = new Map<number, number>();
        for (const taskPort of taskPorts) {
          const name = `${id}-${taskPort}`;
          const port = kept.get(name) ?? choose(name, taken, range, digests);
          if (port === undefined) continue;
          taken.add(port);
          ports.set(taskPort, port);
        }
        return [id, { taskPorts, configuredAt, ports }];
      }),
  );
}

/** The ports that apps had before and may still have, by app and task port. */
function keptPorts(
  needs: ReadonlyMap<AppId, Need>,
  { first, last }: PortRange,
  owners: Owners,
): ReadonlyMap<string, number> {
  const kept = new Map<string, number>();
  for (const [claim, apps] of owners) {
    const [, port, taskPort] = /^assigned (\d+) (\d+)$/.exec(claim)?.map(Number) ?? [];
    if (port === undefined || taskPort === undefined || port < first || port > last) continue;
    for (const id of apps)
      if (needs.get(id)?.taskPorts.includes(taskPort) === true) kept.set(`${id}-${taskPort}`, port);
  }
  return kept;
}

/** By digest of the name and the try, as marathon-lb does it; then the first that is free. */
function choose(
  name: string,
  taken: ReadonlySet<number>,
  { first, last }: PortRange,
  { sha1 }: Pick<Digests, 'sha1'>,
): number | undefined {
  const size = last - first + 1;
  for (let i = 0; i < tries; i++) {
    const port = first + (Number.parseInt(sha1(`${name}-${i}`).slice(0, 8), 16) % size);
    if (!taken.has(port)) return port;
  }
  for (let port = first; port <= last; port++) if (!taken.has(port)) return port;
  return undefined;
}

/** An app of 1.4 with the ports that were assigned to it. */
export function withAssigned(app: App, assignment: Assignment | undefined): App {
  if (assignment === undefined) return app;
  const ports = app.ports.map((port) =>
    needsPort(port)
      ? { ...port, servicePort: assignment.ports.get(port.containerPort ?? 0), isAssigned: true }
      : port,
  );
  return { ...app, ports };
}
