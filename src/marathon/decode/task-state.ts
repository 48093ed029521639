/** Mesos' names of task states: which ones there are, and which mean that the task is over. */
import type { TaskState } from '../../core/model/model.ts';

const states = [
  'TASK_STAGING',
  'TASK_STARTING',
  'TASK_RUNNING',
  'TASK_KILLING',
  'TASK_FINISHED',
  'TASK_FAILED',
  'TASK_KILLED',
  'TASK_ERROR',
  'TASK_LOST',
  'TASK_UNREACHABLE',
  'TASK_DROPPED',
  'TASK_GONE',
  'TASK_GONE_BY_OPERATOR',
  'TASK_UNKNOWN',
] as const satisfies readonly TaskState[];

const known: ReadonlySet<string> = new Set(states);

/** Lost and unreachable tasks may come back. [marathon] core/condition/Condition.scala Terminal */
const terminal: ReadonlySet<TaskState> = new Set<TaskState>([
  'TASK_FINISHED',
  'TASK_FAILED',
  'TASK_KILLED',
  'TASK_ERROR',
  'TASK_DROPPED',
  'TASK_GONE',
  'TASK_GONE_BY_OPERATOR',
  'TASK_UNKNOWN',
]);

/** Undefined for a name that is none of Mesos'. */
export function taskStateOf(name: string): TaskState | undefined {
  return known.has(name) ? (name as TaskState) : undefined;
}

export const isTerminal = (state: TaskState): boolean => terminal.has(state);
