/** Whether a port is exposed at all, by the labels that say so. */
import type { Labels } from '../labels/read.ts';
import type { PortLabelValues } from '../labels/table.ts';
import { rejects, type Diagnostic } from '../model/diagnostic.ts';

export interface ExposureContext {
  /** This load balancer's groups; `*` takes every app. */
  readonly groups: readonly string[];
  /** A port is exposed only where a label says so. */
  readonly strictMode: boolean;
}

/**
 * What is wrong with a label of the whole app, so that it could take what is another's: in the wrong group, or in none.
 * Without a deployment group the labels of a deploy mean nothing, right or wrong.
 */
export function misleading({ app, diagnostics }: Labels): Diagnostic | undefined {
  const groups = ['HAPROXY_GROUP', 'HAPROXY_DEPLOYMENT_GROUP'];
  return diagnostics.find(
    (it) =>
      rejects(it) &&
      it.portIndex === undefined &&
      (app.DEPLOYMENT_GROUP !== undefined || groups.includes(it.label ?? '')),
  );
}

export function whyNotExposed(
  values: PortLabelValues,
  groups: readonly string[],
  context: ExposureContext,
): string | undefined {
  if (!context.groups.includes('*') && !groups.some((group) => context.groups.includes(group))) {
    return groups.length === 0
      ? 'no label HAPROXY_GROUP'
      : `its group is ${groups.join(', ')}; this load balancer is ${context.groups.join(', ')}`;
  }
  if (values.ENABLED === false) return 'HAPROXY_<n>_ENABLED is false';
  if (values.ENABLED === undefined && context.strictMode)
    return '--strict-mode, and HAPROXY_<n>_ENABLED is not true';
  return undefined;
}
