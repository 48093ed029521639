/**
 * Services held back: for what the preflight found, and for what only HAProxy could judge, traced from its
 * message's line to the service. The verdict stands as long as the service is the same.
 */
import { withHolds, type Desired, type Holds } from '../core/desired.ts';
import type { Diagnostic } from '../core/diagnostic.ts';
import type { BackendName } from '../core/ids.ts';
import type { Service } from '../core/service.ts';
import type { CheckMessage } from '../haproxy/check.ts';
import type { Rendering } from '../render/render.ts';

export interface Quarantine {
  /** All holds now: the preflight's, and HAProxy's verdicts on services that did not change since. */
  readonly holds: (derived: Desired, facts: Holds) => Holds;
  /** Notes whom HAProxy's messages are about. @returns how many services were newly blamed */
  readonly blame: (messages: readonly CheckMessage[], rendering: Rendering, desired: Desired) => number;
  /** True where something is held for a fact that may mend itself, like a port that is taken. */
  readonly hasRetry: () => boolean;
}

export function createQuarantine(): Quarantine {
  const rejected = new Map<BackendName, { service: Service; diagnostic: Diagnostic }>();
  let facts: Holds = new Map();

  return {
    hasRetry: () => facts.size > 0,
    holds: (derived, preflight) => {
      facts = preflight;
      if (rejected.size === 0) return facts;
      const candidates = withHolds(derived, new Map()).services;
      for (const [backend, { service }] of rejected) {
        if (candidates.get(backend)?.definition !== service.definition) rejected.delete(backend);
      }
      return new Map([
        ...[...rejected].map(([backend, { diagnostic }]) => [backend, diagnostic] as const),
        ...facts,
      ]);
    },
    blame: (messages, rendering, desired) => {
      let count = 0;
      for (const message of messages.filter(({ severity }) => severity === 'alert')) {
        const backend = culprit(message, rendering, desired);
        const service = backend === undefined ? undefined : desired.services.get(backend);
        if (service === undefined || rejected.has(service.definition.backend)) continue;
        rejected.set(service.definition.backend, { service, diagnostic: refused(service, message) });
        count++;
      }
      return count;
    },
  };
}

function culprit(message: CheckMessage, rendering: Rendering, desired: Desired): BackendName | undefined {
  const named = message.proxy as BackendName | undefined;
  if (message.line !== undefined) return rendering.backendAt(message.line);
  return named !== undefined && desired.services.has(named) ? named : undefined;
}

function refused({ definition }: Service, { text }: CheckMessage): Diagnostic {
  const { appId, portIndex } = definition;
  return {
    code: 'HAPROXY_REFUSES',
    severity: 'error',
    appId,
    portIndex,
    reason: `HAProxy refuses its configuration: ${text}`,
    remedy: `mend the labels HAPROXY_${portIndex}_*`,
  };
}
