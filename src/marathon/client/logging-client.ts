/** A client that says in the log what happens to it. */
import { MarathonClient } from './client.ts';
import type { MarathonLogEntry, MarathonSourceOptions } from '../mirror/source-types.ts';

type Log = (level: MarathonLogEntry['level'], message: string, detail: object) => void;

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
        log('info', 'the files with credentials or certificates for Marathon have changed and are used', {});
      else
        log(
          'warn',
          'a file with credentials or certificates for Marathon has changed and cannot be used; what was read before stays in use',
          {
            problem,
          },
        );
    },
    onLookupFailed: (address, reason) =>
      log('warn', 'Marathon cannot be looked up; what was found last still counts', { address, reason }),
  });
}
