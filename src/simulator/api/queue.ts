/** GET /v2/queue: the instances that wait for an offer, and why those that came did not fit. */
import type { Instance } from '../cluster/instance.ts';
import { rejections, rejectReasons } from '../cluster/offers.ts';
import type { World } from '../cluster/world.ts';
import type { Json } from '../definitions/json.ts';
import type { RunSpec } from '../definitions/spec.ts';
import type { ApiContext } from './context.ts';
import { ok, type Answer } from './exchange.ts';

export function getQueue({ world }: ApiContext): Answer {
  const queue = [...world.registry.specs.values()].flatMap((spec) => {
    const waiting = world.registry.instancesOf(spec.id).filter(isQueued);
    if (waiting.length === 0) return [];
    return [
      {
        [spec.kind]: spec.definition,
        count: waiting.length,
        role: '*',
        delay: { timeLeftSeconds: 0, overdue: true },
        since: waiting[0]?.since,
        processedOffersSummary: offersOf(world, spec),
      },
    ];
  });
  return ok({ queue });
}

function isQueued({ condition, goal, agent }: Instance): boolean {
  const waits = ['Scheduled', 'Killed', 'Failed'].includes(condition);
  return goal === 'Running' && (waits || (condition === 'Created' && agent === undefined));
}

/** [marathon] Each step judges the offers that the steps before have left. */
function offersOf(world: World, spec: RunSpec): Json {
  const declined = rejections(world, spec);
  const count = [...declined.values()].reduce((sum, one) => sum + one, 0);
  let left = world.agents.all().length;
  const steps = rejectReasons.map((reason) => {
    const step = { reason, declined: declined.get(reason) ?? 0, processed: left };
    left -= step.declined;
    return step;
  });
  const summary = count === 0 ? [] : steps;
  return {
    ...{ processedOffersCount: count, unusedOffersCount: count },
    ...{ rejectSummaryLastOffers: summary, rejectSummaryLaunchAttempt: summary },
  };
}
