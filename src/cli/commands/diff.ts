/** `pacer diff`: what the next apply would change, as a plan and as text. */
import { createTwoFilesPatch } from 'diff';
import { describeReason } from '../../core/plan/plan.ts';
import type { PendingChange } from '../../daemon/status/rollback-routes.ts';
import { pacerClient } from '../client/client.ts';
import { terminal, type Style, type Terminal } from '../terminal/terminal.ts';
import { counted } from '../terminal/words.ts';

/** A text that differs everywhere is not worth waiting for. */
const patienceMs = 5000;

/** @returns 0 where nothing would change, 1 where something would */
export async function diff(options: Record<string, unknown>): Promise<number> {
  const pending = (await pacerClient(options).get('/diff')) as PendingChange;
  const { reasons, servers, files } = pending;
  const out = terminal();
  out.write(options['json'] === true ? `${JSON.stringify(pending, null, 2)}\n` : diffText(pending, out));
  return reasons.length + servers.length + files.length === 0 ? 0 : 1;
}

export function diffText({ pinned, inSync, reasons, servers, files }: PendingChange, out: Terminal): string {
  const facts = [
    ...(pinned === null ? [] : [`revision ${pinned.revision} is pinned; when it is released:`]),
    ...(inSync ? [] : ['HAProxy does not run the desired configuration yet; see `pacer status`']),
    ...reasons.map(describeReason),
    ...(servers.length === 0 ? [] : [`servers of ${counted(servers.length, 'backend')} change`]),
  ];
  if (reasons.length + servers.length + files.length === 0) facts.push('nothing would change');
  return [...facts.map((fact) => `${fact}\n`), ...files.map((file) => coloured(patchOf(file), out))].join('');
}

function patchOf({ name, before, after }: PendingChange['files'][number]): string {
  const patch = createTwoFilesPatch(`${name} (now)`, `${name} (then)`, before, after, '', '', {
    context: 3,
    timeout: patienceMs,
  });
  if (patch === undefined) return `\n${name}: differs nearly everywhere\n`;
  // Its first line is for patches of several files.
  return `\n${patch.replace(/^=+\n/, '')}`;
}

function coloured(patch: string, { paint }: Terminal): string {
  const look = (line: string): Style | undefined => {
    if (line.startsWith('+++') || line.startsWith('---')) return 'bold';
    if (line.startsWith('@@')) return 'cyan';
    return line.startsWith('+') ? 'green' : line.startsWith('-') ? 'red' : undefined;
  };
  return patch
    .split('\n')
    .map((line) => {
      const style = look(line);
      return style === undefined ? line : paint(style, line);
    })
    .join('\n');
}
