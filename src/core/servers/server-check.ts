/**
 * HAProxy's own check of a service's servers, derived from the app's health checks:
 *
 *   Marathon's check        http service           tcp service
 *   HTTP, MESOS_HTTP        GET of its path        a connection
 *   HTTPS, MESOS_HTTPS      the same over TLS      a connection
 *   TCP, MESOS_TCP          a connection           a connection
 *   COMMAND                 a connection           a connection
 */
import type { Diagnostic } from '../model/diagnostic.ts';
import type { App, HealthCheck } from '../model/model.ts';
import type { ServerCheck } from '../model/service.ts';

/** The port of a service, and the label that selects another port to check instead. */
export interface CheckedPort {
  readonly portIndex: number;
  /** `HAPROXY_<n>_BACKEND_HEALTHCHECK_PORT_INDEX` */
  readonly chosen: number | undefined;
}

/**
 * The check that concerns a port: the first one with a fixed port or with this index, or else a command, which concerns
 * all ports. If the label selects another port, the check of that port, or the service's own port's if that port has
 * none.
 */
export function watchingCheck(app: App, { portIndex, chosen }: CheckedPort): HealthCheck | undefined {
  const of = (index: number) =>
    app.healthChecks.find((check) => check.protocol !== 'COMMAND' && watches(check, index));
  const other = chosen !== undefined && chosen < app.ports.length ? of(chosen) : undefined;
  return other ?? of(portIndex) ?? app.healthChecks.find(({ protocol }) => protocol === 'COMMAND');
}

/** [marathon] a check with neither port nor index is about the first port */
const watches = ({ port, portIndex }: HealthCheck, index: number): boolean =>
  isFixed(port) || (portIndex ?? 0) === index;

const isFixed = (port: number | undefined): port is number => port !== undefined && port !== 0;

/** HAProxy's check for this port; undefined if the app has no check for it. */
export function checkOf(app: App, checked: CheckedPort): ServerCheck | undefined {
  const check = watchingCheck(app, checked);
  if (check === undefined) return undefined;
  const target = targetOf(app, check, checked);
  return {
    kind:
      target === 'unreachable' || check.protocol === 'TCP' || check.protocol === 'COMMAND'
        ? 'connect'
        : check.protocol === 'HTTP'
          ? 'http'
          : 'https',
    path: check.path,
    interval: Math.max(1, check.intervalSeconds),
    timeout: Math.max(1, check.timeoutSeconds),
    fall: check.maxConsecutiveFailures + 1,
    ...(target === 'unreachable' ? ownPort : target),
  };
}

const ownPort = { port: undefined, portIndex: undefined };

/** The target of the check; both undefined: the server's own port. */
function targetOf(
  { ports, networkMode }: App,
  { port, byMesos }: HealthCheck,
  { portIndex, chosen }: CheckedPort,
): Pick<ServerCheck, 'port' | 'portIndex'> | 'unreachable' {
  const at = (index: number) => (index === portIndex ? ownPort : { port: undefined, portIndex: index });
  if (chosen !== undefined && chosen < ports.length) return at(chosen);
  if (!isFixed(port)) return ownPort;
  if (byMesos !== true || networkMode !== 'bridge') return { port, portIndex: undefined };
  // [mesos] its checks run inside the container, so this is a port there. HAProxy uses the host port mapped to it.
  const mapped = ports.findIndex(({ containerPort }) => containerPort === port);
  return mapped < 0 ? 'unreachable' : at(mapped);
}

/** In tcp mode, HTTP checks would need an http-check section. Like marathon-lb, only the connection is checked. */
export const asConnectCheck = (check: ServerCheck | undefined): ServerCheck | undefined =>
  check === undefined ? undefined : { ...check, kind: 'connect', path: '/' };

/** Notices about what HAProxy checks differently from Marathon. */
export function checkNotices(app: App, checked: CheckedPort, mode: 'http' | 'tcp'): Diagnostic[] {
  const { portIndex, chosen } = checked;
  const about = { appId: app.id, portIndex };
  const check = watchingCheck(app, checked);
  const notices: Diagnostic[] = [];
  if (chosen !== undefined && chosen >= app.ports.length) {
    notices.push({
      ...{ code: 'LABEL_NO_PORT', severity: 'warning', ...about },
      label: `HAPROXY_${portIndex}_BACKEND_HEALTHCHECK_PORT_INDEX`,
      reason: `the app has no port with index ${chosen}, so the service's own port is checked`,
      remedy: `write an index from 0 to ${app.ports.length - 1}, or remove the label`,
    });
  }
  if (check === undefined) return notices;
  const isHttp = check.protocol === 'HTTP' || check.protocol === 'HTTPS';
  if (targetOf(app, check, checked) === 'unreachable') {
    notices.push({
      ...{ code: 'CHECK_REDUCED', severity: 'warning', ...about },
      reason: `Mesos checks port ${check.port ?? 0} inside the container, which no port mapping leads to, so HAProxy checks that the service's own port accepts connections`,
      remedy: 'give the health check a portIndex, or map that port',
    });
  } else if (mode === 'tcp' && isHttp) {
    notices.push({
      ...{ code: 'CHECK_REDUCED', severity: 'notice', ...about },
      reason: `only Marathon performs the ${check.protocol} check: in tcp mode HAProxy checks that the port accepts connections`,
      remedy: `set HAPROXY_${portIndex}_MODE to http for an HTTP service`,
    });
  }
  const rest = app.healthChecks.filter(
    (it) => it !== check && it.protocol !== 'COMMAND' && watches(it, portIndex),
  );
  if (chosen === undefined && check.protocol !== 'COMMAND' && rest.length > 0) {
    notices.push({
      ...{ code: 'CHECK_REDUCED', severity: 'notice', ...about },
      reason: `HAProxy uses the first of ${rest.length + 1} health checks of this port; only Marathon performs the others`,
      remedy: 'put the most meaningful check first',
    });
  }
  return notices;
}
