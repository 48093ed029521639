/** Finds the services whose listeners HAProxy could not open. Only what is certain counts against a service. */
import type { Diagnostic } from '../../core/model/diagnostic.ts';
import type { BackendName } from '../../core/model/ids.ts';
import type { Service, ServiceDefinition } from '../../core/model/service.ts';
import { nameOf } from '../../haproxy/machine/port-holder.ts';
import { judgePorts, type JudgedBind, type PortOwner } from '../../haproxy/machine/ports.ts';

/** The listener of a service: `address:port`. */
export const bindKey = ({ bindAddress, servicePort }: ServiceDefinition): string =>
  `${bindAddress}:${servicePort}`;

/** @param running `address:port` of the listeners that HAProxy is known to have */
export async function portsHeld(
  services: readonly Service[],
  running: ReadonlySet<string>,
  owner: PortOwner,
): Promise<Map<BackendName, Diagnostic>> {
  const fresh = services
    .map(({ definition }) => definition)
    .filter((it) => it.listens && !running.has(bindKey(it)));
  const judged = await judgePorts(
    fresh.map(({ bindAddress, servicePort }) => ({ address: bindAddress, port: servicePort })),
    owner,
  );
  return new Map(
    fresh.flatMap((definition, i): [BackendName, Diagnostic][] => {
      const found = judged[i] && portHeld(definition, judged[i]);
      return found === undefined ? [] : [[definition.backend, found]];
    }),
  );
}

/** Undefined if the port is free or HAProxy's own, or if nothing is certain. */
function portHeld(
  { appId, portIndex }: ServiceDefinition,
  { address, port, verdict }: JudgedBind,
): Diagnostic | undefined {
  const place = `${address}:${port}`;
  const about = { code: 'PORT_HELD', severity: 'error', appId, portIndex } as const;
  const otherPort = `choose another port with HAPROXY_${portIndex}_PORT`;
  switch (verdict.kind) {
    case 'free':
    case 'ours':
    case 'unknown':
      return undefined;
    case 'other':
      return {
        ...about,
        reason: `${nameOf(verdict.holder)} listens on ${place}`,
        remedy: `stop it, or ${otherPort}`,
      };
    case 'refused':
      return verdict.reason === 'EACCES'
        ? {
            ...about,
            reason: `HAProxy's user may not bind ${place}`,
            remedy: `give HAProxy CAP_NET_BIND_SERVICE, or ${otherPort}`,
          }
        : {
            ...about,
            reason: `this machine has no address ${address} (${verdict.reason})`,
            remedy: `correct HAPROXY_${portIndex}_BIND_ADDR`,
          };
  }
}
