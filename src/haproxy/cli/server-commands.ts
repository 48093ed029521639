/** Server steps as commands for the runtime socket. Pure. */
import type { ServerStep } from '../../core/plan/server-step.ts';
import { isChecked, type Server, type ServiceDefinition } from '../../core/model/service.ts';
import { splitLine } from '../../core/guard/words.ts';

/** Makes the `server` line of the configuration, so that a server added at runtime equals the one in the file. */
export type ServerLine = (definition: ServiceDefinition, server: Server) => string;

/** The commands for one step. [haproxy] management.txt 9.3 "add server", "set server", "del server" */
export function commandsFor(step: ServerStep, serverLine: ServerLine): string[] {
  switch (step.kind) {
    case 'add':
      return addCommands(step.definition, step.server, serverLine);
    case 'admit': {
      const name = `${step.backend}/${step.server}`;
      return [
        ...(step.check === undefined ? [] : [`enable health ${name}`]),
        // In the file a draining server has weight 0, so it needs its weight again.
        ...(step.admin === 'ready' ? [`set server ${name} weight ${step.weight ?? 1}`] : []),
        `set server ${name} state ${step.admin}`,
      ];
    }
    case 'fill': {
      const name = `${step.backend}/${step.server}`;
      const { address, port, admin: admin } = step.taker;
      return [`set server ${name} addr ${address} port ${port}`, `set server ${name} state ${admin}`];
    }
    case 'remove':
      return [`set server ${step.backend}/${step.server} state maint`];
    case 'delete':
      return [`del server ${step.backend}/${step.server}`];
  }
}

/** Closes the sessions of a server before it is deleted. [haproxy] management.txt 9.3 "shutdown sessions server" */
export const closeSessions = ({
  backend,
  server,
}: {
  readonly backend: string;
  readonly server: string;
}): string[] => [`shutdown sessions server ${backend}/${server}`];

function addCommands(definition: ServiceDefinition, server: Server, serverLine: ServerLine): string[] {
  const name = `${definition.backend}/${server.name}`;
  const line = splitLine(serverLine(definition, server));
  const [, , address = '', ...words] = 'words' in line ? line.words : [];
  // [haproxy] management.txt 9.3 "add server": default-server is not inherited, and the last value counts.
  const all = [address, ...(definition.fragments?.serverDefaults ?? []), ...words];
  return [
    `add server ${name} ${all.join(' ')}`,
    // A new server has neither its checks on nor sessions let in.
    ...(isChecked(definition, server) ? [`enable health ${name}`] : []),
    `set server ${name} state ${server.admin}`,
  ];
}
