/**
 * What Marathon makes of the ports in a definition that it is given: `pacer lint` judges the app that would run.
 * [marathon] api/v2/AppNormalization.scala, in its order
 */
import { networkModeOf } from '../../marathon/decode/decode-ports.ts';
import { rawApp, type RawApp } from '../../marathon/decode/raw.ts';

type Json = Readonly<Record<string, unknown>>;

/** [marathon] api/v2/Apps.scala DefaultPortDefinitions, DefaultPortMappings */
const defaultPort = { port: 0, name: 'default' };
const defaultMapping = { containerPort: 0, name: 'default' };

/** As it was written where the definition is malformed: decoding says what is wrong. */
export function withMarathonDefaults(json: Json): Json {
  const parsed = rawApp.safeParse(json);
  if (!parsed.success) return json;
  return networkModeOf(parsed.data) === 'host' ? onTheHost(json, parsed.data) : inANetwork(json, parsed.data);
}

/** Mappings mean nothing on the host's network; without any port there is one, unless the list is there and empty. */
function onTheHost(json: Json, { portDefinitions, ports, container }: RawApp): Json {
  const { docker: _docker, portMappings: _portMappings, ...rest } = objectOf(json['container']);
  const definitions = portDefinitions ?? ports?.map((port) => ({ port })) ?? [defaultPort];
  return {
    ...json,
    ...(container == null ? {} : { container: rest }),
    networks: [{ mode: 'host' }],
    ipAddress: null,
    ports: null,
    portDefinitions: definitions,
  };
}

/** As many mappings as there are port definitions, at least; one where there is neither. */
function inANetwork(json: Json, raw: RawApp): Json {
  const { container, ipAddress, portDefinitions, ports } = raw;
  const discovered = ipAddress?.discovery?.ports?.map(({ number, ...port }) => ({
    ...port,
    containerPort: number,
  }));
  const given = nonEmpty(container?.docker?.portMappings) ?? container?.portMappings ?? nonEmpty(discovered);
  const mappings: readonly unknown[] = given ?? [defaultMapping];
  const missing = Math.max(0, (portDefinitions ?? ports ?? []).length - mappings.length);
  const all = [...mappings, ...Array.from({ length: missing }, () => ({ containerPort: 0 }))];
  return {
    ...json,
    networks: raw.networks?.length ? raw.networks : [{ mode: modes[networkModeOf(raw)] }],
    ipAddress: null,
    ports: null,
    portDefinitions: null,
    container: { ...objectOf(json['container']), docker: null, portMappings: all },
  };
}

const modes = { host: 'host', bridge: 'container/bridge', container: 'container' } as const;

const nonEmpty = <T>(list: readonly T[] | null | undefined): readonly T[] | undefined =>
  list != null && list.length > 0 ? list : undefined;

const objectOf = (value: unknown): Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
