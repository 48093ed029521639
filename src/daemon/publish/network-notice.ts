/** Logs once if Pacer cannot see which ports other programs use. Then only a reload can show that a port is taken. */
import type { HaproxyControl } from '../../haproxy/control/control.ts';
import type { Logger } from '../../observe/log.ts';
import type { MachineFacts } from '../decide/pipeline-state.ts';

/** @returns a function that returns the same facts, and logs the notice the first time it applies */
export function networkNotice(
  control: Pick<HaproxyControl, 'running'>,
  log: Pick<Logger, 'warn'>,
): (found: MachineFacts) => Promise<MachineFacts> {
  let said = false;
  return async (found) => {
    const { network } = found.ports;
    if (network.kind !== 'unknown') said = false;
    // A HAProxy that does not run yet has no network.
    else if (!said && (await control.running()).kind === 'running') {
      said = true;
      log.warn(
        { reason: network.reason },
        'Pacer cannot see which ports other programs use: an app whose service port is taken makes reloads fail. ' +
          'Run Pacer in the network and the pid namespace of HAProxy',
      );
    }
    return found;
  };
}
