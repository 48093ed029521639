/** `pacer revisions`: what was done to HAProxy, newest first. */
import { howLong, whatWasDone } from '../changes.ts';
import { pacerClient } from '../client/client.ts';
import type { Change } from '../../daemon/status/answers.ts';
import { table, type Cell } from '../terminal/table.ts';
import { terminal } from '../terminal/terminal.ts';
import { ago } from '../terminal/words.ts';

export async function revisions(options: Record<string, unknown>): Promise<number> {
  const changes = (await pacerClient(options).get('/revisions')) as Change[];
  const out = terminal();
  if (options['json'] === true) out.write(`${JSON.stringify(changes, null, 2)}\n`);
  else if (changes.length === 0) out.write('Nothing was changed since Pacer started.\n');
  else out.write(table([header, ...changes.map(row)], out));
  return 0;
}

const header: Cell[] = ['REVISION', 'WHEN', 'TOOK', 'WHAT', 'CAUSE'].map((text) => ({ text, style: 'dim' }));

function row(change: Change): Cell[] {
  const what = whatWasDone(change);
  return [
    change.revision === 0 ? '-' : String(change.revision),
    ago(change.at),
    howLong(change),
    change.result.kind === 'failed' ? { text: what, style: 'red' } : what,
    change.cause,
  ];
}
