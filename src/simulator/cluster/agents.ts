/** Mesos agents: loopback addresses that offer host ports, and addresses for containers with a network of their own. */
import type { Sample } from '../samples/sample.ts';

export interface Agent {
  readonly id: string;
  readonly host: string;
  readonly used: Set<number>;
  next: number;
  lost: boolean;
  /** Lost to Marathon alone: its tasks go on answering, those too that Marathon has forgotten. */
  serving: boolean;
  stranded: Sample[];
}

export interface Offer {
  readonly agent: Agent;
  readonly ports: readonly number[];
}

const agentsPerNetwork = 99;
const containersPerNetwork = 155;

const newAgent = (id: string, host: string): Agent => ({
  ...{ id, host },
  ...{ used: new Set(), next: 0, lost: false, serving: false, stranded: [] },
});

/** `127.0.1` as the number 1: the two middle numbers of a loopback address. */
export function networkNumber(text: string): number {
  const match = /^127\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (!match) throw new RangeError(`An agent network is written like 127.0.1, not ${text}`);
  return Number(match[1]) * 256 + Number(match[2]);
}

export class Agents {
  readonly #network: number;
  readonly #ports: readonly number[];
  readonly #all: Agent[] = [];
  readonly #containers = new Set<string>();
  #nextAgent = 0;
  #nextContainer = 0;
  #capacity = containersPerNetwork;

  constructor(options: { network: number; count: number; ports: readonly number[] }) {
    this.#network = options.network;
    this.#ports = options.ports;
    for (let i = 0; i < options.count; i++) this.#add();
  }

  /**
   * Takes ports (0 = any) on the next agent that has room; agents are added when all that fit are full.
   *
   * @param fits undefined: any agent does
   * @returns undefined where no agent fits
   */
  offer(wanted: readonly number[], fits?: (agent: Agent) => boolean): Offer | undefined {
    for (const _try of this.#all) {
      const agent = this.#all[this.#nextAgent++ % this.#all.length];
      const isFit = agent !== undefined && !agent.lost && fits?.(agent) !== false;
      const offer = isFit ? this.#take(agent, wanted) : undefined;
      if (offer) return offer;
    }
    if (wanted.length > this.#ports.length) return undefined;
    // Where none of those there are fits, neither does another one like them.
    if (fits && !this.#all.some((agent) => agent.lost || fits(agent))) return undefined;
    const added = this.#add();
    if (fits?.(added) === false) return undefined;
    return this.#take(added, wanted);
  }

  /** How many host ports an agent has. */
  get portsEach(): number {
    return this.#ports.length;
  }

  all(): readonly Agent[] {
    return this.#all;
  }

  release(agent: Agent, ports: readonly number[]): void {
    for (const port of ports) agent.used.delete(port);
  }

  /** Ends what Marathon has forgotten on an agent, or on all. */
  clear(agents: readonly Agent[] = this.#all): void {
    for (const agent of agents) for (const sample of agent.stranded.splice(0)) sample.destroy();
  }

  /** The machine of a lost agent is back as another agent: all its ports are free, whatever Marathon still lists. */
  replace(host: string): void {
    const place = this.#all.findIndex((agent) => agent.host === host && agent.lost);
    if (place >= 0) this.#all[place] = newAgent(`${this.#all[place]?.id}-again`, host);
  }

  find(host: string): Agent | undefined {
    return this.#all.find((agent) => agent.host === host);
  }

  hosts(): readonly string[] {
    return this.#all.map((agent) => agent.host);
  }

  /** An address for a container; one that was given back is the last to be taken again. */
  takeAddress(): string {
    if (this.#containers.size === this.#capacity) this.#capacity += containersPerNetwork;
    for (;;) {
      const index = this.#nextContainer++ % this.#capacity;
      const address = this.#address(index, containersPerNetwork, agentsPerNetwork + 1);
      if (this.#containers.has(address)) continue;
      this.#containers.add(address);
      return address;
    }
  }

  giveAddress(address: string): void {
    this.#containers.delete(address);
  }

  #take(agent: Agent, wanted: readonly number[]): Offer | undefined {
    const free = this.#ports.length - agent.used.size;
    if (free < wanted.length || wanted.some((port) => port !== 0 && agent.used.has(port))) return undefined;
    const ports = wanted.map((port) => {
      const taken = port === 0 ? this.#freePort(agent) : port;
      agent.used.add(taken);
      return taken;
    });
    return { agent, ports };
  }

  /** The next port in the round: one that was just released is taken last. */
  #freePort(agent: Agent): number {
    for (;;) {
      const port = this.#ports[agent.next++ % this.#ports.length] ?? 0;
      if (!agent.used.has(port)) return port;
    }
  }

  #add(): Agent {
    const index = this.#all.length;
    const host = this.#address(index, agentsPerNetwork, 1);
    const agent = newAgent(`5f1c0a-S${index}`, host);
    this.#all.push(agent);
    return agent;
  }

  #address(index: number, perNetwork: number, first: number): string {
    const network = (this.#network + Math.floor(index / perNetwork)) & 0xffff;
    return `127.${network >> 8}.${network & 255}.${first + (index % perNetwork)}`;
  }
}
