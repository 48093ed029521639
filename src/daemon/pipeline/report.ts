/**
 * Passes on what was settled: to the journal, to what is remembered as good, and to the listeners for withheld changes.
 */
import type { Journal } from '../storage/journal.ts';
import type { LastGood } from '../rejected/last-good.ts';
import type { Publisher } from '../publish/publisher.ts';
import type { Report } from '../settle/postpone.ts';
import type { LoopState, Withheld } from '../decide/state.ts';

/** What the reporter needs. */
export interface ReporterParts {
  readonly journal: Journal;
  readonly lastGood: Pick<LastGood, 'serves' | 'servesAlso'>;
  readonly publisher: Pick<Publisher, 'takeNumber'>;
  readonly onWithheld: (withheld: Withheld) => void;
  readonly onReleased: (withheld: Withheld, approved: boolean) => void;
  /** Milliseconds spent on rendering since the last call. */
  readonly takeRenderMs: () => number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Passes on what one step has settled. */
export type Reporter = (reports: readonly Report[], state: LoopState) => void;

/** Creates the reporter. */
export function createReporter(parts: ReporterParts): Reporter {
  const { journal, lastGood, publisher, onWithheld, onReleased, takeRenderMs, now } = parts;

  const entry = (
    report: Extract<Report, { kind: 'applied' | 'failed' }>,
    { desiredHash = '' }: LoopState,
  ) => ({
    hash: desiredHash,
    at: new Date(now()).toISOString(),
    cause: report.cause.text,
    plan: report.plan,
    durations: { ...report.durations, render: report.durations.render + takeRenderMs() },
  });

  return (reports, state) => {
    for (const report of reports) {
      switch (report.kind) {
        case 'served':
          lastGood.serves(report.desired);
          break;
        case 'served-also':
          lastGood.servesAlso(report.services, report.desired);
          break;
        case 'applied': {
          const { receivedAt } = report.cause;
          journal.add({
            ...entry(report, state),
            revision: report.revision ?? publisher.takeNumber(),
            eventToAppliedMs: receivedAt === undefined ? undefined : now() - receivedAt,
            result: { kind: 'applied' },
          });
          break;
        }
        case 'failed':
          journal.add({
            ...entry(report, state),
            revision: 0,
            eventToAppliedMs: undefined,
            result: { kind: 'failed', stage: report.failure.stage, message: report.failure.message },
          });
          break;
        case 'withheld':
          onWithheld(report.withheld);
          break;
        case 'released':
          onReleased(report.withheld, report.approved);
          break;
      }
    }
  };
}
