/** Services that do not serve at present: what they guard stays guarded. */
import type { ServiceDefinition } from '../model/service.ts';

/** A service that is left out. */
export interface Away {
  readonly claimant: ServiceDefinition;
  /** What it guards is taken from this one: its last version, or what its labels say. */
  readonly before: ServiceDefinition;
}

const made = new WeakMap<ServiceDefinition, Away>();

/**
 * A service that HAProxy has never accepted. It guards without its templates, which may be what is refused, and with a
 * password that every HAProxy takes. The same object each time.
 */
export function neverServed(definition: ServiceDefinition): Away {
  const known = made.get(definition);
  if (known !== undefined) return known;
  const { auth } = definition;
  const isSafe = auth !== undefined && everyCrypt.test(auth.passwordHash);
  const before = { ...definition, fragments: undefined, auth: isSafe ? auth : undefined };
  const away = { claimant: definition, before };
  made.set(definition, away);
  return away;
}

/** What each crypt(3) knows: MD5, SHA-256, SHA-512 and DES. */
const everyCrypt = /^\$[156]\$|^[./0-9A-Za-z]{13}$/;
