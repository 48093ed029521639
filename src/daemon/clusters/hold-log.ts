/** What people read of removals that are held back. */
import type { Logger } from '../../observe/log.ts';
import type { Hold, RemovalGuardOptions } from './removal-guard.ts';

/** Says what is held back, and what becomes of it. */
export function removalLog(log: Logger): Pick<RemovalGuardOptions, 'onHold' | 'onRelease'> {
  return {
    onHold: (hold) =>
      log.warn(
        hold,
        `${describeHold(hold)}; they are kept until a second snapshot shows the same, or \`pacer approve\``,
      ),
    onRelease: (hold, why) => log.warn(hold, `what was held back is let go: ${why}`),
  };
}

/** For people: `60 of 100 servers (3 of 5 apps) would go at once`. */
export const describeHold = ({ servers, apps, of }: Hold): string =>
  `${servers} of ${of.servers} servers (all of ${apps} of ${of.apps} apps) would go at once`;
