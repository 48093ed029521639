/**
 * A blue/green deploy tool that does what marathon-lb's zdd is documented to do: first and further deploys, hybrid ones,
 * and their completion to either side. Of the load balancers it knows `/haproxy?stats;csv`, read as strictly as a record
 * with one field for each column does, and `/_haproxy_getpids`.
 */
import { textAt } from './deploy-tool.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import { call } from './deploy-tool.ts';

export interface Zdd {
  readonly marathon: string;
  /** `http://host:port` of each load balancer's statistics. */
  readonly loadBalancers: readonly string[];
  /** `--step-delay` and `--max-wait`, in milliseconds. */
  readonly stepMs: number;
  readonly maxWaitMs: number;
}

export interface ZddFlags {
  readonly initialInstances?: number;
  readonly newInstances?: number;
  readonly complete?: 'cur' | 'prev';
  readonly resume?: boolean;
}

interface ZddApp {
  readonly id: string;
  readonly instances: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly deployments: readonly unknown[];
  readonly tasks: readonly {
    readonly id: string;
    readonly host: string;
    readonly ports: readonly number[];
  }[];
}

/** What the tool is given: an app with one port mapping. */
export interface ZddInput {
  readonly id: string;
  readonly instances: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly container: {
    readonly portMappings: readonly { readonly servicePort: number; readonly [field: string]: unknown }[];
    readonly [field: string]: unknown;
  };
  readonly [field: string]: unknown;
}

const fetchApp = async (zdd: Zdd, id: string): Promise<ZddApp> =>
  ((await call(`${zdd.marathon}/v2/apps${id}`)) as { app: ZddApp }).app;

const groupOf = ({ labels }: Pick<ZddApp, 'labels'>) => labels['HAPROXY_DEPLOYMENT_GROUP'];

const numberLabel = ({ labels }: ZddApp, name: string): number | undefined =>
  labels[name] === undefined ? undefined : Number(labels[name]);
const targetOf = (app: ZddApp): number =>
  numberLabel(app, 'HAPROXY_DEPLOYMENT_TARGET_INSTANCES') ?? app.instances;
const newInstancesOf = (app: ZddApp): number => numberLabel(app, 'HAPROXY_DEPLOYMENT_NEW_INSTANCES') ?? 0;

/** @returns which deploy it was */
export async function zddDeploy(
  zdd: Zdd,
  input: ZddInput,
  flags: ZddFlags = {},
): Promise<'first' | 'swapped' | 'hybrid'> {
  const { apps } = (await call(`${zdd.marathon}/v2/apps`)) as { apps: ZddApp[] };
  const previous = apps
    .filter((app) => groupOf(app) === groupOf(input))
    .sort((a, b) => (startOf(a) < startOf(b) ? -1 : 1));
  const [earlier, later] = previous.slice(-2);
  if (earlier !== undefined && later !== undefined) {
    if (flags.complete === 'prev') return swap(zdd, earlier.id, later.id, false);
    if (flags.complete === 'cur') return swap(zdd, later.id, earlier.id, false);
    if (flags.resume === true) return swap(zdd, later.id, earlier.id, true);
    throw new Error('there is a deploy in progress already');
  }
  if (flags.complete !== undefined) throw new Error('nothing to complete: the app is not hybrid');
  const app = prepared(input, earlier, flags);
  await call(`${zdd.marathon}/v2/apps`, 'POST', app);
  return earlier === undefined ? 'first' : swap(zdd, app.id, earlier.id, true);
}

const startOf = ({ labels }: ZddApp): string => labels['HAPROXY_DEPLOYMENT_STARTED_AT'] ?? '0';

function prepared(input: ZddInput, last: ZddApp | undefined, flags: ZddFlags) {
  const [mapping, ...others] = input.container.portMappings;
  const target = last?.instances ?? input.instances;
  const count = Math.min(flags.newInstances ?? 0, target);
  const first = Math.min(flags.initialInstances ?? 1, count > 0 ? count : target);
  const colour = last?.labels['HAPROXY_DEPLOYMENT_COLOUR'] === 'blue' ? 'green' : 'blue';
  const servicePort =
    last === undefined ? mapping?.servicePort : Number(last.labels['HAPROXY_DEPLOYMENT_ALT_PORT']);
  return {
    ...input,
    id: `${input.id}-${colour}`,
    instances: last === undefined ? input.instances : first,
    container: { ...input.container, portMappings: [{ ...mapping, servicePort }, ...others] },
    labels: {
      ...input.labels,
      HAPROXY_APP_ID: input.id,
      HAPROXY_0_PORT: String(mapping?.servicePort),
      HAPROXY_DEPLOYMENT_COLOUR: colour,
      HAPROXY_DEPLOYMENT_NEW_INSTANCES: String(last === undefined ? 0 : count),
      HAPROXY_DEPLOYMENT_TARGET_INSTANCES: String(target),
      // The local time, with microseconds and without a zone.
      HAPROXY_DEPLOYMENT_STARTED_AT: `${new Date().toISOString().slice(0, -1)}123`,
    },
  };
}

