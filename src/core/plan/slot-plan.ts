/**
 * Server slots, for a HAProxy that cannot add a server with a cookie at runtime. A new task takes a slot: a server of
 * the configuration that waits without an address. The next text gives it its own name, and has free slots again.
 * Cookies are made from address and port, so they stay the same.
 */
import type { BackendName } from '../model/ids.ts';
import { sameAddress } from '../collections/same-address.ts';
import type { RunningServer, ServerPlan, ServerStep } from './server-step.ts';
import type { Server, Service } from '../model/service.ts';

/** The beginning of every slot's name. Other server names begin with a host or an address. */
export const slotPrefix = 'pacer_slot';

/** The steps for the slots of a service, and what is left of it without them. */
export interface SlotPlan {
  /** The service without the servers that are in slots. */
  readonly rest: Service;
  readonly restRunning: readonly RunningServer[];
  readonly steps: readonly ServerStep[];
}

/** Assigns servers to slots. @param version HAProxy's, for the reason of a reload */
export function planSlots(
  service: Service,
  running: readonly RunningServer[],
  version: string,
): SlotPlan | Extract<ServerPlan, { kind: 'reload' }> {
  const { definition, servers } = service;
  const { backend } = definition;
  const isSlot = ({ name }: RunningServer) => name.startsWith(slotPrefix);
  const own = running.filter((server) => !isSlot(server));
  const slots = running.filter(isSlot);
  const names = new Set<string>(own.map(({ name }) => name));
  const steps: ServerStep[] = [];
  const used = new Set<RunningServer>();
  const waiting: Server[] = [];
  for (const server of servers) {
    if (names.has(server.name)) continue;
    const slot = slots.find((it) => it.admin !== 'maint' && holds(it, server));
    if (slot === undefined) waiting.push(server);
    else {
      used.add(slot);
      if (slot.admin !== server.admin) steps.push(admitSlot(backend, slot, server));
    }
  }
  for (const slot of slots)
    if (slot.admin !== 'maint' && !used.has(slot)) steps.push({ kind: 'remove', backend, server: slot.name });
  const free = slots.filter(({ admin }) => admin === 'maint');
  for (const server of waiting) {
    const slot = free.shift();
    if (slot === undefined) {
      const reason = `HAProxy ${version} adds no server with a cookie at runtime, and no slot is free`;
      return { kind: 'reload', reason };
    }
    steps.push({ kind: 'fill', backend, server: slot.name, taker: server });
  }
  const rest = { definition, servers: servers.filter(({ name }) => names.has(name)) };
  return { rest, restRunning: own, steps };
}

const admitSlot = (backend: BackendName, { name }: RunningServer, { admin: admin }: Server): ServerStep => ({
  ...{ kind: 'admit', backend, server: name, admin: admin },
});

const holds = (slot: RunningServer, server: Server): boolean =>
  slot.port === server.port && sameAddress(slot.address, server.address);
