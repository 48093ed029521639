/** What people read of a change that is withheld. */
import type { Withheld } from './state.ts';

/** What would be taken from HAProxy though Marathon lists it. */
export const describeWithheld = ({ servers, apps, of, cause }: Withheld): string =>
  `a change would take ${servers} of ${of.servers} servers (all of ${apps} of ${of.apps} apps) out of service that Marathon still lists (${cause}). It is withheld until Marathon confirms it; apply it now with \`pacer approve\``;
