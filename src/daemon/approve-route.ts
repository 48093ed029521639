/** `POST /approve`: an operator agrees to what is withheld, of Marathon's removals and of what HAProxy would lose. */
import { failure, json, post, type Route } from '../http/route.ts';
import type { Withheld } from './pipeline/state.ts';
import type { RemovalGuard } from './removal-guard.ts';

export const approveRoute = (
  guard: Pick<RemovalGuard, 'approve'>,
  pipeline: { readonly approve: () => Withheld | undefined },
): Route =>
  post('/approve', () => {
    const change = pipeline.approve();
    const removal = guard.approve();
    const approved = removal ?? change;
    if (approved === undefined) return failure(409, 'nothing is withheld', 'look at /status');
    const { servers, apps, of, cause } = approved;
    return json({ applied: { servers, apps, of, cause } });
  });
