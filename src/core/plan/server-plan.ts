/** The servers of one backend: from what HAProxy has to what is desired, in steps HAProxy can do at runtime. */
import { sameAddress } from '../collections/same-address.ts';
import type { RunningServer, ServerCapabilities, ServerPlan, ServerStep } from './server-step.ts';
import {
  isChecked,
  type AdminState,
  type Server,
  type Service,
  type ServiceDefinition,
} from '../model/service.ts';
import { planSlots } from './slot-plan.ts';

/** No steps where HAProxy has what is desired. */
export function planServers(
  service: Service,
  running: readonly RunningServer[],
  capabilities: ServerCapabilities,
): ServerPlan {
  if (service.definition.slots === 0) return planNamed(service, running, capabilities);
  const slots = planSlots(service, running, capabilities.version);
  if ('kind' in slots) return slots;
  const named = planNamed(slots.rest, slots.restRunning, capabilities);
  return named.kind === 'reload' ? named : { kind: 'steps', steps: [...named.steps, ...slots.steps] };
}

function planNamed(
  { definition, servers }: Service,
  running: readonly RunningServer[],
  capabilities: ServerCapabilities,
): ServerPlan {
  const { backend } = definition;
  const have = new Map(running.map((server) => [server.name, server]));
  const ids = new Set(running.map(({ id }) => id));
  const wantedIds = new Set(servers.map(({ id }) => id));
  const steps: ServerStep[] = [];
  for (const server of servers) {
    const known = have.get(server.name);
    have.delete(server.name);
    if (known === undefined) {
      const why = whyNotAddable(definition, capabilities);
      if (why !== undefined) return { kind: 'reload', reason: why };
      const id = ids.has(server.id) ? freeId(server.id, ids, wantedIds) : server.id;
      ids.add(id);
      steps.push({ kind: 'add', backend, server: { ...server, id }, definition });
    } else if (!isAt(known, server)) {
      return { kind: 'reload', reason: `server ${server.name} has another address` };
    } else {
      const { initialWeight = 1, checked = true } = known;
      const weight = initialWeight === 0 ? 1 : initialWeight;
      const check = isChecked(definition, server) && !checked;
      if (check || !isInState(known, server.admin, weight)) {
        // [haproxy] management.txt 9.3 "set server weight": a static balance takes only the first weight, or none.
        if (isStatic(definition) && server.admin === 'ready' && initialWeight === 0)
          return { kind: 'reload', reason: 'balance static-rr gives no weight back at runtime' };
        steps.push({
          ...{ kind: 'admit', backend, server: server.name, admin: server.admin, weight },
          ...(check ? { check } : {}),
        });
      }
    }
  }
  for (const { name, admin } of have.values()) {
    steps.push({ kind: admin === 'maint' ? 'delete' : 'remove', backend, server: name });
  }
  return { kind: 'steps', steps };
}

/** Whether HAProxy has the server where it is to be. */
export const isAt = (
  running: Pick<RunningServer, 'address' | 'port'>,
  { address, port, own }: Server,
): boolean => own?.isLookedUp === true || (running.port === port && sameAddress(running.address, address));

/** A server of the configuration that is drained has no weight; one that is drained at runtime has that state. */
function isInState({ admin, weight }: RunningServer, desired: AdminState, readyWeight: number): boolean {
  if (desired === 'ready') return admin === 'ready' && weight === readyWeight;
  if (desired === 'maint') return admin === 'maint';
  return admin === 'drain' || (admin === 'ready' && weight === 0);
}

/**
 * Ids are made from names, and the one that comes second to an id gets another. At runtime they come in
 * another order than in the file, so an id may be taken until the next reload.
 */
function freeId(from: number, ...taken: ReadonlySet<number | undefined>[]): number {
  let id = from;
  while (taken.some((ids) => ids.has(id))) id = (id % mostId) + 1;
  return id;
}

const mostId = 32766;

/** [haproxy] management.txt 9.3 "add server": dynamic balance only; cookies from 3.0 on. */
function whyNotAddable(
  definition: ServiceDefinition,
  { version, addServerCookie, refusedServerWords }: ServerCapabilities,
): string | undefined {
  if (isStatic(definition)) return 'balance static-rr takes no server at runtime';
  if (definition.sticky && !addServerCookie)
    return `HAProxy ${version} adds no server with a cookie at runtime`;
  const { fixedServers, serverWords = [] } = definition.fragments ?? {};
  if (fixedServers !== undefined) return fixedServers;
  const refused = serverWords.find((word) => refusedServerWords.has(word));
  if (refused !== undefined) return `HAProxy ${version} adds no server with ${refused} at runtime`;
  // The runtime socket has other rules of quoting than the file.
  const odd = serverWords.find((word) => /[\s;\\"'<]/.test(word));
  if (odd !== undefined)
    return `a word like ${JSON.stringify(odd)} of a server line cannot be said at runtime`;
  return undefined;
}

const isStatic = ({ balance, fragments }: ServiceDefinition): boolean =>
  balance.words[0] === 'static-rr' && fragments?.texts.BACKEND_HEAD === undefined;
