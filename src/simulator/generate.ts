/** Any number of apps for benchmarks and trials; the same number gives the same apps. */

export interface GenerateOptions {
  /** Whether each app has a virtual host, `app-00001.bench.localhost`. */
  vhosts?: boolean;
  instances?: number;
  /** Whether each app has a health check; default true. */
  healthChecks?: boolean;
}

const check = {
  protocol: 'HTTP',
  path: '/health',
  portIndex: 0,
  gracePeriodSeconds: 30,
  intervalSeconds: 10,
  timeoutSeconds: 5,
  maxConsecutiveFailures: 3,
};

/** `/bench/app-00001` and so on, bridged, with the service ports from 10000 up. */
export function generateApps(count: number, options: GenerateOptions = {}): object[] {
  return Array.from({ length: count }, (_, index) => generateApp(index, options));
}

function generateApp(
  index: number,
  { vhosts = true, instances = 1, healthChecks = true }: GenerateOptions,
): object {
  const name = `app-${String(index + 1).padStart(5, '0')}`;
  return {
    id: `/bench/${name}`,
    cpus: 0.1,
    mem: 32,
    instances,
    labels: { HAPROXY_GROUP: 'external', ...(vhosts ? { HAPROXY_0_VHOST: `${name}.bench.localhost` } : {}) },
    networks: [{ mode: 'container/bridge' }],
    container: {
      type: 'DOCKER',
      docker: { image: 'pacer/sample' },
      portMappings: [{ containerPort: 8080, hostPort: 0, servicePort: 10_000 + index, name: 'http' }],
    },
    ...(healthChecks ? { healthChecks: [check] } : {}),
  };
}
