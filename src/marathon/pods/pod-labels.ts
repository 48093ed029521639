/**
 * The labels of a pod as labels of an app. Its endpoints are the ports, numbered over all containers in the order of
 * the definition. The index in a label counts only the endpoints of the object that has the label: all endpoints for
 * the pod's labels, the container's for a container's, and 0 for an endpoint's own. The label closest to the endpoint
 * wins.
 */
import type { Diagnostic } from '../../core/model/diagnostic.ts';
import { asAppId } from '../../core/model/ids.ts';
import type { RawPod } from './raw-pod.ts';

type Labels = Readonly<Record<string, unknown>> | null | undefined;

/** The labels, and diagnostics for those that have no effect. */
export function podLabels(pod: RawPod): { labels: Record<string, string>; diagnostics: Diagnostic[] } {
  const found = new Map<string, string>();
  const diagnostics: Diagnostic[] = [];
  for (const [label, value] of textsOf(pod.labels)) found.set(label, value);
  const lower = (labels: Labels, first: number, count: number, carrier: string) => {
    for (const [label, value] of textsOf(labels)) {
      if (!label.startsWith('HAPROXY_')) continue;
      const names = namesOnPod(label, first, count);
      if (names !== undefined) for (const name of names) found.set(name, value);
      else diagnostics.push(misplaced(pod.id, label, carrier, count));
    }
  };
  // Endpoints after all containers: the closer label wins.
  let index = 0;
  const endpoints: (() => void)[] = [];
  for (const container of pod.containers) {
    const own = container.endpoints ?? [];
    lower(container.labels, index, own.length, `container ${container.name}`);
    for (const { labels, name } of own) {
      const at = index++;
      endpoints.push(() => lower(labels, at, 1, `endpoint ${name}`));
    }
  }
  for (const each of endpoints) each();
  return { labels: Object.fromEntries(found), diagnostics };
}

/** Undefined for a label that has no meaning there. */
function namesOnPod(label: string, first: number, count: number): string[] | undefined {
  if (label === 'HAPROXY_GROUP') return Array.from({ length: count }, (_, i) => `HAPROXY_${first + i}_GROUP`);
  const [, index, rest] = /^HAPROXY_(\d{1,5})_(.+)$/.exec(label) ?? [];
  if (index === undefined || rest === undefined || Number(index) >= count) return undefined;
  return [`HAPROXY_${first + Number(index)}_${rest}`];
}

function textsOf(labels: Labels): [string, string][] {
  return Object.entries(labels ?? {}).flatMap(([label, value]): [string, string][] =>
    typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
      ? [[label, String(value)]]
      : [],
  );
}

function misplaced(id: string, label: string, carrier: string, count: number): Diagnostic {
  const indexed = /^HAPROXY_\d+_/.test(label);
  return {
    code: indexed ? 'LABEL_NO_PORT' : 'LABEL_WITHOUT_EFFECT',
    severity: 'warning',
    appId: asAppId(id),
    label,
    reason: indexed ? `${carrier} has ${count} endpoints, counted from 0` : `it has no effect on ${carrier}`,
    remedy: indexed ? 'count the endpoints of the object that has the label' : 'set it on the pod',
  };
}
