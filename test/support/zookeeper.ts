/** Debian's ZooKeeper, as a server of its own on a free port of loopback. `.ci/zookeeper.mjs` fetches it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import zookeeper, { type Client } from 'node-zookeeper-client';
import { freePorts } from './free-ports.ts';

const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'pacer-zookeeper');
const jars = [join(cache, 'usr/share/java'), '/usr/share/java'];

/** Undefined where there is none on this machine. */
export const zookeeperIsHere = jars.some((folder) => existsSync(join(folder, 'zookeeper.jar')));

export interface ZooKeeperServer {
  readonly address: string;
  stop(): Promise<void>;
  /** On the same port, with what it had. */
  start(): Promise<void>;
  close(): Promise<void>;
}

export async function startZooKeeper(): Promise<ZooKeeperServer> {
  const directory = mkdtempSync(join(tmpdir(), 'pacer-zookeeper-'));
  const [port = 0] = await freePorts(1);
  const settings = {
    tickTime: 500,
    dataDir: directory,
    clientPort: port,
    clientPortAddress: '127.0.0.1',
    minSessionTimeout: 1000,
    'admin.enableServer': false,
    '4lw.commands.whitelist': 'ruok',
  };
  const file = join(directory, 'zoo.cfg');
  writeFileSync(
    file,
    Object.entries(settings)
      .map(([key, value]) => `${key}=${value}\n`)
      .join(''),
  );
  let child: ChildProcess | undefined;
  let ended: Promise<unknown> = Promise.resolve();
  const server: ZooKeeperServer = {
    address: `127.0.0.1:${port}`,
    start: async () => {
      const classes = jars.map((folder) => `${folder}/*`).join(':');
      const main = 'org.apache.zookeeper.server.ZooKeeperServerMain';
      const own = (child = spawn(java(), ['-Xmx64m', '-cp', classes, main, file], { stdio: 'ignore' }));
      ended = new Promise((resolve) => own.once('exit', resolve));
      const deadline = Date.now() + 60_000;
      while (!(await isWell(port))) {
        if (own.exitCode !== null || Date.now() > deadline) throw new Error('ZooKeeper does not start');
        await sleep(50);
      }
    },
    stop: async () => {
      child?.kill('SIGKILL');
      await ended;
    },
    close: async () => {
      await server.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
  await server.start();
  return server;
}

function java(): string {
  const machines = join(cache, 'usr/lib/jvm');
  const own = existsSync(machines)
    ? readdirSync(machines).map((name) => join(machines, name, 'bin/java'))
    : [];
  return own.find(existsSync) ?? 'java';
}

function isWell(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port }, () => socket.write('ruok'));
    socket.once('data', (data) => resolve(String(data) === 'imok'));
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
  });
}

/** A Marathon's session: what it leaves is gone with it. */
export interface Session {
  readonly client: Client;
  /** Makes the parents too. Resolves with the path, which has a sequence where it was asked for. */
  create(path: string, data: string, mode?: number): Promise<string>;
  remove(path: string): Promise<void>;
  end(): void;
}

export async function openSession(address: string, auth?: string): Promise<Session> {
  const client = zookeeper.createClient(address, { sessionTimeout: 2_000 });
  if (auth !== undefined) client.addAuthInfo('digest', Buffer.from(auth));
  await new Promise<void>((resolve) => {
    client.once('connected', resolve);
    client.connect();
  });
  const promised = <T>(ask: (done: (error: unknown, value: T) => void) => void) =>
    new Promise<T>((resolve, reject) =>
      ask((error, value) =>
        error ? reject(new Error('ZooKeeper refuses', { cause: error })) : resolve(value),
      ),
    );
  return {
    client,
    create: async (path, data, mode = zookeeper.CreateMode.EPHEMERAL) => {
      const parent = path.slice(0, path.lastIndexOf('/'));
      if (parent !== '') await promised((done) => client.mkdirp(parent, done));
      const { ACL, Id, Permission } = zookeeper;
      const owner = auth === undefined ? new Id('world', 'anyone') : new Id('auth', '');
      const acl = [new ACL(Permission.ALL, owner)];
      return promised<string>((done) => client.create(path, Buffer.from(data), acl, mode, done));
    },
    remove: (path) => promised((done) => client.remove(path, -1, done)),
    end: () => client.close(),
  };
}
