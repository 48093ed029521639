/** Marathon's simulator, Pacer as a process of its own, and the HAProxy it runs, on free ports in a folder of their own. */
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startDaemon, type DaemonProcess } from '../../src/demo/daemon.ts';
import { freePorts } from './free-ports.ts';
import { startSimulator, type Simulator, type SimulatorOptions } from '../../src/simulator/simulator.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly text: string;
  /** The sample app's own words: which app and task answered. */
  readonly json: { app: string; task: string; path: string; headers: Record<string, string> } | undefined;
}

export interface Ask {
  readonly host?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly tls?: boolean;
  readonly port?: number;
  /** The client's own address; 127.0.0.1 unless told. */
  readonly from?: string;
}

export interface Stack {
  readonly marathon: Simulator;
  readonly ports: { http: number; https: number; appid: number; stats: number; status: number };
  readonly directory: string;
  /** The daemon that runs now. */
  readonly daemon: () => DaemonProcess;
  /** Starts a daemon with the same flags and some more; the one before must have ended. */
  readonly startPacer: (more?: readonly string[]) => DaemonProcess;
  readonly ask: (ask: Ask) => Promise<Answer>;
  /** Ports that nobody has, for services. */
  readonly freePorts: (count: number) => Promise<number[]>;
  /** Waits until a condition holds. */
  readonly until: (what: string | (() => string), holds: () => Promise<boolean> | boolean) => Promise<void>;
  /** Waits until Pacer is ready and the servers of the app are Marathon's healthy tasks. */
  readonly inStep: (app: string) => Promise<void>;
  /** What the daemon printed. */
  readonly log: () => Promise<string>;
  readonly status: () => Promise<StatusView>;
  readonly close: () => Promise<void>;
}

export interface StatusView {
  readonly ready: boolean;
  readonly why: string[];
  readonly notes: string[];
  readonly haproxy: {
    running: { hash: string; workerPid: number; masterPid: number; reloads: number } | null;
    desiredHash: string;
    inSync: boolean;
    runtimeCommands: number;
  };
  readonly diagnostics: { appId: string; severity: string; text: string }[];
  readonly failure: { stage: string; message: string } | null;
  readonly marathon: { connected: boolean; resyncDifferences: number; resyncs: number; reconnects: number };
}

export interface StackOptions {
  readonly simulator?: SimulatorOptions;
  readonly flags?: readonly string[];
  /** The words before the flags; `run` unless told. */
  readonly command?: readonly string[];
  /** Of the daemon, beside what the test has. */
  readonly environment?: Readonly<Record<string, string>>;
  /** User and group of the daemon, by number; the test gives them the state directory before it starts one. Takes root. */
  readonly uid?: number;
  /** A folder of this name, inside the test's own, is the state directory. */
  readonly folder?: string;
  /** False: the daemon is started by the test. */
  readonly start?: boolean;
  /** Other endpoints than the simulator's; none where they stand in a settings file. */
  readonly endpoints?: (marathon: Simulator) => string[];
}

/** Longer than anything takes on a machine that is busy with something else. */
const patienceMs = 90_000;

const program = join(import.meta.dirname, '..', '..', 'dist', 'main.js');

