/** `pacer rollback`: the revisions that can be gone back to, and the pin, which outlives a restart. */
import { readFileSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelContext } from '../core/app-services.ts';
import type { Desired } from '../core/desired.ts';
import { createPinned, type Pin } from '../core/pinned.ts';
import type { ServiceDefinition } from '../core/service.ts';
import { stateDirErrors, syncFolder, writeSynced } from '../haproxy/durable.ts';

/** States remembered to go back to. They share what did not change. */
const rememberedStates = 100;

export interface PinState {
  readonly revision: number;
  /** ISO time at which it was pinned. */
  readonly at: string;
  readonly services: number;
}

export interface Pinning {
  /** What is to be served of a state of the mirror. */
  readonly pinned: (mirrored: Desired) => Desired;
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

export interface PinningOptions {
  readonly stateDir: string;
  readonly version: string;
  readonly context: ModelContext;
  /** Everything is to be compared again. */
  readonly changed: (cause: string) => void;
  readonly warn: (message: string) => void;
  readonly now: () => number;
}

export function createPinning({ stateDir, version, context, changed, warn, now }: PinningOptions): Pinning {
  const file = join(stateDir, 'pin.json');
  const states = new Map<number, Desired>();
  let current: PinFile | undefined = readPin(file, version, warn);
  let apply = current === undefined ? undefined : createPinned(current, context);

  return {
    pinned: (mirrored) => apply?.(mirrored) ?? mirrored,
    applied: (revision, desired) => {
      if (desired === undefined || revision === 0) return;
      states.set(revision, desired);
      const [oldest] = states.keys();
      if (states.size > rememberedStates && oldest !== undefined) states.delete(oldest);
    },
    known: () => [...states.keys()].reverse(),
    state: () => {
      if (current === undefined) return undefined;
      const { revision, at, definitions } = current;
      return { revision, at, services: definitions.length };
    },
    pin: async (revision) => {
      const desired = states.get(revision);
      if (desired === undefined) return false;
      const definitions = [...desired.services.values()].map(({ definition }) => definition);
      const at = new Date(now()).toISOString();
      const next = { version, revision, at, services: definitions.length, definitions };
      await writePin(stateDir, file, next);
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

async function writePin(stateDir: string, file: string, pin: PinFile): Promise<void> {
  await stateDirErrors(stateDir, async () => {
    await writeSynced(`${file}.new`, JSON.stringify(pin));
    await rename(`${file}.new`, file);
    await syncFolder(stateDir);
  });
}

/** A pin that cannot be used is said and not used: what Marathon says is served then. */
function readPin(file: string, version: string, warn: (message: string) => void): PinFile | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
  try {
    const pin = JSON.parse(text) as Omit<PinFile, 'definitions'> & { definitions: ServiceDefinition[] };
    if (pin.version === version && Array.isArray(pin.definitions)) return pin;
    warn(`${file} was written by Pacer ${pin.version}, so revision ${pin.revision} is not pinned any more`);
  } catch {
    warn(`${file} is damaged, so no revision is pinned any more`);
  }
  return undefined;
}
