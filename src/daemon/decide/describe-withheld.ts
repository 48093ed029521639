/** What people read of a change that is withheld. */
import type { Withheld } from './state.ts';

/** What would be taken from HAProxy though Marathon lists it, what ends that, and the command to apply it now. */
export function describeWithheld({ servers, apps, of, cause, confirmable }: Withheld): string {
  const ends = confirmable ? 'until Marathon confirms it' : 'until its cause is gone';
  return `a change would take ${servers} of ${of.servers} servers (all of ${apps} of ${of.apps} apps) out of service that Marathon still lists (${cause}). It is withheld ${ends}; apply it now with \`pacer approve\``;
}
