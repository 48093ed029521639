/**
 * How much of Marathon's words is taken. What is beyond is refused or cut off, with a message that names the limit:
 * a broken app, or whoever poses as Marathon, must not cost the memory that everybody else needs.
 * docs/marathon.md lists them.
 */
const MiB = 1024 * 1024;

/** Bytes of one event. [marathon] up to 1.6 a deployment event may carry all groups, twice: tens of megabytes */
export const maxEventBytes = 64 * MiB;

/** Bytes of a list of apps or pods, packed and unpacked: some 50 MiB at 10,000 apps. */
export const maxListBytes = 256 * MiB;

/** Bytes of any other answer, packed and unpacked: an app with as many tasks as may be has some 30 MiB. */
export const maxAnswerBytes = 64 * MiB;

/** Bytes of an answer that says why there is none, and of a login's. */
export const maxRefusalBytes = MiB;

/** Of one app or pod. Each is several times what any app is known to have. */
export const appLimits = {
  tasks: 40_000,
  /** Those that begin with HAPROXY_ come before the others. */
  labels: 1_000,
  ports: 1_000,
  'health checks': 100,
  deployments: 100,
} as const;

/** Ports, addresses, health results and endpoints of one task, each. */
export const maxPartsOfTask = 1_000;

/** Diagnostics of one app from Marathon's answer; the last one says how many more there are. */
export const maxDiagnosticsOfApp = 20;

/** For messages. */
export const describeBytes = (bytes: number): string =>
  bytes >= MiB ? `${Math.round(bytes / MiB)} MiB` : `${bytes} bytes`;
