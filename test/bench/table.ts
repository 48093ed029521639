/** The result as a table for people: a column for each size. */
import type { BenchResult, Phase, SizeResult, Stages } from './result.ts';

type Row = readonly [label: string, cell: (size: SizeResult) => string];

const ms = (value: number | undefined): string =>
  value === undefined || Number.isNaN(value) ? '-' : value < 10 ? value.toFixed(1) : value.toFixed(0);
const kb = (bytes: number): string => (bytes / 1000).toFixed(1);
const stages = ({ derive, render, publish, check, apply }: Stages): string =>
  [derive, render, publish, check, apply].map((value) => value.toFixed(0)).join(' / ');

const rows: readonly (Row | string)[] = [
  'Full sync',
  ['start of the daemon to ready, ms', ({ fullSync }) => ms(fullSync.startToReadyMs)],
  ['snapshot to applied, ms', ({ fullSync }) => ms(fullSync.snapshotToAppliedMs)],
  ['  derive / render / publish / check / apply', ({ fullSync }) => stages(fullSync.stages)],
  ['list of all apps, gzipped, kB', ({ fullSync }) => kb(fullSync.listBytes)],
  'A task comes: TASK_RUNNING to its first answer',
  ...phaseRows(({ up }) => up),
  'A task goes: TASK_KILLING to its last answer',
  ...phaseRows(({ down }) => down),
  'The daemon',
  ['CPU when idle, ms a second', ({ idle }) => ms(idle.cpuMsPerSecond)],
  ['resident memory (peak), MB', ({ memory }) => `${memory.resident.toFixed(0)} (${memory.peak.toFixed(0)})`],
];

function phaseRows(of: (size: SizeResult) => Phase): Row[] {
  const row = (label: string, cell: (phase: Phase) => string): Row => [label, (size) => cell(of(size))];
  return [
    row('p50, ms', ({ latency }) => ms(latency.p50)),
    row('p99, ms', ({ latency }) => ms(latency.p99)),
    row('min to max, ms', ({ latency }) => `${ms(latency.min)} to ${ms(latency.max)}`),
    row('event to applied (p50), ms', ({ eventToApplied }) => ms(eventToApplied.p50)),
    row('  derive / render / publish / check / apply', (phase) => stages(phase.stages)),
    row('rounds (missed)', ({ rounds, missed }) => `${rounds} (${missed})`),
    row('reloads', ({ reloads }) => `${reloads}`),
    row('requests (failed)', ({ probes, failedProbes }) => `${probes} (${failedProbes})`),
    row('Marathon events a change', ({ perChange }) => perChange.events.toFixed(1)),
    row('runtime commands a change', ({ perChange }) => perChange.commands.toFixed(1)),
    row('CPU of the daemon a change, ms', ({ perChange }) => ms(perChange.cpuMs)),
    row('CPU of haproxy -c a change, ms', ({ perChange }) => ms(perChange.checkCpuMs)),
    row(
      'fetched a change, kB (requests)',
      ({ perChange }) => `${kb(perChange.fetchedBytes)} (${perChange.requests.toFixed(1)})`,
    ),
    row('lists of all apps meanwhile', ({ lists }) => `${lists}`),
    row('event stream a change, kB', ({ perChange }) => kb(perChange.streamBytes)),
  ];
}

export function tableOf({ sizes, flags, machine }: BenchResult): string {
  const heads = sizes.map(({ apps, tasksEach }) => `${apps.toLocaleString('en')} apps x ${tasksEach}`);
  const cells = rows.map((row) => (typeof row === 'string' ? [row] : [`  ${row[0]}`, ...sizes.map(row[1])]));
  const lines = [['', ...heads], ...cells];
  const widths = [0, ...heads.map((_, i) => i + 1)].map((i) =>
    // A section's title may be as long as it likes.
    Math.max(...lines.filter((line) => line.length > 1).map((line) => line[i]?.length ?? 0)),
  );
  const table = lines.map((line) => {
    const [label = '', ...rest] = line;
    const padded = rest.map((cell, i) => cell.padStart(widths[i + 1] ?? 0));
    return [label.padEnd(rest.length === 0 ? 0 : (widths[0] ?? 0)), ...padded].join('   ');
  });
  const { cores, cpu, memoryGb, node, haproxy, loadBefore } = machine;
  const failures = sizes.flatMap(({ up, down }) => [...up.failures, ...down.failures]);
  return [
    ...table,
    '',
    `${cores} cores (${cpu}), ${memoryGb} GB, Node ${node}, HAProxy ${haproxy}; load before: ${loadBefore.toFixed(1)}`,
    `pacer run ${flags.join(' ')}`,
    ...failures.map((failure) => `failed: ${failure}`),
  ].join('\n');
}
