/**
 * Services that may not serve as their labels ask, because of a fact of the machine, or because HAProxy refused them
 * (traced from its message to the service). Each keeps serving its previous version, if it has one.
 */
import {
  withRejected,
  type Desired,
  type Rejection,
  type RejectedServices,
} from '../../core/desired/desired.ts';
import type { Diagnostic } from '../../core/model/diagnostic.ts';
import type { BackendName } from '../../core/model/ids.ts';
import { keptFor } from '../../core/services/kept.ts';
import { asAsked, withoutGuards } from '../../core/services/narrowed.ts';
import type { ServiceDefinition } from '../../core/model/service.ts';
import { messageOf } from '../../errors.ts';
import type { CheckMessage } from '../../haproxy/files/check.ts';
import type { Rendering } from '../../render/render.ts';
import { UnwritableService } from '../../render/unwritable.ts';
import type { LastGood } from './last-good.ts';
import { placeOf, type Facts } from './facts.ts';
import type { Verdicts } from './verdicts.ts';

/** What `createRejections` needs. */
export interface RejectionParts {
  readonly verdicts: Pick<Verdicts, 'on' | 'add' | 'look' | 'isEmpty'>;
  readonly lastGood: Pick<LastGood, 'of'>;
  /** The lines that a definition adds to the configuration. */
  readonly sample: (definition: ServiceDefinition) => string;
}

/** What is rejected in addition to HAProxy's verdicts. */
export interface Against {
  readonly facts: Facts;
  /** Left out until it is known which of them HAProxy refuses. */
  readonly waiting: readonly ServiceDefinition[];
  /** HAProxy's message about them. */
  readonly complaint: string;
}

/** The services that are rejected, and why. */
export interface Rejections {
  /** Checks whether the files that HAProxy refused have changed. */
  readonly look: (desired: Desired) => Promise<void>;
  /** The services of this desired state that are rejected. */
  readonly of: (desired: Desired, against: Against) => RejectedServices;
  /** The desired state without what is rejected and what cannot be written. @param render throws UnwritableService */
  readonly writable: (
    desired: Desired,
    against: Against,
    render: (desired: Desired) => Rendering,
  ) => { readonly desired: Desired; readonly rendering: Rendering };
  /** The definitions that have not served yet. */
  readonly freshIn: (desired: Desired) => ServiceDefinition[];
  /** Records that HAProxy refuses this definition. `isCertain`: HAProxy named it. */
  readonly reject: (culprit: ServiceDefinition, reason: string, isCertain: boolean) => Promise<void>;
  /** Increases with every verdict that is added or dropped. */
  readonly version: () => number;
}

