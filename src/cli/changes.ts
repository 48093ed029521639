/** A change in words, for `pacer status` and `pacer revisions`. */
import { describeReason, type Plan } from '../core/plan/plan.ts';
import type { Change } from '../daemon/status/answers.ts';
import { counted } from './terminal/words.ts';

export function whatWasDone({ plan, result }: Pick<Change, 'plan' | 'result'>): string {
  return result.kind === 'failed' ? `${result.stage} failed: ${result.message}` : planText(plan);
}

export function planText(plan: Plan): string {
  switch (plan.kind) {
    case 'none':
      return 'nothing to do';
    case 'reload':
      return `reload: ${plan.reasons.map(describeReason).join('; ')}`;
    case 'runtime': {
      const { added, removed, stateChanged, files } = plan;
      const parts = [
        added > 0 ? `${counted(added, 'server')} came` : '',
        removed > 0 ? `${counted(removed, 'server')} went` : '',
        stateChanged > 0 ? `${counted(stateChanged, 'server')} changed state` : '',
        files.length > 0 ? `${files.join(', ')} changed` : '',
      ];
      return `no reload: ${parts.filter((part) => part !== '').join(', ')}`;
    }
  }
}

/** From the event, or else of all stages together. */
export function howLong({ durations, eventToAppliedMs }: Change): string {
  const all = Object.values(durations).reduce((sum, ms) => sum + ms, 0);
  return `${Math.round(eventToAppliedMs ?? all)} ms`;
}
