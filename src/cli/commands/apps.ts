/** `pacer apps`: every app of Marathon, and what becomes of it. */
import { pacerClient } from '../client/client.ts';
import type { AppSummary } from '../../daemon/status/answers.ts';
import { table, type Cell } from '../terminal/table.ts';
import { terminal } from '../terminal/terminal.ts';

export async function apps(filter: string | undefined, options: Record<string, unknown>): Promise<number> {
  const all = (await pacerClient(options).get('/apps')) as AppSummary[];
  const found = all.filter((app) =>
    [app.id, ...placesOf(app)].some((text) => text.includes(filter?.toLowerCase() ?? '')),
  );
  const out = terminal();
  if (options['json'] === true) out.write(`${JSON.stringify(found, null, 2)}\n`);
  else if (found.length === 0)
    out.write(all.length === 0 ? 'Marathon has no apps.\n' : 'No app is like that.\n');
  else out.write(table([header, ...found.map(row)], out));
  return 0;
}

const header: Cell[] = ['APP', 'SERVERS', 'STATE', 'WHERE'].map((text) => ({ text, style: 'dim' }));

function row(app: AppSummary): Cell[] {
  const ready = app.services.reduce((sum, it) => sum + it.ready, 0);
  const servers = app.services.length === 0 ? '-' : `${ready}/${app.instances * app.services.length}`;
  return [app.id, servers, stateOf(app), app.services.length === 0 ? app.reason : placesOf(app).join(', ')];
}

function stateOf({ services, instances }: AppSummary): Cell {
  if (services.length === 0) return { text: 'not exposed', style: 'dim' };
  if (services.some(({ serving }) => !serving)) return { text: 'rejected', style: 'red' };
  const fewest = Math.min(...services.map(({ ready }) => ready));
  if (fewest === 0)
    return instances === 0 ? { text: 'scaled to zero', style: 'dim' } : { text: 'no server', style: 'red' };
  return fewest < instances ? { text: 'partly', style: 'yellow' } : { text: 'serving', style: 'green' };
}

function placesOf({ services }: AppSummary): string[] {
  return services.flatMap(({ vhosts, path, servicePort }) => [
    ...vhosts.flatMap((host) => path?.paths.map((it) => `${host}${it}`) ?? [host]),
    `:${servicePort}`,
  ]);
}
