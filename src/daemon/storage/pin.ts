/** `pacer rollback`: the revisions that can be gone back to, and the pin, which outlives a restart. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { ModelContext } from '../../core/services/app-services.ts';
import type { Desired } from '../../core/desired/desired.ts';
import { createPinned, type Pin } from '../../core/desired/pinned.ts';
import type { ServiceDefinition } from '../../core/model/service.ts';
import { stateDirErrors } from '../../haproxy/files/durable.ts';
import { readState, writeStateFile } from './state-file.ts';

/** Revisions that can be gone back to. Of each its definitions are remembered, which revisions share; no servers. */
const remembered = 100;

export interface PinState {
  readonly revision: number;
  /** ISO time at which it was pinned. */
  readonly at: string;
  readonly services: number;
}

export interface Pinning {
  /** What is to be served of a state of the mirror. */
  readonly pinned: (unpinned: Desired) => Desired;
  /** Notes what a revision had, once it is applied. */
  readonly applied: (revision: number, desired: Desired | undefined) => void;
  /** Revisions that can be gone back to, newest first. */
  readonly known: () => readonly number[];
  /** Undefined where nothing is pinned. */
  readonly state: () => PinState | undefined;
  /** @returns false where the revision is not known. @throws PacerError STATE_DIR_UNWRITABLE */
  readonly pin: (revision: number) => Promise<boolean>;
  /** @returns false where nothing was pinned. @throws PacerError STATE_DIR_UNWRITABLE */
  readonly release: () => Promise<boolean>;
}

interface PinFile extends PinState, Pin {
  /** Pacer's; definitions of another version may have another shape. */
  readonly version: string;
}

/** Of a definition only what it is found by: the version and the checksum of the file stand for the rest. */
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

export interface PinningOptions {
  readonly stateDir: string;
  readonly version: string;
  readonly context: ModelContext;
  /** Everything is to be compared again. */
  readonly changed: (cause: string) => void;
  readonly warn: (message: string) => void;
  readonly now: () => number;
}

/** A pin that cannot be used is said and not used: what Marathon says is served then. */
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
  /** Of the state that they are of: decided anew with every change of a definition, and with nothing else. */
  readonly conflicts: Desired['conflicts'];
}

/** The same object while no definition changes: an event about a task does not walk all services. */
function definitionsOf({ services, conflicts }: Desired, last: Remembered | undefined): Remembered {
  if (last?.conflicts === conflicts) return last;
  return { conflicts, definitions: [...services.values()].map((service) => service.definition) };
}
