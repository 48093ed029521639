/** An agent whose name has no address, and the message about it. */
import type { AppId } from '../../core/model/ids.ts';

/** An agent whose name has no address. */
export interface UnresolvedHost {
  readonly host: string;
  readonly why: string;
  readonly apps: readonly AppId[];
}

/** The message about it, with the fix. */
export function unresolvedMessage({ host, why, apps }: UnresolvedHost): string {
  const more = apps.length > 3 ? ` and ${apps.length - 3} more apps` : '';
  return (
    `the agent's host name ${host} has no address (${why}); tasks there get no requests ` +
    `(${apps.slice(0, 3).join(', ')}${more}) until it is in the DNS or in /etc/hosts`
  );
}
