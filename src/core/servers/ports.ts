/**
 * The address and port of a task for each port of the app's definition. Ports are paired by mapping index: an entry of
 * `task.ports` belongs to the next mapping that has a host port.
 * [marathon] core/instance/NetworkInfo.scala computePortAssignments
 */
import type { App, PortMapping, Task } from '../model/model.ts';

/** Where a task is reached, or why that is not known. */
export type Endpoint =
  | {
      readonly kind: 'endpoint';
      /** An agent's name, still to be resolved, or an address. */ readonly host: string;
      readonly port: number;
    }
  | { readonly kind: 'none'; readonly reason: string };

/** Where the port with this index is reached on this task. */
export function endpointOf(app: App, task: Task, index: number): Endpoint {
  const mapping = app.ports[index];
  if (mapping === undefined) return none(`the app has no port with index ${index}`);
  if (app.kind === 'pod') return podEndpoint(task, index);
  const hostPort = hostPortOf(app.ports, task, index);
  if (app.networkMode === 'container') {
    // A task with fewer addresses than the app has networks is reached at its first address.
    const address = task.ipAddresses[mapping.addressIndex ?? 0] ?? task.ipAddresses[0];
    const port = mapping.containerPort === 0 ? hostPort : mapping.containerPort;
    if (address === undefined) return none('Marathon has named no address of the task yet');
    if (port === undefined) return none('neither a container port nor a host port is known');
    return { kind: 'endpoint', host: address, port };
  }
  if (hostPort === undefined) return none('Marathon has named no host port of the task for this port');
  if (task.host === '') return none('Marathon has named no agent of the task yet');
  return { kind: 'endpoint', host: task.host, port: hostPort };
}

function podEndpoint({ endpoints }: Task, index: number): Endpoint {
  if (endpoints === undefined) return none('Marathon has named no endpoints of the container yet');
  const address = endpoints[index];
  if (address == null) return none('the port belongs to another container');
  return { kind: 'endpoint', ...address };
}

function hostPortOf(ports: readonly PortMapping[], task: Task, index: number): number | undefined {
  const mapping = ports[index];
  if (mapping?.hasHostPort !== true) return undefined;
  let position = 0;
  for (let i = 0; i < index; i++) if (ports[i]?.hasHostPort === true) position++;
  const port = task.ports[position];
  return port !== undefined && port > 0 && port <= 65535 ? port : undefined;
}

const none = (reason: string): Endpoint => ({ kind: 'none', reason });
