/**
 * The shape of Marathon's JSON as far as Pacer reads it, for every version of the API at once: `null`
 * counts as absent (1.5 and older write it), and what is not read is not checked. One app at a time,
 * so that a malformed one spoils only itself. It must not know what the values mean.
 * [marathon] docs/rest-api/public/api/v2/types; play-json wrote null for absent options up to 1.5
 */
import { z } from 'zod';

const text = z.string();
const count = z.int().nonnegative();
export const portNumber = count.max(65_535, 'no port is larger than 65535');

/**
 * Marathon takes lower-case letters, digits, dots and hyphens. Ids become names in HAProxy's configuration, and
 * whoever poses as Marathon must not write lines of it.
 */
export const idOfApp = z
  .string()
  .max(500)
  .regex(/^\/?(?:[A-Za-z0-9._-]+\/)*[A-Za-z0-9._-]+$/, 'it is no path of an app');
const list = <T extends z.ZodType>(item: T) => z.array(item).nullish();

const portMapping = z.object({
  containerPort: portNumber.nullish(),
  hostPort: portNumber.nullish(),
  servicePort: portNumber.nullish(),
  protocol: text.nullish(),
  name: text.nullish(),
  networkNames: list(text),
});

const portDefinition = z.object({
  port: portNumber.nullish(),
  protocol: text.nullish(),
  name: text.nullish(),
});

const discoveryPort = z.object({ number: portNumber, protocol: text.nullish(), name: text.nullish() });

export const rawApp = z.object({
  id: idOfApp,
  version: text.nullish(),
  versionInfo: z.object({ lastConfigChangeAt: text.nullish(), lastScalingAt: text.nullish() }).nullish(),
  instances: count.nullish(),
  labels: z.record(text, z.unknown()).nullish(),
  networks: list(z.object({ mode: text.nullish(), name: text.nullish() })),
  container: z
    .object({
      portMappings: list(portMapping),
      docker: z.object({ network: text.nullish(), portMappings: list(portMapping) }).nullish(),
    })
    .nullish(),
  ipAddress: z.object({ discovery: z.object({ ports: list(discoveryPort) }).nullish() }).nullish(),
  portDefinitions: list(portDefinition),
  ports: list(portNumber),
  healthChecks: list(z.unknown()),
  readinessChecks: list(z.unknown()),
  readinessCheckResults: list(z.object({ taskId: text, ready: z.boolean().nullish() })),
  deployments: list(z.object({ id: text })),
  tasks: list(z.unknown()),
});

export const rawHealthCheck = z.object({
  protocol: text.nullish(),
  path: text.nullish(),
  portIndex: count.nullish(),
  port: portNumber.nullish(),
  intervalSeconds: z.number().nullish(),
  timeoutSeconds: z.number().nullish(),
  gracePeriodSeconds: z.number().nullish(),
  maxConsecutiveFailures: count.nullish(),
});

export const rawIpAddresses = list(z.object({ ipAddress: text.nullish() }));

export const rawTask = z.object({
  id: text.min(1),
  state: text.nullish(),
  host: text.nullish(),
  ports: list(portNumber),
  ipAddresses: rawIpAddresses,
  version: text.nullish(),
  startedAt: text.nullish(),
  stagedAt: text.nullish(),
  healthCheckResults: list(z.object({ alive: z.boolean().nullish() }).nullable()),
});

export type RawApp = z.infer<typeof rawApp>;
export type RawPortMapping = z.infer<typeof portMapping>;
export type RawPortDefinition = z.infer<typeof portDefinition>;
export type RawTask = z.infer<typeof rawTask>;

/** What zod found wrong, as one clause: `container.portMappings.0.hostPort: expected number`. */
export function describeIssues(error: z.ZodError): string {
  const shown = error.issues.slice(0, 3).map((issue) => {
    const path = issue.path.map(String).join('.');
    return path === '' ? issue.message : `${path}: ${issue.message}`;
  });
  const more = error.issues.length - shown.length;
  return `${shown.join('; ')}${more > 0 ? ` and ${more} more` : ''}`;
}
