/** `pacer rollback`: the revisions one can go back to, and the pin, which survives a restart. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { ModelContext } from '../../core/services/app-services.ts';
import type { Desired } from '../../core/desired/desired.ts';
import { createPinned, type Pin } from '../../core/desired/pinned.ts';
import type { ServiceDefinition } from '../../core/model/service.ts';
import { stateDirErrors } from '../../haproxy/files/durable.ts';
import { readState, writeStateFile } from './state-file.ts';

/**
 * How many revisions one can go back to. Their definitions are kept in memory and shared between revisions; servers are
 * not kept.
 */
const remembered = 100;

/** The pin, for the status. */
export interface PinState {
  readonly revision: number;
  /** ISO 8601 time at which it was pinned. */
  readonly at: string;
  readonly services: number;
}

/** The revisions that are known, and the pin. */
export interface Pinning {
  /** What is served for a desired state: all of it, or the pinned revision's definitions. */
  readonly pinned: (unpinned: Desired) => Desired;
  /** Records the definitions of a revision, once it is applied. */
  readonly applied: (revision: number, desired: Desired | undefined) => void;
  /** Revisions one can go back to, newest first. */
  readonly known: () => readonly number[];
  /** Undefined if no revision is pinned. */
  readonly state: () => PinState | undefined;
  /** @returns false if the revision is not known. @throws PacerError STATE_DIR_UNWRITABLE */
  readonly pin: (revision: number) => Promise<boolean>;
  /** @returns false if no revision was pinned. @throws PacerError STATE_DIR_UNWRITABLE */
  readonly release: () => Promise<boolean>;
}

interface PinFile extends PinState, Pin {
  /** Pacer's version; definitions of another version may have another format. */
  readonly version: string;
}

/**
 * Only the fields that identify a definition are checked: the version and the checksum of the file guarantee the rest.
 */
const definition = z.custom<ServiceDefinition>(
  (it) =>
    z.looseObject({ name: z.string(), portIndex: z.number(), backend: z.string() }).safeParse(it).success,
);
const pinFile = z.object({
  version: z.string(),
  revision: z.number(),
  at: z.iso.datetime(),
  services: z.number(),
  definitions: z.array(definition),
});

/** What `openPinning` needs. */
export interface PinningOptions {
  readonly stateDir: string;
  readonly version: string;
  readonly context: ModelContext;
  /** Requests a comparison of everything. */
  readonly changed: (cause: string) => void;
  readonly warn: (message: string) => void;
  readonly now: () => number;
}

/** A pin that cannot be used is reported and ignored: then Marathon's state is served. */
export async function openPinning(options: PinningOptions): Promise<Pinning> {
  const { stateDir, version, context, changed, warn, now } = options;
  const file = join(stateDir, 'pin.json');
  const revisions = new Map<number, readonly ServiceDefinition[]>();
  let last: Remembered | undefined;
  const stored = await readState(file, 'the revision that was pinned', pinFile, warn);
  let current: PinFile | undefined = stored;
  if (stored !== undefined && stored.version !== version) {
    warn(
      `${file} was written by Pacer ${stored.version}, so revision ${stored.revision} is not pinned any more`,
    );
    current = undefined;
  }
  let apply = current === undefined ? undefined : createPinned(current, context);

  return {
    pinned: (unpinned) => apply?.(unpinned) ?? unpinned,
    applied: (revision, desired) => {
      if (desired === undefined || revision === 0) return;
      last = definitionsOf(desired, last);
      revisions.set(revision, last.definitions);
      const [oldest] = revisions.keys();
      if (revisions.size > remembered && oldest !== undefined) revisions.delete(oldest);
    },
    known: () => [...revisions.keys()].reverse(),
    state: () => {
      if (current === undefined) return undefined;
      const { revision, at, definitions } = current;
      return { revision, at, services: definitions.length };
    },
    pin: async (revision) => {
      const definitions = revisions.get(revision);
      if (definitions === undefined) return false;
      const at = new Date(now()).toISOString();
      const next = { version, revision, at, services: definitions.length, definitions };
      await writeStateFile(file, JSON.stringify(next));
      current = next;
      apply = createPinned(next, context);
      changed(`rollback to revision ${revision}`);
      return true;
    },
    release: async () => {
      if (current === undefined) return false;
      const { revision } = current;
      await stateDirErrors(stateDir, () => rm(file, { force: true }));
      current = apply = undefined;
      changed(`revision ${revision} is released`);
      return true;
    },
  };
}

interface Remembered {
  readonly definitions: readonly ServiceDefinition[];
  /** Of the desired state with these definitions. It is a new list whenever a definition changes, and only then. */
  readonly conflicts: Desired['conflicts'];
}

/** The same object while no definition changes, so that an event about a task does not walk all services. */
function definitionsOf({ services, conflicts }: Desired, last: Remembered | undefined): Remembered {
  if (last?.conflicts === conflicts) return last;
  return { conflicts, definitions: [...services.values()].map((service) => service.definition) };
}
