/**
 * What `haproxy -c` cannot see, asked before a reload: ports that others hold, certificates that are missing,
 * file descriptors. Each concerns one service, which is held back; the others go on.
 */
import { overCapacity, type DescriptorBudget } from '../core/capacity.ts';
import type { Desired } from '../core/desired.ts';
import type { Diagnostic } from '../core/diagnostic.ts';
import type { BackendName } from '../core/ids.ts';
import type { Service, ServiceDefinition } from '../core/service.ts';
import { takenPorts, type TakenPort } from '../haproxy/ports.ts';
import { judgeFiles } from './files/service-files.ts';

export interface PreflightInput {
  /** With nothing held back yet. */
  readonly desired: Desired;
  /** `address:port` of the service listeners that the running HAProxy has. */
  readonly runningBinds: ReadonlySet<string>;
  /** The backends that the running HAProxy has. */
  readonly serving: ReadonlySet<BackendName>;
  /** Undefined where HAProxy's limit is not known. */
  readonly budget: DescriptorBudget | undefined;
  /** False where HAProxy has a network of its own, so that trying to bind here says nothing. */
  readonly probePorts: boolean;
}

export interface PreflightResult {
  readonly holds: Map<BackendName, Diagnostic>;
  /** Path → digest, of the certificates of services. */
  readonly certificateDigests: Map<string, string>;
  /** Path → digest, of the other files that bind options name. */
  readonly fileDigests: Map<string, string>;
}

export const bindKey = ({ bindAddress, servicePort }: ServiceDefinition): string =>
  `${bindAddress}:${servicePort}`;

export async function preflight(input: PreflightInput): Promise<PreflightResult> {
  const services = [...input.desired.services.values()];
  const { missing, certificateDigests, fileDigests } = await judgeFiles(services);
  const taken = input.probePorts
    ? await judgePorts(services, input.runningBinds)
    : new Map<BackendName, Diagnostic>();
  const holds = new Map([...missing, ...taken]);
  if (input.budget !== undefined) {
    const open = services.filter(({ definition }) => !holds.has(definition.backend));
    for (const [backend, hold] of overCapacity(open, input.serving, input.budget)) holds.set(backend, hold);
  }
  return { holds, certificateDigests, fileDigests };
}

async function judgePorts(
  services: readonly Service[],
  running: ReadonlySet<string>,
): Promise<Map<BackendName, Diagnostic>> {
  const fresh = services
    .map(({ definition }) => definition)
    .filter((it) => it.listens && !running.has(bindKey(it)));
  const taken = await takenPorts(
    fresh.map(({ bindAddress, servicePort }) => ({ address: bindAddress, port: servicePort })),
  );
  const byBind = new Map(taken.map((it) => [`${it.address}:${it.port}`, it]));
  return new Map(
    fresh.flatMap((definition): [BackendName, Diagnostic][] => {
      const found = byBind.get(bindKey(definition));
      return found === undefined ? [] : [[definition.backend, portHeld(definition, found)]];
    }),
  );
}

function portHeld({ appId, portIndex }: ServiceDefinition, taken: TakenPort): Diagnostic {
  const place = `${taken.address}:${taken.port}`;
  const about = { code: 'PORT_HELD', severity: 'error', appId, portIndex } as const;
  const otherPort = `choose another port with HAPROXY_${portIndex}_PORT`;
  switch (taken.reason) {
    case 'EADDRINUSE': {
      const holder =
        taken.holder === undefined ? 'another process' : `${taken.holder.command} (pid ${taken.holder.pid})`;
      return { ...about, reason: `${holder} listens on ${place}`, remedy: `end it, or ${otherPort}` };
    }
    case 'EACCES':
      return {
        ...about,
        reason: `${place} may not be bound by this user`,
        remedy: `give HAProxy CAP_NET_BIND_SERVICE, or ${otherPort}`,
      };
    case 'EADDRNOTAVAIL':
      return {
        ...about,
        reason: `this machine has no address ${taken.address}`,
        remedy: `mend HAPROXY_${portIndex}_BIND_ADDR`,
      };
    default:
      return { ...about, reason: `${place} cannot be bound (${taken.reason})`, remedy: otherPort };
  }
}
