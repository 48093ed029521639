/** Texts about removals that are withheld. */
import type { Logger } from '../../observe/log.ts';
import type { WithheldRemoval, RemovalGuardOptions } from './removal-guard.ts';

/** Logs when a removal is withheld, and when that ends. */
export function removalLog(log: Logger): Pick<RemovalGuardOptions, 'onWithheld' | 'onReleased'> {
  return {
    onWithheld: (removal) => log.warn(removal, describeRemoval(removal)),
    onReleased: (removal, why) => log.warn(removal, `the withheld removal has ended: ${why}`),
  };
}

/** A message for people: what Marathon dropped, what happens to it, and the command that ends it. */
export function describeRemoval({ servers, apps, of, cause }: WithheldRemoval): string {
  const whole = apps === 0 ? '' : `, all those of ${apps} of ${of.apps} apps`;
  return `Marathon dropped ${servers} of ${of.servers} servers${whole} (${cause}). They stay in service until a second snapshot confirms the removal. Remove them now: \`pacer approve\``;
}
