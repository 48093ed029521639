/** GET /metrics: a few of Marathon's own, in the form of Dropwizard's registry. */
import { groupIds } from '../definitions/group-view.ts';
import type { ApiContext } from './context.ts';
import { ok, type Answer } from './exchange.ts';

const startedAt = Date.now();

export function getMetrics({ world, deployments }: ApiContext): Answer {
  const instances = [...world.registry.allInstances()];
  const specs = [...world.registry.specs.values()];
  const count = (holds: (instance: (typeof instances)[number]) => boolean) => instances.filter(holds).length;
  const gauges = {
    'marathon.apps.active.gauge': specs.filter(({ kind }) => kind === 'app').length,
    'marathon.deployments.active.gauge': deployments.count,
    'marathon.groups.active.gauge': groupIds(world).length,
    'marathon.instances.running.gauge': count(({ condition }) => condition === 'Running'),
    'marathon.instances.staged.gauge': count(({ condition }) =>
      ['Provisioned', 'Created', 'Starting'].includes(condition),
    ),
    'marathon.leadership.duration.gauge.seconds': secondsUp(),
    'marathon.pods.active.gauge': specs.filter(({ kind }) => kind === 'pod').length,
    'marathon.uptime.gauge.seconds': secondsUp(),
  };
  return ok({
    version: '4.0.0',
    gauges: Object.fromEntries(Object.entries(gauges).map(([name, value]) => [name, { value }])),
    ...{ counters: {}, histograms: {}, meters: {}, timers: {} },
  });
}

const secondsUp = (): number => (Date.now() - startedAt) / 1000;
