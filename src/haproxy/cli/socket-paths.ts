/** Checks the paths of HAProxy's unix sockets before a configuration names them. */
import { PacerError } from '../../errors.ts';

/** [haproxy] tools.c str2sa_range: of the kernel's 107 bytes it needs ten for `.<pid>.tmp`, which it binds first. */
export const longestHaproxySocket = 97;

/**
 * @param sockets path → the setting that names it; undefined if it is in the state directory
 * @throws PacerError SOCKET_PATH_TOO_LONG, SETTINGS_INVALID
 */
export function assertHaproxySockets(
  sockets: ReadonlyMap<string, string | undefined>,
  stateDir: string,
): void {
  for (const [path, flag] of sockets) {
    const bytes = Buffer.byteLength(path);
    if (bytes > longestHaproxySocket) {
      const most = longestHaproxySocket - (bytes - Buffer.byteLength(stateDir));
      throw new PacerError(
        'SOCKET_PATH_TOO_LONG',
        `the socket path ${path} has ${bytes} bytes; HAProxy accepts at most ${longestHaproxySocket}`,
        flag === undefined
          ? `choose a --state-dir of at most ${most} bytes; it has ${Buffer.byteLength(stateDir)}`
          : `choose a shorter path with ${flag}`,
      );
    }
    if (path.includes(',')) {
      throw new PacerError(
        'SETTINGS_INVALID',
        `the socket path ${path} contains a comma, after which HAProxy expects options`,
        `choose a path without a comma with ${flag ?? '--state-dir'}`,
      );
    }
  }
}
