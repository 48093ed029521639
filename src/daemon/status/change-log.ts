/** The log lines about changes and diagnostics: one per change, and each diagnostic once. */
import { describeDiagnostic, type Diagnostic } from '../../core/model/diagnostic.ts';
import { describeReason, type Plan } from '../../core/plan/plan.ts';
import type { Logger } from '../../observe/log.ts';
import type { JournalEntry } from '../storage/journal.ts';

/** Logs one change that was applied, or not. */
export function logEntry(log: Logger, entry: JournalEntry): void {
  const { revision, hash, cause, plan, durations, eventToAppliedMs, result } = entry;
  const fields = { revision, hash: hash.slice(0, 8), cause, ...describePlan(plan), durations };
  if (result.kind === 'applied') log.info({ ...fields, eventToAppliedMs }, 'Change applied');
  else log.error({ ...fields, stage: result.stage, error: result.message }, 'Change not applied');
}

const levels = { error: 'error', warning: 'warn', notice: 'info' } as const;

/** Logs each diagnostic once, and once more when it is gone. */
export function diagnosticLog(log: Logger): (diagnostics: readonly Diagnostic[]) => void {
  let said = new Set<string>();
  let last: readonly Diagnostic[] | undefined;
  return (diagnostics) => {
    if (diagnostics === last) return;
    last = diagnostics;
    const now = new Map(diagnostics.map((it) => [describeDiagnostic(it), it.severity]));
    for (const [text, severity] of now) if (!said.has(text)) log[levels[severity]](text);
    for (const text of said) if (!now.has(text)) log.info(`resolved: ${text}`);
    said = new Set(now.keys());
  };
}

function describePlan(plan: Plan): Record<string, unknown> {
  switch (plan.kind) {
    case 'none':
      return { action: 'none' };
    case 'runtime': {
      const { added, removed, stateChanged, backends, files } = plan;
      return { action: 'runtime', added, removed, stateChanged, files, backends: backends.slice(0, 10) };
    }
    case 'reload':
      return { action: 'reload', reasons: plan.reasons.map(describeReason) };
  }
}
