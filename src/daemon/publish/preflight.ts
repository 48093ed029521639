/**
 * Checks what `haproxy -c` cannot see before a reload: ports that other processes use, missing certificates, file
 * descriptors. Each fault concerns one service, which is rejected; the others are served.
 */
import { overCapacity, type DescriptorBudget, type ServedNow } from '../../core/policy/capacity.ts';
import type { Desired } from '../../core/desired/desired.ts';
import type { BackendName } from '../../core/model/ids.ts';
import type { PortOwner } from '../../haproxy/machine/ports.ts';
import type { FileObserver } from '../files/observer.ts';
import type { FileFacts } from '../files/service-files.ts';
import type { Finding } from '../rejected/facts.ts';
import { portsHeld } from './preflight-ports.ts';

/** What the checks need. */
export interface PreflightInput {
  /** The desired state, before anything is rejected. */
  readonly desired: Desired;
  /** `address:port` of the service listeners that the running HAProxy has. */
  readonly runningBinds: ReadonlySet<string>;
  /** What the running HAProxy serves. */
  readonly served: ServedNow;
  /** Undefined if HAProxy's limit is not known. */
  readonly budget: DescriptorBudget | undefined;
  /** The owner of listeners that count as our own. */
  readonly ports: PortOwner;
  readonly files: Pick<FileObserver, 'services'>;
}

/** The faults, by backend, and what is known of the files. */
export interface PreflightResult {
  readonly findings: Map<BackendName, Finding>;
  readonly files: FileFacts;
}

/** Runs the checks. Finds every fault, not only the first. */
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
