/**
 * `pacer demo`, all on this machine: the simulator with sample apps, Pacer with a real HAProxy, a small load, and
 * changes.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sampleApps } from '../simulator/sample-apps.ts';
import { startSimulator, type Simulator } from '../simulator/simulator.ts';
import { demoChanges, type DemoChange } from './changes.ts';
import { startDaemon, type DaemonProcess } from './daemon.ts';
import { followed, lastRevision } from './follow.ts';
import { packagedFile } from '../package.ts';
import { freePorts } from './free-ports.ts';
import { startLoad, type Load, type Target } from './load.ts';

/** How long the demo runs, and with which HAProxy. */
export interface DemoOptions {
  /** One round of changes, then it ends. Otherwise it runs until the signal. */
  readonly once: boolean;
  readonly haproxyBin: string | undefined;
}

/** Where the demo writes, and what ends it. */
export interface DemoIo {
  readonly out: (line: string) => void;
  readonly signal: AbortSignal;
}

interface Ports {
  readonly http: number;
  readonly https: number;
  readonly appid: number;
  readonly stats: number;
  readonly status: number;
  readonly services: ReadonlyMap<string, number>;
}

const cartApp = {
  id: '/shop/cart',
  instances: 2,
  cmd: './cart --port $PORT0',
  labels: { HAPROXY_GROUP: 'external', HAPROXY_0_VHOST: 'cart.localhost' },
  networks: [{ mode: 'host' }],
  portDefinitions: [{ port: 0, name: 'http' }],
};

/** @returns the exit code: 0 if no request failed */
export async function runDemo({ once, haproxyBin }: DemoOptions, { out, signal }: DemoIo): Promise<number> {
  const apps = [...sampleApps(), cartApp] as { id: string; labels: Record<string, string> }[];
  const ports = await choosePorts(apps.map(({ id }) => id));
  const [cart, ...samples] = apps.map((app) => withServicePort(app, ports)).reverse();
  const directory = await mkdtemp(join(tmpdir(), 'pacer-demo-'));
  const way: (() => Promise<unknown>)[] = [() => rm(directory, { recursive: true, force: true })];
  let load: Load | undefined;
  try {
    out('Starting a simulated Marathon with six apps, HAProxy and Pacer ...');
    const marathon = await startSimulator({
      taskKilling: true,
      timings: { offerMs: 100, startingMs: 50, runningMs: 150, killMs: 500 },
    });
    way.push(() => marathon.close());
    await Promise.all(samples.map((app) => marathon.deploy(app)));
    const daemon = startDaemon({
      program: packagedFile('dist', 'main.js'),
      flags: daemonFlags(marathon, ports, directory, haproxyBin),
      statusPort: ports.status,
      logFile: join(directory, 'pacer.log'),
    });
    way.push(() => daemon.stop());
    await daemon.ready();
    introduce(out, ports, marathon, once);
    const stopped = () => signal.aborted;
    if (stopped()) return 0;

    load = startLoad(targets(ports));
    const changes = demoChanges(cart ?? {});
    do {
      for (const change of changes) {
        await sleep(once ? 500 : 3000, undefined, { signal }).catch(() => undefined);
        if (stopped()) break;
        out(await perform(change, marathon, daemon, load));
      }
    } while (!once && !stopped());
  } finally {
    await load?.stop();
    for (const step of way.reverse()) await step();
  }
  const { requests, failed, failures } = load.counts;
  out('');
  out(`${requests} requests, ${failed} failed. Everything that was started has been stopped.`);
  for (const failure of failures) out(`  ${failure}`);
  return failed === 0 ? 0 : 1;
}

async function choosePorts(apps: readonly string[]): Promise<Ports> {
  const [http = 0, https = 0, appid = 0, stats = 0, status = 0, ...rest] = await freePorts(5 + apps.length);
  return { http, https, appid, stats, status, services: new Map(apps.map((id, i) => [id, rest[i] ?? 0])) };
}

