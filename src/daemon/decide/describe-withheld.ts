/** Texts about changes that are withheld. */
import type { Withheld } from './state.ts';

/** What would be removed from HAProxy although Marathon lists it, what ends that, and the command to apply it now. */
export function describeWithheld({ servers, apps, of, cause, confirmable }: Withheld): string {
  const ends = confirmable ? 'until Marathon confirms it' : 'until its cause is gone';
  return `a change would take ${servers} of ${of.servers} servers (all of ${apps} of ${of.apps} apps) out of service although Marathon still lists them (${cause}). It is withheld ${ends}; apply it now with \`pacer approve\``;
}
