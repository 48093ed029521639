/** One port of an app as an explanation shows it. */
import type { PortOutcome } from '../services/app-services.ts';
import { allDiagnostics, type Desired } from '../desired/desired.ts';
import { describeDiagnostic, type Diagnostic } from '../model/diagnostic.ts';
import type { AppId } from '../model/ids.ts';
import { asAsked } from '../services/narrowed.ts';
import { claimsOf, shownKey, type Claim } from '../routing/routes.ts';
import type { HostGuard, ServiceDefinition } from '../model/service.ts';
import { guardLabels } from '../routing/guards.ts';
import type { GuardView, ServiceView } from './explanation.ts';

/** The ports of an app, or one of them. */
export function serviceViews(desired: Desired, appId: AppId, portIndex?: number): ServiceView[] {
  const ports = desired.apps.get(appId)?.ports ?? [];
  return ports
    .filter((port) => portIndex === undefined || port.portIndex === portIndex)
    .map((port) => serviceView(desired, appId, port));
}

function serviceView(desired: Desired, appId: AppId, outcome: PortOutcome): ServiceView {
  const { portIndex, service, tasks } = outcome;
  const definition = service?.definition;
  const serving = definition !== undefined && serves(desired, definition);
  return {
    ...{ appId, portIndex, serving, tasks },
    backend: definition?.backend,
    servicePort: definition?.servicePort,
    mode: definition?.mode,
    reason: serving ? 'serving' : (whyRejected(desired, outcome, appId) ?? 'rejected'),
    routes: definition === undefined ? [] : routesOf(desired, definition),
    guards: definition === undefined ? [] : guardViews(servedAs(desired, definition)?.guards),
    servers: service?.servers ?? [],
  };
}

export const guardViews = (guards: readonly HostGuard[] = []): GuardView[] =>
  guards.map((guard) => ({
    appId: guard.appId,
    portIndex: guard.portIndex,
    places: guard.covers.map(shownClaim),
    labels: guardLabels(guard),
  }));

/** Every service once, those that are rejected too. The apps of a deployment group have one in common. */
export function definitionsOf({ apps }: Desired): ServiceDefinition[] {
  const all = [...apps.values()].flatMap(({ ports }) =>
    ports.flatMap(({ service }) => (service === undefined ? [] : [service.definition])),
  );
  return [...new Set(all)];
}

/** A backend's name may be another app's. */
export const serves = (desired: Desired, definition: ServiceDefinition): boolean =>
  servedAs(desired, definition) !== undefined;

/** The definition as it is served, maybe without its listener; undefined where it is not. */
export function servedAs(
  { services }: Desired,
  definition: ServiceDefinition,
): ServiceDefinition | undefined {
  const served = services.get(definition.backend)?.definition;
  return served !== undefined && asAsked(served) === definition ? served : undefined;
}

function whyRejected(desired: Desired, { reason, portIndex }: PortOutcome, appId: AppId): string | undefined {
  return reason === '' ? rejectionOf(desired, appId, portIndex)?.reason : reason;
}

/** What keeps a service from serving, among what was decided between apps. */
export function rejectionOf({ conflicts }: Desired, appId: AppId, portIndex: number): Diagnostic | undefined {
  return conflicts.find(
    (it) =>
      it.appId === appId &&
      it.portIndex === portIndex &&
      it.severity === 'error' &&
      it.code !== 'ROUTE_CONFLICT',
  );
}

/** `*.example.com/api`, as the app's labels have it. */
export const shownClaim = ({ key }: Pick<Claim, 'key'>): string => shownKey(key);

function routesOf({ routes, services }: Desired, definition: ServiceDefinition): ServiceView['routes'] {
  return claimsOf(definition).map((claim) => {
    const { weight } = definition;
    const table = routes.tables.find((it) => it.kind === claim.kind && it.weight === weight);
    const backend = table?.entries.find(({ key }) => key === claim.key)?.backend;
    const owner = backend === undefined ? undefined : services.get(backend)?.definition.appId;
    return { claim: shownClaim(claim), weight, owner };
  });
}

/** What is wrong with one app, in Marathon's definition and in its labels. */
export function diagnosticsOf(
  desired: Desired,
  malformed: readonly Diagnostic[],
  appId: AppId,
): Diagnostic[] {
  const all = [...malformed, ...allDiagnostics(desired)].filter((it) => it.appId === appId);
  return [...new Map(all.map((it) => [describeDiagnostic(it), it])).values()];
}
