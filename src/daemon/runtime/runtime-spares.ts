/**
 * Services in spare backends. Who is served by which, HAProxy holds in a map, so that a Pacer that starts knows it
 * again. A backend is given to a service before its servers and routes come, and is free again once its routes and
 * then its servers are gone.
 */
import type { AppId, BackendName } from '../../core/model/ids.ts';
import type { Service, ServiceDefinition } from '../../core/model/service.ts';
import { carriersOf, isSpare, withBefore, type Holder, type Placement } from '../../core/plan/placement.ts';
import type { RuntimeAccess } from '../../haproxy/control/control.ts';
import { parseMap } from '../../haproxy/replies/maps.ts';
import { parseServersState } from '../../haproxy/replies/servers-state.ts';
import { sparesMap } from '../../render/maps.ts';
import type { SpareBackends } from '../../render/profiles.ts';
import { placementIn } from '../../render/spares.ts';
import { bringMaps } from './runtime-maps.ts';

export interface RuntimeSpares {
  /** What HAProxy has, and what it is about to let go; undefined where there are no spares, or nothing is known. */
  readonly current: () => Placement | undefined;
  /** What it was last brought to. */
  readonly accepted: () => Placement | undefined;
  /** A HAProxy that served before this daemon. Rejects when it cannot be asked. @param text what it runs */
  readonly learn: (text: string | undefined) => Promise<void>;
  /** HAProxy has read a configuration with these. */
  readonly loaded: (placement: Placement | undefined) => void;
  /**
   * Gives newcomers their backends. Rejects when HAProxy cannot be asked.
   * @param compares whether somebody else may have changed them
   * @returns why it takes a reload; undefined where it does not
   */
  readonly give: (pool: SpareBackends, compares: boolean) => Promise<string | undefined>;
  /** No route leads any more to the backends that this placement leaves free. @returns those that may have servers */
  readonly leaving: (placement: Placement) => readonly BackendName[];
  /** They have no servers any more, or they wait for their last sessions. */
  readonly left: (placement: Placement) => void;
  /** The service as HAProxy has it: in one backend, or in two while it moves. */
  readonly placed: (service: Service) => readonly Service[];
  /** Whose backend it is, by its own name; its name in HAProxy where it serves nobody. */
  readonly ownOf: (backend: BackendName) => BackendName;
}

export function runtimeSpares(
  control: RuntimeAccess,
  onChange: (placement: Placement | undefined) => void = () => undefined,
): RuntimeSpares {
  let current: Placement | undefined;
  let accepted: Placement | undefined;
  /** Own name → all backends that serve it, where that is not just the one of its name. */
  let places: ReadonlyMap<BackendName, readonly BackendName[]> = new Map();
  /** Any free one may have servers. */
  let isUnsure = false;

  const set = (placement: Placement | undefined) => {
    if (placement === current) return;
    current = placement;
    places = placement === undefined ? new Map() : placesOf(placement);
    onChange(placement);
  };

  return {
    current: () => current,
    accepted: () => accepted,
    learn: async (text) => {
      const declared = text === undefined ? undefined : placementIn(text);
      accepted = undefined;
      isUnsure = true;
      if (declared === undefined || declared.layout.size === 0) {
        set(undefined);
        return;
      }
      const [map, states] = await control.runtime([`show map ${sparesMap}`, 'show servers state']);
      const held = new Map<BackendName, Holder>();
      // What has servers that nobody explains is given to nobody until they are gone.
      for (const { backend } of parseServersState(states?.text ?? ''))
        if (isSpare(backend)) held.set(backend as BackendName, nobody(backend as BackendName));
      for (const { key, value } of parseMap(map?.text ?? ''))
        if (declared.layout.has(key as BackendName))
          held.set(key as BackendName, { own: value as BackendName, name: undefined });
      set({ ...declared, held });
    },
    loaded: (placement) => {
      isUnsure = false;
      accepted = placement;
      set(placement);
    },
    give: async (pool, compares) => {
      const { placement, values } = pool;
      if (current !== undefined && !sameLayout(current, placement))
        return 'HAProxy has other backends than it was last given';
      if (compares) {
        isUnsure = true;
        const [map] = await control.runtime([`show map ${sparesMap}`]);
        const other = parseMap(map?.text ?? '').find(({ key, value }) => {
          const own = placement.held.get(key as BackendName)?.own;
          return own !== undefined && own !== value;
        });
        if (other !== undefined) return `${other.key} serves ${other.value}, which Pacer did not tell it to`;
      }
      // Before there are servers: they are checked by what is in these, and after a restart they are explained.
      const noted = await bringMaps(control, values, 'keep others');
      if (noted.kind === 'impossible') return noted.reason;
      accepted = placement;
      set(withBefore(placement, current));
      return undefined;
    },
    leaving: (placement) => {
      const idle = [...placement.layout.keys()].filter((backend) => !placement.held.has(backend));
      return isUnsure ? idle : idle.filter((backend) => current?.held.has(backend));
    },
    left: (placement) => {
      isUnsure = false;
      accepted = placement;
      set(placement);
    },
    placed: (service) => {
      const backends = places.get(service.definition.backend);
      return backends === undefined ? [service] : backends.map((backend) => renamed(service, backend));
    },
    ownOf: (backend) => {
      const own = current?.held.get(backend)?.own;
      return own ?? backend;
    },
  };
}

const nobody = (backend: BackendName): Holder => ({ own: backend, name: undefined });

function placesOf(placement: Placement): Map<BackendName, BackendName[]> {
  const places = new Map<BackendName, BackendName[]>();
  for (const own of carriersOf(placement).keys()) places.set(own, []);
  if (places.size > 0) for (const [backend, { own }] of placement.held) places.get(own)?.push(backend);
  return places;
}

const sameLayout = ({ layout: a }: Placement, { layout: b }: Placement): boolean =>
  a === b || (a.size === b.size && [...a].every(([backend, profile]) => b.get(backend) === profile));

const others = new WeakMap<ServiceDefinition, Map<BackendName, ServiceDefinition>>();

/** The same service under another backend's name; the same definition each time. */
function renamed({ definition, ...service }: Service, backend: BackendName): Service {
  if (definition.backend === backend) return { definition, ...service };
  const known = others.get(definition) ?? new Map<BackendName, ServiceDefinition>();
  others.set(definition, known);
  const made = known.get(backend) ?? { ...definition, backend };
  known.set(backend, made);
  return { definition: made, ...service };
}

/** A backend that is to have no servers. */
export function emptied(backend: BackendName): Service {
  return { definition: { ...emptyDefinition, backend }, servers: [] };
}

const emptyDefinition: Omit<ServiceDefinition, 'backend'> = {
  name: '' as AppId,
  appId: '' as AppId,
  mode: 'http',
  ...{ portIndex: 0, servicePort: 0, listens: false, bindAddress: '', certificate: undefined },
  bindOptions: { words: [], certificates: [], files: [], namesProtocols: false },
  ...{ allowedNetworks: [], sticky: false, slots: 0, hasProfile: true, hsts: false, auth: undefined },
  balance: { words: ['roundrobin'], needsConsistentHash: false },
  ...{ redirectToHttps: false, check: undefined, vhosts: [], path: undefined, weight: 0 },
  rewrite: { stripPath: undefined, locationPath: undefined, rootRedirect: undefined },
};
