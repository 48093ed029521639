/** Says once where Pacer cannot see which ports other programs have: a reload is then what finds out. */
import type { HaproxyControl } from '../../haproxy/control/control.ts';
import type { Logger } from '../../observe/log.ts';
import type { MachineFacts } from '../decide/pipeline-state.ts';

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
        'ports that other programs have cannot be seen: an app whose service port is taken makes reloads fail; ' +
          'run Pacer in the network and the pid namespace of HAProxy',
      );
    }
    return found;
  };
}
