/** The servers of a service whose templates write server lines of their own, under fixed names and addresses above all. */
import { isIp } from '../labels/address.ts';
import { splitLine } from '../guard/words.ts';
import type { ServerName, TaskId } from '../model/ids.ts';
import type { OwnLine } from '../model/replaced.ts';
import type { Server, Service, ServiceDefinition } from '../model/service.ts';
import { fillServerLine } from './server-line.ts';
import { checkOptionsOf } from './server-words.ts';

/** @param tasks one server for each task, as without a template */
export function serversOf(definition: ServiceDefinition, tasks: readonly Server[]): readonly Server[] {
  const { own, texts = {} } = definition.fragments ?? {};
  if (own === undefined) return tasks;
  const check = checkOptionsOf(definition, texts);
  const servers = new Map<ServerName, Server>(
    own.replacesTasks ? [] : tasks.map((server) => [server.name, server]),
  );
  for (const line of own.lines) {
    const about = line.ofTask ? tasks : tasks.slice(0, 1);
    for (const task of about.length === 0 && !line.withTasks ? [anyServer] : about) {
      const server = ownServer(line, task, check);
      if (server !== undefined && !servers.has(server.name)) servers.set(server.name, server);
    }
  }
  return [...servers.values()];
}

/** What the servers of a service were made from. */
export const tasksOf = ({ servers, taskServers }: Service): readonly Server[] => taskServers ?? servers;

/** One that stands for any. */
export const anyServer: Server = {
  name: 'any' as ServerName,
  id: 1,
  taskId: 'any' as TaskId,
  host: 'any',
  address: '192.0.2.1',
  port: 1,
  cookie: 'any',
  admin: 'ready',
};

function ownServer({ template, ofTask }: OwnLine, task: Server, check: string): Server | undefined {
  const of = ofTask ? task : anyServer;
  const line = splitLine(fillServerLine(template, of, { cookie: '', check, other: '' }));
  const [, name = '', place = '', ...words] = 'wrong' in line ? [] : line.words;
  if (name === '') return undefined;
  const fixed = fixedPlace(place);
  return {
    ...of,
    name: name as ServerName,
    // Each server has its own, so that they can be told apart.
    ...(ofTask ? {} : { taskId: `server ${name}` as TaskId }),
    ...{ host: place, address: fixed?.address ?? place, port: fixed?.port ?? 0 },
    admin: words.includes('disabled') ? 'maint' : of.admin,
    own: {
      ...{ template, of, isLookedUp: fixed === undefined },
      isChecked: words.includes('check'),
    },
  };
}

/** An IP address and a port; undefined for a name, a socket, or a port that depends on the client. */
export function fixedPlace(place: string): { address: string; port: number } | undefined {
  const [, bracketed, plain = '', port = ''] =
    /^(?:ipv[46]@)?(?:\[([^\]]+)\]|([^[\]]+)):(\d{1,5})$/.exec(place) ?? [];
  const address = bracketed ?? plain;
  return isIp(address) ? { address, port: Number(port) } : undefined;
}
