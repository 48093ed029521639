/** Definitions of apps and pods that are not deployed yet, as the daemon would see them once Marathon has them. */
import type { App } from '../../core/model/model.ts';
import { byCodePoint, asInstanceId, asTaskId } from '../../core/model/ids.ts';
import { decodeApps, type DecodedApps } from '../../marathon/decode/decode.ts';
import { podApp, readPodStatus } from '../../marathon/pods/decode-pod.ts';
import type { WrittenApp } from './input.ts';
import { withMarathonDefaults } from './marathon-defaults.ts';

export interface Definitions extends DecodedApps {
  /** Service ports that nobody asked for: stand-ins for those that Marathon will give. */
  readonly invented: ReadonlySet<number>;
}

export function definitionsOf(written: readonly WrittenApp[]): Definitions {
  const isPod = ({ json }: WrittenApp) => Array.isArray(json['containers']);
  const decoded = decodeApps({
    apps: written.filter((it) => !isPod(it)).map(({ json }) => withMarathonDefaults(json)),
  });
  const pods = written.filter(isPod).map(({ json }, i) => decodePod(json, `pods[${i}]`));
  const apps = [...decoded.apps, ...pods.flatMap(({ app }) => app ?? [])].map(withoutTasks);
  const filled = fillServicePorts(apps);
  return {
    ...filled,
    apps: filled.apps.sort((a, b) => byCodePoint(a.id, b.id)),
    diagnostics: [...decoded.diagnostics, ...pods.flatMap(({ diagnostics }) => diagnostics)],
    malformed: decoded.malformed,
  };
}

function decodePod(
  json: WrittenApp['json'],
  place: string,
): Pick<DecodedApps, 'diagnostics'> & { readonly app?: App | undefined } {
  const status = readPodStatus({ id: json['id'], spec: json, instances: [] }, place);
  return 'spec' in status ? podApp(status, () => undefined) : { diagnostics: status.diagnostics };
}

const withoutTasks = (app: App): App => ({ ...app, tasks: [] });

/** [RFC 5737] An address that nobody has. */
export const nowhere = '192.0.2.1';

/** With one task that runs, so that HAProxy is asked about the app's server lines as well. */
export function withTask(app: App): App {
  const id = `${app.id.slice(1).replaceAll('/', '_')}.instance-lint._app.1`;
  return {
    ...app,
    tasks: [
      {
        ...{ id: asTaskId(id), instanceId: asInstanceId(id), appId: app.id, state: 'TASK_RUNNING' },
        ...{ host: nowhere, ipAddresses: [nowhere], version: app.version },
        ports: app.ports.filter(({ hasHostPort }) => hasHostPort).map((_, i) => 31_000 + i),
        ...(app.kind === 'pod' && {
          endpoints: app.ports.map((_, i) => ({ host: nowhere, port: 31_000 + i })),
        }),
        ...{ alive: app.healthChecks.map(() => true), aliveIsAggregate: false },
        ...{ awaitsReadiness: false, leaving: false },
      },
    ],
  };
}

/** From the highest port down, so that hardly anybody asks for one of them. Pods get none of Marathon. */
function fillServicePorts(apps: readonly App[]): { apps: App[]; invented: ReadonlySet<number> } {
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
    apps: apps.map((app) =>
      app.kind === 'pod'
        ? app
        : {
            ...app,
            ports: app.ports.map((port) => ({ ...port, servicePort: given(port.servicePort) ?? invent() })),
          },
    ),
  };
}

/** 0 asks Marathon for any. */
const given = (port: number | undefined): number | undefined => (port === 0 ? undefined : port);
