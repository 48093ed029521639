/**
 * Service ports for apps that Marathon gave none: those of 1.4 and older with an address for each task. The same
 * port for the same app on every node, whatever the order of events: ports follow from the names, and where two
 * want the same one the first by app id has it.
 */
import { byCodePoint, type AppId } from './ids.ts';
import type { App, PortMapping } from './model.ts';
import type { Digests } from './names.ts';
import { sameValue } from './same.ts';

export interface PortRange {
  readonly first: number;
  readonly last: number;
}

interface Assignment {
  /** The ports inside the container that need a service port. */
  readonly taskPorts: readonly number[];
  /** Task port → service port; those for which none was left are missing. */
  readonly ports: ReadonlyMap<number, number>;
}

export type Assignments = ReadonlyMap<AppId, Assignment>;

const tries = 50;

/** Looks only at apps that need ports; the previous assignments where nothing differs. */
export function nextAssignments(
  previous: Assignments,
  { changed, removed }: { readonly changed: readonly App[]; readonly removed: readonly AppId[] },
  range: PortRange,
  digests: Pick<Digests, 'sha1'>,
): Assignments {
  const needs = new Map([...previous].map(([id, { taskPorts }]) => [id, taskPorts]));
  let differs = false;
  for (const id of removed) differs = needs.delete(id) || differs;
  for (const app of changed) {
    const { id } = app;
    const taskPorts = taskPortsOf(app);
    if (sameValue(needs.get(id) ?? [], taskPorts)) continue;
    differs = true;
    if (taskPorts.length === 0) needs.delete(id);
    else needs.set(id, taskPorts);
  }
  return differs ? assignAll(needs, range, digests) : previous;
}

/** Pods have no service ports by design; apps on an agent's network have Marathon's. */
function taskPortsOf({ kind, networkMode, ports }: App): number[] {
  if (networkMode !== 'container' || kind === 'pod') return [];
  return [...new Set(ports.flatMap((port) => (needsPort(port) ? (port.containerPort ?? 0) : [])))];
}

const needsPort = ({ servicePort, isAssigned, protocol }: PortMapping): boolean =>
  (servicePort === undefined || isAssigned === true) && protocol !== 'udp';

function assignAll(
  needs: ReadonlyMap<AppId, readonly number[]>,
  range: PortRange,
  digests: Pick<Digests, 'sha1'>,
): Assignments {
  const taken = new Set<number>();
  return new Map(
    [...needs]
      .sort(([a], [b]) => byCodePoint(a, b))
      .map(([id, taskPorts]): [AppId, Assignment] => {
        const ports = new Map<number, number>();
        for (const taskPort of taskPorts) {
          const port = choose(`${id}-${taskPort}`, taken, range, digests);
          if (port === undefined) continue;
          taken.add(port);
          ports.set(taskPort, port);
        }
        return [id, { taskPorts, ports }];
      }),
  );
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
