/** A client that logs changes of its endpoints and secrets. */
import { MarathonClient } from './client.ts';
import type { MarathonLogEntry, MarathonSourceOptions } from '../mirror/source-types.ts';

type Log = (level: MarathonLogEntry['level'], message: string, detail: object) => void;

/** Creates such a client. */
export function loggingClient(
  options: MarathonSourceOptions,
  onEndpoints: (leader: URL | undefined) => void,
  log: Log,
): MarathonClient {
  return new MarathonClient({
    ...options,
    onEndpoints,
    onSecrets: (problem) => {
      if (problem === undefined)
        log(
          'info',
          'the files with credentials or certificates for Marathon have changed; Pacer uses the new ones',
          {},
        );
      else
        log(
          'warn',
          'a file with credentials or certificates for Marathon has changed and cannot be used; Pacer keeps using the previous one',
          {
            problem,
          },
        );
    },
    onLookupFailed: (address, reason) =>
      log('warn', 'the addresses of Marathon cannot be looked up; Pacer keeps using the last ones', {
        address,
        reason,
      }),
  });
}
