/** What the status server shows of apps. Secrets in labels are never shown. */
import type { AppServices } from '../../core/services/app-services.ts';
import { allDiagnostics } from '../../core/desired/desired.ts';
import { describeDiagnostic, type Diagnostic } from '../../core/model/diagnostic.ts';
import { guardViews, servedAs, serves } from '../../core/explain/service-view.ts';
import { asAppId } from '../../core/model/ids.ts';
import { inHaproxy } from '../../core/plan/placement.ts';
import type { PipelineState } from '../decide/pipeline-state.ts';
import { maskConfiguration } from '../../http/mask.ts';
import { failure, json, type Answer } from '../../http/route.ts';

/** A diagnostic with the one line that people read. */
export const told = (diagnostic: Diagnostic) => ({ ...diagnostic, text: describeDiagnostic(diagnostic) });

type Shown = Pick<PipelineState, 'desired' | 'spares'>;

/** `/apps`: one entry per app, with as little as a list needs. */
export function appSummaries({ desired, spares }: Shown) {
  return [...(desired?.apps.values() ?? [])].map(({ app: { id, instances, tasks }, ports }) => ({
    id,
    instances,
    tasks: tasks.length,
    services: ports.flatMap(({ service }) => {
      if (service === undefined || desired === undefined) return [];
      const served = servedAs(desired, service.definition);
      const { backend, servicePort, mode, vhosts, path, weight, portIndex, listens, bindAddress } =
        served ?? service.definition;
      return [
        {
          ...{ backend, haproxyBackend: inHaproxy(spares, backend) },
          ...{ portIndex, servicePort, mode, vhosts, weight },
          path: path ?? null,
          guards: guardViews(served?.guards),
          /** Where it has a listener of its own; null without one. */
          bindAddress: listens ? bindAddress : null,
          servers: service.servers.length,
          ready: service.servers.filter(({ admin: admin }) => admin === 'ready').length,
          serving: served !== undefined,
        },
      ];
    }),
    /** Why the app has no service; only if it has none. */
    reason: ports.some(({ service }) => service !== undefined)
      ? ''
      : (ports[0]?.reason ?? 'the app has no port'),
  }));
}

/** `/apps/<id>`: one app, port by port, with the reason of every task's state. */
export function appView({ desired, spares }: Shown, rest: string): Answer {
  const id = asAppId(rest);
  const found = desired?.apps.get(id);
  if (desired === undefined || found === undefined) return failure(404, `Marathon has no app ${id}`);
  const diagnostics = allDiagnostics(desired).filter(({ appId }) => appId === id);
  return json({
    id,
    version: found.app.version,
    instances: found.app.instances,
    labels: haproxyLabels(found),
    ports: found.ports.map(({ portIndex, service, reason, tasks }) => ({
      portIndex,
      reason: service === undefined ? reason : serving(serves(desired, service.definition)),
      service: service === undefined ? null : withoutSecrets(service.definition),
      guards: service === undefined ? [] : guardViews(servedAs(desired, service.definition)?.guards),
      haproxyBackend: service === undefined ? null : inHaproxy(spares, service.definition.backend),
      servers: service?.servers ?? [],
      tasks,
    })),
    diagnostics: diagnostics.map(told),
  });
}

const serving = (is: boolean): string => (is ? 'serving' : 'rejected; see diagnostics');

function withoutSecrets<T extends { auth: { realm: string; user: string } | undefined }>({
  auth,
  ...definition
}: T) {
  return { ...definition, auth: auth === undefined ? null : { realm: auth.realm, user: auth.user } };
}

function haproxyLabels({ app: { labels } }: AppServices): Record<string, string> {
  return Object.fromEntries(
    Object.entries(labels)
      .filter(([name]) => name.startsWith('HAPROXY_'))
      .map(([name, value]) => [name, name.endsWith('_AUTH') ? withoutHash(value) : maskConfiguration(value)]),
  );
}

/** `realm:user:***`. A value of another form is masked completely. */
const withoutHash = (value: string): string => /^[^:]*:[^:]*:/.exec(value)?.[0].concat('***') ?? '***';
