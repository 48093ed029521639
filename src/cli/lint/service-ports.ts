/** Stand-ins for the service ports that Marathon will give where a definition has none. */
import type { App } from '../../core/model/model.ts';

export interface Filled {
  readonly apps: readonly App[];
  /** The ports that nobody asked for. */
  readonly invented: ReadonlySet<number>;
}

/** From the highest port down, so that hardly anybody asks for one of them. */
export function fillServicePorts(apps: readonly App[]): Filled {
  const asked = new Set<number>();
  for (const { ports, labels } of apps) {
    for (const { servicePort } of ports) if (servicePort !== undefined) asked.add(servicePort);
    for (const [name, value] of Object.entries(labels)) if (name.endsWith('_PORT')) asked.add(Number(value));
  }
  const invented = new Set<number>();
  let next = 65_535;
  const invent = (): number => {
    while (asked.has(next)) next -= 1;
    invented.add(next);
    return next--;
  };
  return {
    invented,
    apps: apps.map((app) => ({
      ...app,
      ports: app.ports.map((port) => ({ ...port, servicePort: given(port.servicePort) ?? invent() })),
    })),
  };
}

/** 0 asks Marathon for any. */
const given = (port: number | undefined): number | undefined => (port === 0 ? undefined : port);
