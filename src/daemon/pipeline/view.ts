/** What status and metrics show of the loop. */
import { allDiagnostics, type Desired } from '../../core/desired/desired.ts';
import type { Diagnostic } from '../../core/model/diagnostic.ts';
import type { PipelineState } from '../decide/pipeline-state.ts';
import type { LoopState } from '../decide/state.ts';

/** At most this many apps are named: more would add nothing. */
const waitingShown = 20;

const known = new WeakMap<Desired, readonly Diagnostic[]>();

function diagnosticsOf(desired: Desired | undefined): readonly Diagnostic[] {
  if (desired === undefined) return [];
  const diagnostics = known.get(desired) ?? allDiagnostics(desired);
  known.set(desired, diagnostics);
  return diagnostics;
}

/** The loop's state as status and metrics see it. */
export function viewOf(
  state: LoopState,
  { commands, ...parts }: Pick<PipelineState, 'socketFault' | 'spares'> & { readonly commands: number },
): PipelineState {
  return {
    desired: state.candidate,
    unpinned: state.unpinned,
    desiredHash: state.desiredHash,
    running: state.running,
    blind: state.blind,
    inSync: isInSync(state),
    outOfSyncSince: state.outOfSyncSince,
    diagnostics: diagnosticsOf(state.candidate),
    waitingFor: [...state.pending].slice(0, waitingShown),
    slowStep:
      state.round.kind === 'busy' ? { kind: state.round.step.kind, since: state.round.since } : undefined,
    runtimeCommands: commands,
    ...parts,
    withheld: state.withheld,
    failure: state.failure ?? state.textFailure,
  };
}

/** HAProxy is known to have the desired state. */
export function isInSync({ applied, due, pending, round, failure }: LoopState): boolean {
  const current = round.kind === 'busy' ? round.round : round;
  return (
    applied !== undefined &&
    applied.adopted === undefined &&
    due === undefined &&
    pending.size === 0 &&
    failure === undefined &&
    current?.kind !== 'judging'
  );
}
