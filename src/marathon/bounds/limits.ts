/**
 * How much Pacer accepts from Marathon. Anything beyond a limit is refused or cut off, with a message that names the
 * limit: a broken app, or a program that impersonates Marathon, must not use up the memory that everybody else needs.
 * docs/marathon.md lists the limits.
 */
const MiB = 1024 * 1024;

/** Bytes of one event. [marathon] up to 1.6 a deployment event may contain all groups, twice: tens of megabytes */
export const maxEventBytes = 64 * MiB;

/** Bytes of a list of apps or pods, compressed and decompressed. 10,000 apps are about 50 MiB. */
export const maxListBytes = 256 * MiB;

/** Bytes of any other answer, compressed and decompressed. An app with the most tasks allowed has about 30 MiB. */
export const maxAnswerBytes = 64 * MiB;

/** Bytes of an error answer, and of a login's answer. */
export const maxRefusalBytes = MiB;

/** Limits of one app or pod. Each is several times more than any known app has. */
export const appLimits = {
  tasks: 40_000,
  /** Those that begin with HAPROXY_ are kept first. */
  labels: 1_000,
  ports: 1_000,
  'health checks': 100,
  deployments: 100,
} as const;

/** For each kind: ports, addresses, health results and endpoints of one task. */
export const maxPartsOfTask = 1_000;

/** Diagnostics from Marathon's answer about one app. The last one says how many more there are. */
export const maxDiagnosticsOfApp = 20;

/** A size for messages. */
export const describeBytes = (bytes: number): string =>
  bytes >= MiB ? `${Math.round(bytes / MiB)} MiB` : `${bytes} bytes`;