/** Marathon would assign ports from 10000 on, which another Pacer on this machine may use. */
function withServicePort<T extends { id: string; labels: Record<string, string> }>(app: T, ports: Ports): T {
  return { ...app, labels: { ...app.labels, HAPROXY_0_PORT: String(ports.services.get(app.id)) } };
}

function daemonFlags(
  marathon: Simulator,
  ports: Ports,
  directory: string,
  haproxyBin: string | undefined,
): string[] {
  return [
    ...['--marathon', marathon.url, '--group', 'external', '--health-check'],
    ...['--state-dir', directory, '--bind-addr', '127.0.0.1', '--maxconn', '1000'],
    ...['--http-port', String(ports.http), '--https-port', String(ports.https)],
    ...['--appid-port', String(ports.appid), '--stats-port', String(ports.stats)],
    ...(haproxyBin === undefined ? [] : ['--haproxy-bin', haproxyBin]),
  ];
}

function targets({ http, https, services }: Ports): Target[] {
  const web = { kind: 'http', port: http, path: '/', status: 200, keepAlive: true } as const;
  return [
    { ...web, host: 'shop.localhost' },
    { ...web, host: 'shop.localhost', keepAlive: false },
    { ...web, host: 'shop.localhost', path: '/api/items' },
    { ...web, host: 'account.localhost' },
    { ...web, host: 'admin.localhost', auth: 'admin:pacer' },
    { ...web, host: 'secure.localhost', status: 301 },
    { ...web, kind: 'https', port: https, host: 'secure.localhost' },
    { kind: 'tcp', port: services.get('/infra/echo') ?? 0 },
  ];
}

function introduce(
  out: DemoIo['out'],
  { http, https, stats, status, services }: Ports,
  marathon: Simulator,
  once: boolean,
): void {
  const rows = [
    ['shop, 2 tasks', `curl http://shop.localhost:${http}/`],
    ['its API, 3 tasks', `curl http://shop.localhost:${http}/api/items`],
    ['a sticky app', `curl -i http://account.localhost:${http}/  (its cookie keeps a client on one task)`],
    ['with basic auth', `curl -u admin:pacer http://admin.localhost:${http}/`],
    [
      'redirected to https',
      `curl -kL http://secure.localhost:${http}/  (or https://secure.localhost:${https}/)`,
    ],
    ['TCP echo', `nc 127.0.0.1 ${services.get('/infra/echo')}  (what you type comes back)`],
    ["Pacer's status page", `http://127.0.0.1:${status}/  (as JSON: /status, /apps, /revisions)`],
    ['in a terminal', `npx pacer status --status http://127.0.0.1:${status}`],
    ["HAProxy's statistics", `http://127.0.0.1:${stats}/haproxy?stats`],
    ['Marathon', `${marathon.url}/v2/apps`],
  ];
  out('');
  for (const [what = '', how = ''] of rows) out(`  ${what.padEnd(22)}${how}`);
  out('');
  out(
    once
      ? 'Now the apps change a few times, while clients send requests.'
      : 'Now an app changes every few seconds, while clients send requests. Ctrl-C ends the demo.',
  );
  out(
    'Times are from the event of Marathon until HAProxy serves the change. Requests are counted from the start.',
  );
  out('');
  out(`  ${'what happens'.padEnd(52)}${'HAProxy followed within'.padEnd(32)}requests  failed`);
}

async function perform(
  change: DemoChange,
  marathon: Simulator,
  daemon: DaemonProcess,
  load: Load,
): Promise<string> {
  const since = await lastRevision(daemon);
  await change.run(marathon);
  const { slowestMs, reloads } = await followed(daemon, marathon, change.app, since);
  const { requests, failed } = load.counts;
  const times = reloads === 0 ? 'no reload' : reloads === 1 ? '1 reload' : `${reloads} reloads`;
  const how = slowestMs === undefined ? 'nothing to do' : `${slowestMs} ms, ${times}`;
  return `  ${change.text.padEnd(52)}${how.padEnd(32)}${String(requests).padStart(8)}${String(failed).padStart(8)}`;
}
