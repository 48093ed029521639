/**
 * The schemas of Marathon's pods, as far as Pacer reads them.
 * [marathon] docs/rest-api/public/api/v2/types/{pod,podContainer,podStatus,network}.raml
 */
import { z } from 'zod';
import { idOfApp, portNumber } from '../decode/raw.ts';

const text = z.string();
const count = z.int().nonnegative();
const list = <T extends z.ZodType>(item: T) => z.array(item).nullish();
const labels = z.record(text, z.unknown()).nullish();

const endpoint = z.object({
  name: text.min(1),
  containerPort: portNumber.nullish(),
  hostPort: portNumber.nullish(),
  protocol: list(text),
  labels,
  networkNames: list(text),
});

const healthCheck = z.object({
  http: z.object({ endpoint: text, path: text.nullish(), scheme: text.nullish() }).nullish(),
  tcp: z.object({ endpoint: text }).nullish(),
  gracePeriodSeconds: z.number().nullish(),
  intervalSeconds: z.number().nullish(),
  maxConsecutiveFailures: count.nullish(),
  timeoutSeconds: z.number().nullish(),
});

const container = z.object({
  name: text.min(1),
  labels,
  endpoints: list(endpoint),
  healthCheck: healthCheck.nullish(),
});

/** A pod's definition. */
export const rawPod = z.object({
  id: idOfApp,
  version: text.nullish(),
  labels,
  containers: z.array(container),
  networks: list(z.object({ name: text.nullish(), mode: text.nullish() })),
  scaling: z.object({ instances: count.nullish() }).nullish(),
});

/** A pod's status. Instances are parsed separately, so that a malformed one affects only itself. */
export const rawPodStatus = z.object({ id: idOfApp, spec: rawPod, instances: list(z.unknown()) });

const containerStatus = z.object({
  name: text.min(1),
  status: text,
  containerId: text.nullish(),
  endpoints: list(
    z.object({ name: text, allocatedHostPort: portNumber.nullish(), healthy: z.boolean().nullish() }),
  ),
  conditions: list(z.object({ name: text, value: text.nullish(), reason: text.nullish() })),
});

/** An instance of a pod. */
export const rawPodInstance = z.object({
  id: text.min(1),
  status: text,
  agentHostname: text.nullish(),
  networks: list(z.object({ name: text.nullish(), addresses: list(text) })),
  containers: list(containerStatus),
  specReference: text.nullish(),
});

export type RawPod = z.infer<typeof rawPod>;
export type RawPodContainer = z.infer<typeof container>;
export type RawPodEndpoint = z.infer<typeof endpoint>;
export type RawPodInstance = z.infer<typeof rawPodInstance>;
export type RawContainerStatus = z.infer<typeof containerStatus>;
