/** HAProxy's own check of a service's servers, from the health checks of the app. */
import type { HealthCheck } from './model.ts';
import type { ServerCheck } from './service.ts';

/** The check that watches this port: the first with a port of its own, or with this index; a command watches all. */
export const watchingCheck = (checks: readonly HealthCheck[], portIndex: number): HealthCheck | undefined =>
  checks.find(
    ({ protocol, port, portIndex: index }) =>
      protocol !== 'COMMAND' && (port !== undefined || index === portIndex),
  ) ?? checks.find(({ protocol }) => protocol === 'COMMAND');

export function checkOf(checks: readonly HealthCheck[], portIndex: number): ServerCheck | undefined {
  const check = watchingCheck(checks, portIndex);
  if (check === undefined) return undefined;
  return {
    kind: check.protocol === 'HTTP' ? 'http' : check.protocol === 'HTTPS' ? 'https' : 'connect',
    path: check.path,
    interval: Math.max(1, check.intervalSeconds),
    timeout: Math.max(1, check.timeoutSeconds),
    fall: check.maxConsecutiveFailures + 1,
    port: check.port === 0 ? undefined : check.port,
  };
}

/** HTTP checks in tcp mode would need an http-check of their own; marathon-lb checks the connection there. */
export const asConnectCheck = (check: ServerCheck | undefined): ServerCheck | undefined =>
  check === undefined ? undefined : { ...check, kind: 'connect', path: '/' };
