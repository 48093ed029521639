/** Checks the paths of the unix sockets for HAProxy before anything is written. */
import { join } from 'node:path';
import { assertHaproxySockets } from '../../haproxy/cli/socket-paths.ts';
import type { Settings } from '../../settings/settings.ts';
import { endpointsSocket } from './machine-facts.ts';

/** @throws PacerError SOCKET_PATH_TOO_LONG, SETTINGS_INVALID */
export function requireSocketPaths(settings: Settings): void {
  const { haproxyMode, masterSocket, runtimeSocket, stateDir, haproxyChroot } = settings;
  const flagOf = (path: string, name: string, flag: string) =>
    path === join(stateDir, 'run', name) ? undefined : flag;
  const sockets = new Map<string, string | undefined>();
  // If somebody else starts HAProxy, the socket may have another path there.
  if (haproxyMode === 'supervise')
    sockets.set(masterSocket, flagOf(masterSocket, 'master.sock', '--haproxy-master-socket'));
  sockets.set(runtimeSocket, flagOf(runtimeSocket, 'haproxy.sock', '--haproxy-socket'));
  if (!haproxyChroot) sockets.set(endpointsSocket(settings), undefined);
  assertHaproxySockets(sockets, stateDir);
}