export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const outer = await mkdtemp(join(tmpdir(), 'pacer-e2e-'));
  const directory = join(outer, options.folder ?? '');
  if (options.folder !== undefined) await mkdir(directory);
  const marathon = await startSimulator({
    taskKilling: true,
    ...options.simulator,
    timings: {
      ...{ offerMs: 5, startingMs: 5, runningMs: 20, killMs: 100, healthScale: 0.1 },
      ...options.simulator?.timings,
    },
  });
  const [http = 0, https = 0, appid = 0, stats = 0, status = 0] = await freePorts(5);
  const ports = { http, https, appid, stats, status };
  const endpoints = options.endpoints?.(marathon) ?? [marathon.url];
  const flags = [
    ...(endpoints.length > 0 ? ['--marathon', ...endpoints] : []),
    ...['--group', 'external', '--health-check'],
    ...['--state-dir', directory, '--bind-addr', '127.0.0.1', '--maxconn', '500', '--log-level', 'debug'],
    ...[
      '--http-port',
      `${http}`,
      '--https-port',
      `${https}`,
      '--appid-port',
      `${appid}`,
      '--stats-port',
      `${stats}`,
    ],
    ...(options.flags ?? []),
  ];
  const logFile = join(directory, 'pacer.log');
  const startPacer = (more: readonly string[] = []) =>
    (daemon = startDaemon({
      ...{ program, logFile },
      flags: [...flags, ...more],
      statusPort: status,
      ...(options.command && { command: options.command }),
      ...(options.uid !== undefined && { uid: options.uid }),
      ...(options.environment && { environment: options.environment }),
    }));
  let daemon: DaemonProcess | undefined;
  if (options.start !== false) startPacer();

  const current = () => {
    if (daemon === undefined) throw new Error('no daemon was started');
    return daemon;
  };
  const inSync = async () =>
    ((await current().get('/status')) as StatusView | undefined)?.haproxy.inSync === true;
  const log = () => readFile(logFile, 'utf8').catch(() => '');
  const until = async (what: string | (() => string), holds: () => Promise<boolean> | boolean) => {
    const deadline = Date.now() + patienceMs;
    while (!(await holds())) {
      if (Date.now() > deadline)
        throw new Error(
          `not within ${patienceMs} ms: ${typeof what === 'string' ? what : what()}\n${(await log()).slice(-4000)}`,
        );
      await sleep(20);
    }
  };
  return {
    marathon,
    ports,
    directory,
    daemon: current,
    startPacer,
    freePorts,
    until,
    log,
    status: async () => (await current().get('/status')) as StatusView,
    ask: (what) => ask(what, ports),
    inStep: (app) => {
      let seen = 'nothing was seen yet';
      const what = () => `the servers of ${app} are Marathon's tasks: ${seen}`;
      return until(what, async () => {
        const wanted = marathon
          .tasks(app)
          .filter(({ state, healthy }) => state === 'TASK_RUNNING' && healthy !== false)
          .map(({ id }) => id);
        const view = (await current().get(`/apps${app}`)) as
          { ports: { servers: { taskId: string }[] }[] } | undefined;
        const servers = (view?.ports ?? []).flatMap((port) => port.servers.map(({ taskId }) => taskId));
        const isSynced = await inSync();
        seen = `${servers.sort().join()} instead of ${wanted.sort().join()}, in sync: ${isSynced}, ${JSON.stringify(view)}`;
        return String(servers) === String(wanted) && isSynced;
      });
    },
    close: async () => {
      await daemon?.stop();
      await marathon.close();
      await rm(outer, { recursive: true, force: true });
    },
  };
}

function ask(
  { host = 'localhost', path = '/', headers = {}, tls = false, port, from }: Ask,
  ports: Stack['ports'],
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const target = {
      host: '127.0.0.1',
      port: port ?? (tls ? ports.https : ports.http),
      path,
      headers: { Host: host, ...headers },
      agent: false as const,
      ...(from === undefined ? {} : { localAddress: from }),
    };
    const options = { ...target, servername: host, rejectUnauthorized: false };
    const request = tls ? httpsRequest(options) : httpRequest(target);
    request.once('error', reject);
    request.once('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.once('error', reject);
      response.once('end', () => {
        const isJson = String(response.headers['content-type']).includes('json');
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text,
          json: isJson ? (JSON.parse(text) as Answer['json']) : undefined,
        });
      });
    });
    request.end();
  });
}

/** Sends a line over TCP and resolves with the answer; rejects when there is none. */
export function askTcp(port: number, line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port }, () => socket.write(`${line}\n`));
    socket.setTimeout(5000, () => socket.destroy(new Error('no answer within 5 seconds')));
    socket.once('data', (chunk) => {
      resolve(String(chunk).trim());
      socket.destroy();
    });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('closed without an answer')));
  });
}

/** An app on host networking with an HTTP check, as Marathon takes it. */
export function httpApp(
  id: string,
  servicePort: number,
  parts: { instances?: number; labels?: Record<string, string> } & Record<string, unknown> = {},
) {
  const { labels, ...rest } = parts;
  return {
    id,
    instances: 1,
    cmd: './app',
    networks: [{ mode: 'host' }],
    portDefinitions: [{ port: servicePort, protocol: 'tcp', name: 'http' }],
    healthChecks: [
      {
        protocol: 'HTTP',
        path: '/health',
        portIndex: 0,
        intervalSeconds: 1,
        // A tenth of it, as fast as Marathon's checks are here; a check that fails by a slow machine ends a task.
        timeoutSeconds: 50,
        gracePeriodSeconds: 50,
        maxConsecutiveFailures: 10,
      },
    ],
    ...rest,
    labels: { HAPROXY_GROUP: 'external', ...labels },
  };
}
