/** `POST /approve`: an operator approves what is withheld, both Marathon's removals and what HAProxy would lose. */
import { failure, json, post, type Route } from '../../http/route.ts';
import type { Approved } from './answers.ts';
import type { Withheld } from '../decide/state.ts';
import type { RemovalGuard } from '../clusters/removal-guard.ts';

const nothing = { servers: 0, apps: 0, of: { servers: 0, apps: 0 } };

/** The route. */
export const approveRoute = (
  guard: Pick<RemovalGuard, 'approve'> & { readonly incomplete: () => readonly string[] },
  pipeline: { readonly approve: () => Withheld | undefined },
): Route =>
  post('/approve', () => {
    const silent = guard.incomplete();
    const change = pipeline.approve();
    const removal = guard.approve();
    const approved = removal ?? change;
    if (approved === undefined && silent.length > 0)
      return json({
        applied: { ...nothing, cause: `nothing was known of cluster ${silent.join(', ')}` },
      } satisfies Approved);
    if (approved === undefined) return failure(409, 'nothing is withheld', 'look at /status');
    const { servers, apps, of, cause } = approved;
    return json({ applied: { servers, apps, of, cause } } satisfies Approved);
  });
