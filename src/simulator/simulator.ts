/** A Marathon in this process: real HTTP, real events, and sample tasks that really listen. */
import { operate, type Operations } from './deploy/operate.ts';
import { createCluster } from './cluster/cluster.ts';
import type { Faults } from './faults/faults.ts';
import { MarathonServer } from './server.ts';
import type { SimulatorOptions } from './settings.ts';

export type { LoadOptions } from './load.ts';
export type { TaskView } from './deploy/operate.ts';
export type { MarathonVersion, SimulatorOptions, TaskKind, Timings } from './settings.ts';

export interface Simulator extends Operations {
  readonly url: string;
  readonly port: number;
  readonly faults: Faults;
  /** Marathon is down: the port is closed and the streams are cut; tasks run on. */
  stop(): Promise<void>;
  /** Marathon is back on the same port, with its state. */
  resume(): Promise<void>;
  close(): Promise<void>;
}

export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const host = options.host ?? '127.0.0.1';
  const server = new MarathonServer();
  await server.listen(host, options.port ?? 0);
  const { port } = server;
  const cluster = await createCluster(options, port, host);
  server.serve(cluster.serverContext);
  return {
    ...operate(cluster),
    url: `http://${host}:${port}`,
    port,
    faults: cluster.faults,
    stop: () => server.close(),
    resume: () => server.listen(host, port),
    close: async () => {
      cluster.close();
      await server.close();
    },
  };
}
