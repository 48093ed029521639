/**
 * The stored mirror as text: a head line, one line per app, and a last line with the count and the checksum. Pure
 * except for hashing; knows nothing of files. The schema is strict and typed by the model, so a file of a Pacer with
 * another model is detected and never half understood.
 */
import { createHash, type Hash } from 'node:crypto';
import { z } from 'zod';
import type { AppId, InstanceId, TaskId } from '../../core/model/ids.ts';
import type { App, TaskState } from '../../core/model/model.ts';

/** Increased with every change of the meaning of a line. */
export const mirrorFormat = 2;

/** The first line of the file. */
export interface MirrorHead {
  readonly pacer: 'mirror';
  readonly format: number;
  /** ISO 8601 time. */
  readonly savedAt: string;
  /** The cluster's addresses. They identify it if its name changes. */
  readonly endpoints?: readonly string[];
  /** If there are several clusters: app id in this cluster → id among all apps, for the ids that differ. */
  readonly called?: Readonly<Record<string, string>>;
}

/** What the head contains besides the time. */
export type MirrorOrigin = Pick<MirrorHead, 'endpoints' | 'called'>;

const id = <T extends string>() => z.string().transform((text) => text as T);
const count = z.number();
/** JSON leaves out undefined values. The model has the key, and apps are compared key by key. */
const optional = <T extends z.ZodType>(schema: T) => schema.optional().default(undefined as never);

const task = z.strictObject({
  id: id<TaskId>(),
  instanceId: id<InstanceId>(),
  appId: id<AppId>(),
  state: id<TaskState>(),
  host: z.string(),
  ports: z.array(count),
  ipAddresses: z.array(z.string()),
  version: z.string(),
  startedAt: count.exactOptional(),
  alive: z.array(z.boolean()),
  aliveIsAggregate: z.boolean(),
  awaitsReadiness: z.boolean(),
  leaving: z.boolean(),
  endpoints: z.array(z.strictObject({ host: z.string(), port: count }).nullable()).exactOptional(),
});

const port = z.strictObject({
  containerPort: optional(count),
  hasHostPort: z.boolean(),
  servicePort: optional(count),
  isAssigned: z.boolean().exactOptional(),
  addressIndex: count.exactOptional(),
  protocol: z.enum(['tcp', 'udp', 'udp,tcp']),
  name: optional(z.string()),
});

const healthCheck = z.strictObject({
  protocol: z.enum(['HTTP', 'HTTPS', 'TCP', 'COMMAND']),
  path: z.string(),
  portIndex: optional(count),
  port: optional(count),
  intervalSeconds: count,
  timeoutSeconds: count,
  gracePeriodSeconds: count,
  maxConsecutiveFailures: count,
  byMesos: z.boolean().exactOptional(),
});

const storedApp: z.ZodType<App> = z.strictObject({
  id: id<AppId>(),
  kind: z.enum(['app', 'pod']),
  version: z.string(),
  configuredAt: count.exactOptional(),
  scaledAt: count.exactOptional(),
  labels: z.record(z.string(), z.string()),
  instances: count,
  networkMode: z.enum(['host', 'bridge', 'container']),
  ports: z.array(port),
  healthChecks: z.array(healthCheck),
  hasReadinessChecks: z.boolean(),
  deployments: z.array(z.string()),
  tasks: z.array(task),
});

const head = z.object({
  ...{ pacer: z.literal('mirror'), format: count, savedAt: z.iso.datetime() },
  endpoints: z.array(z.string()).exactOptional(),
  called: z.record(z.string(), z.string()).exactOptional(),
});
const foot = z.object({ apps: count, sha256: z.string() });

/** Writes piece by piece, so that the caller can let other work run in between. */
export class MirrorWriter {
  readonly #hash: Hash = createHash('sha256');
  #apps = 0;

  head(savedAt: Date, origin: MirrorOrigin = {}): string {
    const line: MirrorHead = {
      pacer: 'mirror',
      format: mirrorFormat,
      savedAt: savedAt.toISOString(),
      ...origin,
    };
    return this.#line(line);
  }

  apps(apps: readonly App[]): string {
    this.#apps += apps.length;
    return apps.map((app) => this.#line(app)).join('');
  }

  foot(): string {
    return `${JSON.stringify({ apps: this.#apps, sha256: this.#hash.digest('hex') })}\n`;
  }

  #line(value: object): string {
    const line = `${JSON.stringify(value)}\n`;
    this.#hash.update(line);
    return line;
  }
}

/** @throws Error that says in which way the text is not a complete mirror of this format */
export function parseMirror(text: string): { savedAt: Date; apps: Map<AppId, App>; origin: MirrorOrigin } {
  const endOfHead = text.indexOf('\n') + 1;
  const first = head.safeParse(jsonIn(text.slice(0, endOfHead)));
  if (!first.success) throw new Error('it is not a stored mirror');
  if (first.data.format !== mirrorFormat)
    throw new Error(`its format is ${first.data.format}, and this Pacer writes format ${mirrorFormat}`);
  const startOfFoot = text.lastIndexOf('\n', text.length - 2) + 1;
  const last = foot.safeParse(jsonIn(text.slice(startOfFoot)));
  if (!last.success) throw new Error('its end is missing');
  const body = text.slice(0, startOfFoot);
  if (createHash('sha256').update(body).digest('hex') !== last.data.sha256)
    throw new Error('its checksum does not match');
  const apps = new Map<AppId, App>();
  for (let start = endOfHead; start < body.length;) {
    const end = body.indexOf('\n', start);
    const app = storedApp.safeParse(jsonIn(body.slice(start, end)));
    if (!app.success) throw new Error('it holds an app in a format that this Pacer does not know');
    apps.set(app.data.id, app.data);
    start = end + 1;
  }
  if (apps.size !== last.data.apps) throw new Error('its number of apps does not match');
  const { endpoints, called } = first.data;
  const origin = { ...(endpoints !== undefined && { endpoints }), ...(called !== undefined && { called }) };
  return { savedAt: new Date(first.data.savedAt), apps, origin };
}

function jsonIn(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return undefined;
  }
}
