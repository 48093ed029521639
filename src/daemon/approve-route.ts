/** `POST /approve`: an operator agrees to what is held back. */
import { failure, json, post, type Route } from '../http/route.ts';
import type { RemovalGuard } from './removal-guard.ts';

export const approveRoute = (guard: Pick<RemovalGuard, 'approve'>): Route =>
  post('/approve', () => {
    const approved = guard.approve();
    if (approved === undefined) return failure(409, 'nothing is held back', 'look at /status');
    const { servers, apps, of, cause } = approved;
    return json({ applied: { servers, apps, of, cause } });
  });
