/**
 * What `haproxy -c` cannot see, asked before a reload: ports that others hold, certificates that are missing,
 * file descriptors. Each concerns one service, which is rejected; the others go on.
 */
import { overCapacity, type DescriptorBudget, type ServedNow } from '../../core/policy/capacity.ts';
import type { Desired } from '../../core/desired/desired.ts';
import type { BackendName } from '../../core/model/ids.ts';
import type { PortOwner } from '../../haproxy/machine/ports.ts';
import type { FileObserver } from '../files/observer.ts';
import type { FileFacts } from '../files/service-files.ts';
import type { Finding } from '../rejected/facts.ts';
import { portsHeld } from './preflight-ports.ts';

export interface PreflightInput {
  /** With nothing rejected yet. */
  readonly desired: Desired;
  /** `address:port` of the service listeners that the running HAProxy has. */
  readonly runningBinds: ReadonlySet<string>;
  /** What the running HAProxy serves. */
  readonly served: ServedNow;
  /** Undefined where HAProxy's limit is not known. */
  readonly budget: DescriptorBudget | undefined;
  /** Whose listeners are no obstacle. */
  readonly ports: PortOwner;
  readonly files: Pick<FileObserver, 'services'>;
}

export interface PreflightResult {
  readonly findings: Map<BackendName, Finding>;
  readonly files: FileFacts;
}

export async function preflight(input: PreflightInput): Promise<PreflightResult> {
  const services = [...input.desired.services.values()];
  const files = await input.files.services(services);
  const taken = await portsHeld(services, input.runningBinds, input.ports);
  const holds = new Map<BackendName, Finding>(
    [...files.missing, ...taken].map(([backend, diagnostic]) => [backend, { diagnostic }]),
  );
  if (input.budget !== undefined) {
    const open = services.filter(({ definition }) => !holds.has(definition.backend));
    for (const [backend, { diagnostic, fits }] of overCapacity(open, input.served, input.budget))
      holds.set(backend, fits.size === 0 ? { diagnostic } : { diagnostic, only: fits });
  }
  return { findings: holds, files };
}