/** Creates the rejections. */
export function createRejections({ verdicts, lastGood, ...parts }: RejectionParts): Rejections {
  const unwritable = new WeakMap<ServiceDefinition, Diagnostic>();
  let hasUnwritable = false;
  let version = 0;
  const sample = (definition: ServiceDefinition): string => {
    try {
      return parts.sample(definition);
    } catch {
      // It is rejected as soon as it is to be written.
      return '';
    }
  };
  const isRefused = (definition: ServiceDefinition) => verdicts.on(sample(definition)) !== undefined;

  function whyRejected(
    definition: ServiceDefinition,
    { waiting, complaint }: Against,
  ): Diagnostic | undefined {
    const cannotBe = unwritable.get(definition);
    if (cannotBe !== undefined) return cannotBe;
    const verdict = verdicts.isEmpty() ? undefined : verdicts.on(sample(definition));
    if (verdict !== undefined) return refused(definition, verdict.reason);
    return waiting.some((it) => asAsked(it) === definition) ? suspected(definition, complaint) : undefined;
  }

  const of: Rejections['of'] = (desired, against) => {
    const found = new Map<BackendName, Rejection>();
    const { facts, waiting } = against;
    if (facts.size === 0 && verdicts.isEmpty() && waiting.length === 0 && !hasUnwritable) return found;
    for (const definition of definitionsIn(desired)) {
      const { backend, appId, portIndex } = definition;
      const fact = facts.get(placeOf(definition));
      const rejected = whyRejected(definition, against);
      const diagnostic = rejected ?? fact?.diagnostic;
      if (diagnostic === undefined) continue;
      if (rejected === undefined && fact?.only !== undefined && !fact.leftOut) {
        found.set(backend, { diagnostic, only: fact.only });
        continue;
      }
      const last = lastGood.of(appId, portIndex);
      const before = last && asAsked(last);
      const isGood = before !== undefined && !isRefused(before);
      const kept = before === undefined || before === definition ? undefined : keptBeside(before, definition);
      const helps = kept !== undefined && kept !== definition && fact?.leftOut !== true && !isRefused(kept);
      found.set(backend, {
        diagnostic,
        ...(helps ? { instead: kept } : {}),
        ...(isGood ? { before } : {}),
      });
    }
    return found;
  };

  return {
    of,
    version: () => version,
    look: async (desired) => {
      if (verdicts.isEmpty()) return;
      const served = definitionsIn(desired).flatMap(({ appId, portIndex }) => {
        const last = lastGood.of(appId, portIndex);
        return last === undefined ? [] : asAsked(last);
      });
      await verdicts.look(new Set([...definitionsIn(desired), ...served].map(sample)));
      version += 1;
    },
    writable: (desired, against, render) => {
      for (;;) {
        const served = withRejected(desired, of(desired, against));
        try {
          return { desired: served, rendering: render(served) };
        } catch (error) {
          if (!(error instanceof UnwritableService) || unwritable.has(error.definition)) throw error;
          hasUnwritable = true;
          unwritable.set(error.definition, refused(error.definition, messageOf(error.cause)));
        }
      }
    },
    freshIn: ({ services }) =>
      [...services.values()]
        .map(({ definition }) => definition)
        .filter((definition) => {
          const last = lastGood.of(definition.appId, definition.portIndex);
          return last === undefined || withoutGuards(last) !== withoutGuards(definition);
        }),
    reject: async (culprit, reason, isCertain) => {
      await verdicts.add(sample(asAsked(culprit)), reason, isCertain);
      version += 1;
    },
  };
}

/**
 * The services HAProxy's messages are about. If one of the services under trial is among them, only those count,
 * because HAProxy may also name a service that served until now for a fault that a new one caused.
 */
export function culpritsIn(
  messages: readonly CheckMessage[],
  { rendering, desired }: { readonly rendering: Rendering; readonly desired: Desired },
  tried: readonly ServiceDefinition[],
): ReadonlyMap<ServiceDefinition, string> {
  const named = new Map<ServiceDefinition, string>();
  for (const { line, proxy, text } of messages.filter(({ severity }) => severity === 'alert')) {
    const backend =
      (line === undefined ? undefined : rendering.backendAt(line)) ?? backendNamed(proxy, desired);
    const definition = backend === undefined ? undefined : desired.services.get(backend)?.definition;
    if (definition !== undefined && !named.has(definition)) named.set(definition, text);
  }
  return tried.length === 0 ? named : new Map([...named].filter(([it]) => tried.includes(it)));
}

/** What is kept of the version before: not what the new one gives up. In another mode its hosts would not be its own. */
const keptBeside = (
  before: ServiceDefinition,
  { mode, vhosts, listens }: ServiceDefinition,
): ServiceDefinition => keptFor(before, { hosts: mode === before.mode ? vhosts : undefined, listens });

const definitionsIn = ({ apps }: Desired): ServiceDefinition[] =>
  [...apps.values()].flatMap(({ ports }) => ports.flatMap(({ service }) => service?.definition ?? []));

/** HAProxy names a backend, its listener, or its list of users. */
function backendNamed(proxy: string | undefined, { services }: Desired): BackendName | undefined {
  const names = [proxy, proxy?.replace(/_in$/, ''), proxy?.replace(/^user_/, '')] as (
    BackendName | undefined
  )[];
  return names.find((name) => name !== undefined && services.has(name));
}

function refused({ appId, portIndex }: ServiceDefinition, text: string): Diagnostic {
  return {
    code: 'HAPROXY_REFUSES',
    severity: 'error',
    appId,
    portIndex,
    reason: `HAProxy refuses its configuration: ${text}`,
    remedy: `correct the labels HAPROXY_${portIndex}_*, or the health check of that port`,
  };
}

function suspected({ appId, portIndex }: ServiceDefinition, complaint: string): Diagnostic {
  return {
    code: 'SERVICE_WAITS',
    severity: 'error',
    appId,
    portIndex,
    reason: `HAProxy refuses one of several new services, and it is not yet known which: ${complaint}`,
    remedy: 'wait; Pacer is looking for the one HAProxy refuses',
  };
}