async function swap(
  zdd: Zdd,
  newId: string,
  oldId: string,
  mayStayHybrid: boolean,
): Promise<'swapped' | 'hybrid'> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    if (Date.now() > deadline) throw new Error('the deploy does not come to an end');
    const [old, fresh] = [await fetchApp(zdd, oldId), await fetchApp(zdd, newId)];
    if (fresh.deployments.length > 0) {
      await sleep(zdd.stepMs);
      continue;
    }
    const wanted = newInstancesOf(fresh);
    const hybrid = mayStayHybrid && wanted !== 0;
    const drained = await tasksToKill(zdd, fresh, old);
    if (hybrid && fresh.instances === wanted && old.instances === targetOf(old) - wanted) return 'hybrid';
    if (!hybrid && fresh.instances === targetOf(fresh) && drained.length === old.instances) {
      await call(`${zdd.marathon}/v2/apps${oldId}`, 'DELETE');
      return 'swapped';
    }
    if (drained.length > 0)
      await call(`${zdd.marathon}/v2/tasks/delete?scale=true`, 'POST', { ids: drained });
    const most = hybrid ? wanted : targetOf(fresh);
    if (fresh.instances >= most) continue;
    const more = Math.floor(fresh.instances + (fresh.instances + 1) / 2);
    const instances = hybrid ? Math.min(more, wanted) : more >= old.instances ? most : more;
    await call(`${zdd.marathon}/v2/apps${newId}`, 'PUT', { instances });
  }
}

/** Tasks of the old app that every load balancer has in MAINT, with no session; after the longest wait, with any. */
async function tasksToKill(zdd: Zdd, fresh: ZddApp, old: ZddApp): Promise<string[]> {
  const deadline = Date.now() + zdd.maxWaitMs;
  const lbs = zdd.loadBalancers.length;
  let listeners = await listenersOf(zdd, fresh);
  const inMaint = () => listeners.filter(({ status }) => status === 'MAINT');
  const atAll = (found: readonly Row[]) =>
    old.tasks
      .filter((task) => found.filter(({ svname }) => svname === nameOf(task)).length === lbs)
      .map(({ id }) => id);
  while (Date.now() < deadline) {
    await sleep(zdd.stepMs);
    if (await isReloading(zdd)) continue;
    listeners = await listenersOf(zdd, fresh);
    if (listeners.length / lbs !== fresh.instances + old.instances) continue;
    if (listeners.filter(({ status }) => status === 'UP').length / lbs < targetOf(fresh)) continue;
    const drained = inMaint().filter(({ qcur, scur }) => Number(qcur) + Number(scur) === 0);
    if (drained.length === 0) continue;
    return atAll(drained);
  }
  return atAll(inMaint());
}

/** Here the agents' names are their addresses. */
const nameOf = ({ host, ports }: ZddApp['tasks'][number]): string =>
  `${host.replaceAll('.', '_')}_${ports[0]}`;

async function isReloading({ loadBalancers }: Zdd): Promise<boolean> {
  const pids = await Promise.all(loadBalancers.map((url) => textAt(`${url}/_haproxy_getpids`)));
  return pids.some((text) => text.trim().split(/\s+/).length > 1);
}

type Row = Readonly<Record<string, string>>;

async function listenersOf({ loadBalancers }: Zdd, app: ZddApp): Promise<Row[]> {
  const texts = await Promise.all(loadBalancers.map((url) => textAt(`${url}/haproxy?stats;csv`)));
  const backend = `${groupOf(app)}_${app.labels['HAPROXY_0_PORT']}`;
  return readStatistics(texts.join('')).filter(
    ({ pxname, svname }) => pxname === backend && svname !== 'BACKEND' && svname !== 'FRONTEND',
  );
}

/**
 * The statistics of several load balancers, one after the other, under the header of the first.
 * @throws Error for a column that is no name of a field, a name that comes twice, a row of another length, an empty line
 */
export function readStatistics(text: string): Row[] {
  const [header = '', ...lines] = text.replace(/\n$/, '').split('\n');
  const names = header
    .replace(/^[# ]+/, '')
    .replace(/[,\n]+$/, '')
    .split(',');
  const bad = names.find((name) => !/^[A-Za-z]\w*$/.test(name));
  if (bad !== undefined) throw new Error(`no name of a field: '${bad}'`);
  if (new Set(names).size < names.length) throw new Error('a name comes twice');
  return lines.flatMap((line) => {
    if (line === '') throw new Error('a line is empty');
    if (line.startsWith('#')) return [];
    const cells = line.split(/,(?=(?:[^']*'[^']*')*[^']*$)/).slice(0, -1);
    if (cells.length !== names.length)
      throw new Error(`a row of ${cells.length} cells under ${names.length}: ${line}`);
    return [Object.fromEntries(names.map((name, index) => [name, cells[index] ?? '']))];
  });
}
