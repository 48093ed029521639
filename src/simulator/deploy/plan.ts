/** Deployment plans: what differs between two states of the root group, as steps of actions. */
import type { Json } from '../definitions/json.ts';
import type { RunSpec } from '../definitions/spec.ts';

export type ActionKind = 'Start' | 'Stop' | 'Scale' | 'Restart';

export interface Action {
  readonly kind: ActionKind;
  /** The target; for Stop the spec that goes. */
  readonly spec: RunSpec;
  /** Instances to kill first when scaling down. */
  readonly victims: readonly string[];
}

export interface Step {
  readonly actions: readonly Action[];
}

export interface Plan {
  readonly id: string;
  readonly version: string;
  readonly steps: readonly Step[];
  /** The specs before and after, undefined where there is none: the way back of a rollback. */
  readonly changes: readonly SpecChange[];
}

export interface SpecChange {
  readonly id: string;
  readonly before: RunSpec | undefined;
  readonly after: RunSpec | undefined;
  readonly victims?: readonly string[];
}

/** [marathon] First what goes, then new apps with no instances, then everything in the order of dependencies. */
export function stepsOf(changes: readonly SpecChange[]): readonly Step[] {
  const gone = changes.filter(({ after }) => after === undefined);
  const born = changes.filter(({ before }) => before === undefined);
  const steps: Step[] = [
    { actions: gone.flatMap((change) => action('Stop', change.before)) },
    { actions: born.flatMap((change) => action('Start', change.after)) },
    ...layers(changes.filter(({ after }) => after !== undefined)),
  ];
  return steps.filter(({ actions }) => actions.length > 0);
}

function action(
  kind: ActionKind,
  spec: RunSpec | undefined,
  victims: readonly string[] = [],
): readonly Action[] {
  return spec === undefined ? [] : [{ kind, spec, victims }];
}

function layers(changes: readonly SpecChange[]): readonly Step[] {
  const left = new Map(changes.map((change) => [change.id, change]));
  const steps: Step[] = [];
  while (left.size > 0) {
    const free = [...left.values()].filter(({ after }) => !after?.dependencies.some((id) => left.has(id)));
    // A circle of dependencies is started all at once.
    const layer = free.length > 0 ? free : [...left.values()];
    for (const { id } of layer) left.delete(id);
    steps.push({ actions: layer.flatMap(changeAction) });
  }
  return steps;
}

function changeAction({ before, after, victims }: SpecChange): readonly Action[] {
  if (before === undefined || after === undefined) return action('Scale', after);
  if (before.configVersion !== after.configVersion) return action('Restart', after);
  return before.instances === after.instances && !victims?.length ? [] : action('Scale', after, victims);
}

const nouns = { app: 'Application', pod: 'Pod' } as const;

/** As events and GET write it. */
export function actionJson({ kind, spec }: Action): Json {
  return { action: `${kind}${nouns[spec.kind]}`, [spec.kind]: spec.id };
}

export function stepJson(step: Step | undefined): Json {
  return { actions: step?.actions.map(actionJson) ?? [] };
}

export function planJson(plan: Plan, extra: Json = {}): Json {
  return { id: plan.id, ...extra, steps: plan.steps.map(stepJson), version: plan.version };
}

export function affectedIds(plan: Plan): readonly string[] {
  return [...new Set(plan.steps.flatMap(({ actions }) => actions.map(({ spec }) => spec.id)))];
}
