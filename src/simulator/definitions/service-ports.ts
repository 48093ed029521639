/** Service ports: unique over all apps, from 10000 up, and an app keeps those it had. */
import { ApiError } from '../api-error.ts';
import { listOf, numberOf, objectOf, type Json } from './json.ts';

/** [marathon] --local_port_min and --local_port_max. */
const first = 10_000;
const last = 20_000;

export function servicePortsOf(definition: Json): readonly number[] {
  const definitions = definition['portDefinitions'];
  if (Array.isArray(definitions)) return definitions.map((item) => numberOf(objectOf(item)['port'], 0));
  const mappings = listOf(objectOf(definition['container'])['portMappings']);
  return mappings.map((item) => numberOf(objectOf(item)['servicePort'], 0));
}

/** The ports the apps hold: a count each, since two apps may ask for the same fixed one. */
export class ServicePorts {
  readonly #held = new Map<number, number>();
  #next = first;

  hold(definition: Json): void {
    for (const port of servicePortsOf(definition)) this.#held.set(port, (this.#held.get(port) ?? 0) + 1);
  }

  release(definition: Json): void {
    for (const port of servicePortsOf(definition)) {
      const left = (this.#held.get(port) ?? 1) - 1;
      if (left > 0) this.#held.set(port, left);
      else this.#held.delete(port);
    }
    this.#next = first;
  }

  /** The definition with a number in the place of each 0; what the app had before is used first. */
  assign(definition: Json, before: Json | undefined): Json {
    const wanted = servicePortsOf(definition);
    if (!wanted.includes(0)) return definition;
    const fixed = new Set(wanted);
    const kept =
      before === undefined ? [] : servicePortsOf(before).filter((port) => port !== 0 && !fixed.has(port));
    const ports = wanted.map((port) => {
      const chosen = port !== 0 ? port : (kept.shift() ?? this.#free(fixed));
      fixed.add(chosen);
      return chosen;
    });
    return withServicePorts(definition, ports);
  }

  #free(alsoTaken: ReadonlySet<number>): number {
    for (let port = this.#next; port <= last; port++) {
      if (this.#held.has(port) || alsoTaken.has(port)) continue;
      this.#next = port + 1;
      return port;
    }
    throw new ApiError(422, { message: 'No service port is left: 10000 to 20000 are all taken' });
  }
}

function withServicePorts(definition: Json, ports: readonly number[]): Json {
  if (Array.isArray(definition['portDefinitions'])) {
    const portDefinitions = definition['portDefinitions'].map((item, index) => ({
      ...objectOf(item),
      port: ports[index] ?? 0,
    }));
    return { ...definition, portDefinitions };
  }
  const container = objectOf(definition['container']);
  const portMappings = listOf(container['portMappings']).map((item, index) => ({
    ...objectOf(item),
    servicePort: ports[index] ?? 0,
  }));
  return { ...definition, container: { ...container, portMappings } };
}
