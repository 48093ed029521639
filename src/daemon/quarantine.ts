/**
 * Services held back: for what the preflight found, and for what only HAProxy could judge, traced from its
 * message to the service. Each serves on in the version that served before, if there is one.
 */
import { withHolds, type Desired, type Hold, type Holds } from '../core/desired.ts';
import type { Diagnostic } from '../core/diagnostic.ts';
import type { BackendName } from '../core/ids.ts';
import type { ServiceDefinition } from '../core/service.ts';
import { messageOf } from '../errors.ts';
import type { CheckMessage } from '../haproxy/check.ts';
import type { Rendering } from '../render/render.ts';
import { UnwritableService } from '../render/unwritable.ts';
import type { LastGood } from './last-good.ts';
import type { Wanted } from './pipeline-types.ts';
import type { Verdicts } from './verdicts.ts';

export interface QuarantineParts {
  readonly verdicts: Verdicts;
  readonly lastGood: LastGood;
  /** What a definition puts into the configuration. */
  readonly sample: (definition: ServiceDefinition) => string;
}

export interface Quarantine {
  /** Looks whether the files that HAProxy refused are others by now. */
  readonly look: (derived: Desired) => Promise<void>;
  /** Takes what the preflight found, instead of what it found before. */
  readonly setFacts: (facts: Iterable<Diagnostic>) => void;
  /** Takes what it found beside: where that is about a version that stands in, it does not. */
  readonly addFacts: (facts: Iterable<Diagnostic>) => void;
  /** What is left of a state without what is held back and what cannot be written. @param render throws UnwritableService */
  readonly writable: (
    derived: Desired,
    render: (desired: Desired) => Rendering,
  ) => { readonly desired: Desired; readonly rendering: Rendering };
  /** All holds now, among the services derived from the mirror. */
  readonly holds: (derived: Desired) => Holds;
  /** The definitions that have not served yet. */
  readonly newIn: (desired: Desired) => ServiceDefinition[];
  /** Notes whom HAProxy's messages are about: among those tried, or among all where none is. @returns how many */
  readonly blame: (
    messages: readonly CheckMessage[],
    wanted: Wanted,
    tried: readonly ServiceDefinition[],
  ) => Promise<number>;
  /** HAProxy refuses something, and does not say what. */
  readonly complain: (messages: readonly CheckMessage[]) => void;
  /** Whom the last complaint is about. */
  readonly convict: (culprit: ServiceDefinition) => Promise<void>;
  /** Holds these back until it is known whether they are well. */
  readonly wait: (waiting: readonly ServiceDefinition[]) => void;
  readonly isWaiting: () => boolean;
  /** True where something is held for a fact that may mend itself, like a port that is taken. */
  readonly hasRetry: () => boolean;
}

