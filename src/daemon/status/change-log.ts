/** The log lines about changes and diagnostics: one for each change, each diagnostic once. */
import { describeDiagnostic, type Diagnostic } from '../../core/model/diagnostic.ts';
import { describeReason, type Plan } from '../../core/plan/plan.ts';
import type { Logger } from '../../observe/log.ts';
import type { JournalEntry } from '../storage/journal.ts';
import type { Withheld } from '../decide/state.ts';
import type { Hold, RemovalGuardOptions } from '../clusters/removal-guard.ts';

export function logEntry(log: Logger, entry: JournalEntry): void {
  const { revision, hash, cause, plan, durations, eventToAppliedMs, result } = entry;
  const fields = { revision, hash: hash.slice(0, 8), cause, ...describePlan(plan), durations };
  if (result.kind === 'applied') log.info({ ...fields, eventToAppliedMs }, 'HAProxy follows');
  else log.error({ ...fields, stage: result.stage, error: result.message }, 'HAProxy stays as it is');
}

/** Says what is held back, and what becomes of it. */
export function removalLog(log: Logger): Pick<RemovalGuardOptions, 'onHold' | 'onRelease'> {
  return {
    onHold: (hold) =>
      log.warn(
        hold,
        `${describeHold(hold)}; they are kept until a second snapshot shows the same, or \`pacer approve\``,
      ),
    onRelease: (hold, why) => log.warn(hold, `what was held back is let go: ${why}`),
  };
}

/** For people: `60 of 100 servers (3 of 5 apps) would go at once`. */
export const describeHold = ({ servers, apps, of }: Hold): string =>
  `${servers} of ${of.servers} servers (all of ${apps} of ${of.apps} apps) would go at once`;

/** The same of what would be taken from HAProxy though Marathon lists it. */
export const describeWithheld = ({ servers, apps, of, cause }: Withheld): string =>
  `a change would take ${servers} of ${of.servers} servers (all of ${apps} of ${of.apps} apps) out of service that Marathon still lists (${cause}). It is withheld until Marathon confirms it; apply it now with \`pacer approve\``;

const levels = { error: 'error', warning: 'warn', notice: 'info' } as const;

/** Says each diagnostic once, and that it is gone once it is. */
export function diagnosticLog(log: Logger): (diagnostics: readonly Diagnostic[]) => void {
  let said = new Set<string>();
  let last: readonly Diagnostic[] | undefined;
  return (diagnostics) => {
    if (diagnostics === last) return;
    last = diagnostics;
    const now = new Map(diagnostics.map((it) => [describeDiagnostic(it), it.severity]));
    for (const [text, severity] of now) if (!said.has(text)) log[levels[severity]](text);
    for (const text of said) if (!now.has(text)) log.info(`mended: ${text}`);
    said = new Set(now.keys());
  };
}

function describePlan(plan: Plan): Record<string, unknown> {
  switch (plan.kind) {
    case 'none':
      return { action: 'none' };
    case 'runtime': {
      const { added, removed, admitted, backends, files } = plan;
      return { action: 'runtime', added, removed, admitted, files, backends: backends.slice(0, 10) };
    }
    case 'reload':
      return { action: 'reload', reasons: plan.reasons.map(describeReason) };
  }
}