export function createQuarantine({ verdicts, lastGood, ...parts }: QuarantineParts): Quarantine {
  const unwritable = new WeakMap<ServiceDefinition, Diagnostic>();
  let hasUnwritable = false;
  const sample = (definition: ServiceDefinition): string => {
    try {
      return parts.sample(definition);
    } catch {
      // It is held as soon as it is to be written.
      return '';
    }
  };
  let facts = new Map<string, { diagnostic: Diagnostic; leftOut: boolean }>();
  let waiting: ReadonlySet<ServiceDefinition> = new Set();
  let complaint = '';

  const definitionsIn = (desired: Desired) =>
    [...desired.apps.values()].flatMap(({ ports }) =>
      ports.flatMap(({ service }) => service?.definition ?? []),
    );
  const isRefused = (definition: ServiceDefinition) => verdicts.on(sample(definition)) !== undefined;
  const convict = (definition: ServiceDefinition, reason: string, isCertain: boolean) =>
    verdicts.add(sample(definition), reason, isCertain);

  function whyHeld(definition: ServiceDefinition): Diagnostic | undefined {
    const cannotBe = unwritable.get(definition);
    if (cannotBe !== undefined) return cannotBe;
    const verdict = verdicts.isEmpty() ? undefined : verdicts.on(sample(definition));
    if (verdict !== undefined) return refused(definition, verdict.reason);
    return waiting.has(definition) ? underSuspicion(definition, complaint) : undefined;
  }

  const holds: Quarantine['holds'] = (derived) => {
    const found = new Map<BackendName, Hold>();
    if (facts.size === 0 && verdicts.isEmpty() && waiting.size === 0 && !hasUnwritable) return found;
    for (const definition of definitionsIn(derived)) {
      const { backend, appId, portIndex } = definition;
      const fact = facts.get(placeOf(definition));
      const diagnostic = whyHeld(definition) ?? fact?.diagnostic;
      if (diagnostic === undefined) continue;
      const before = lastGood.of(appId, portIndex);
      const helps =
        before !== undefined && before !== definition && fact?.leftOut !== true && !isRefused(before);
      found.set(backend, { diagnostic, ...(helps ? { instead: before } : {}) });
    }
    return found;
  };

  return {
    hasRetry: () => facts.size > 0,
    look: async (derived) => {
      if (verdicts.isEmpty()) return;
      const served = definitionsIn(derived).flatMap(
        ({ appId, portIndex }) => lastGood.of(appId, portIndex) ?? [],
      );
      await verdicts.look(new Set([...definitionsIn(derived), ...served].map(sample)));
    },
    setFacts: (found) => {
      facts = new Map([...found].map((diagnostic) => [placeOf(diagnostic), { diagnostic, leftOut: false }]));
    },
    addFacts: (found) => {
      for (const diagnostic of found) {
        const place = placeOf(diagnostic);
        facts.set(place, { diagnostic: facts.get(place)?.diagnostic ?? diagnostic, leftOut: true });
      }
    },
    holds,
    writable: (derived, render) => {
      for (;;) {
        const desired = withHolds(derived, holds(derived));
        try {
          return { desired, rendering: render(desired) };
        } catch (error) {
          if (!(error instanceof UnwritableService) || unwritable.has(error.definition)) throw error;
          hasUnwritable = true;
          unwritable.set(error.definition, refused(error.definition, messageOf(error.cause)));
        }
      }
    },
    newIn: ({ services }) =>
      [...services.values()]
        .map(({ definition }) => definition)
        .filter((definition) => lastGood.of(definition.appId, definition.portIndex) !== definition),
    blame: async (messages, { rendering, desired }, tried) => {
      const blamed = new Map<ServiceDefinition, string>();
      for (const message of messages.filter(({ severity }) => severity === 'alert')) {
        const { line, proxy } = message;
        const backend =
          (line === undefined ? undefined : rendering.backendAt(line)) ?? backendNamed(proxy, desired);
        const definition = backend === undefined ? undefined : desired.services.get(backend)?.definition;
        if (definition !== undefined && !blamed.has(definition)) blamed.set(definition, message.text);
      }
      // What served until now may be named for what another one brought.
      const culprits = tried.length === 0 ? [...blamed.keys()] : tried.filter((it) => blamed.has(it));
      for (const culprit of culprits) await convict(culprit, blamed.get(culprit) ?? '', true);
      return culprits.length;
    },
    complain: (messages) => {
      complaint = messages.map(({ text }) => text).join('; ');
    },
    convict: (culprit) => convict(culprit, complaint, false),
    wait: (definitions) => {
      waiting = new Set(definitions);
    },
    isWaiting: () => waiting.size > 0,
  };
}

/** The port of an app, whatever it is called in HAProxy. */
const placeOf = ({ appId, portIndex }: Pick<Diagnostic, 'appId' | 'portIndex'>): string =>
  `${appId} ${portIndex ?? ''}`;

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
    remedy: `mend the labels HAPROXY_${portIndex}_*, or the health check of that port`,
  };
}

function underSuspicion({ appId, portIndex }: ServiceDefinition, complaint: string): Diagnostic {
  return {
    code: 'SERVICE_WAITS',
    severity: 'error',
    appId,
    portIndex,
    reason: `HAProxy refuses one of several new services, and this one is not yet known to be well: ${complaint}`,
    remedy: 'wait; the culprit is being looked for',
  };
}
