/** The contract's world with a real HAProxy of TEST_HAPROXY's version, under each of the real controls. */
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { request } from 'node:http';
import { connect, createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { attachHaproxy } from '../../src/haproxy/control/attach.ts';
import { commandHaproxy } from '../../src/haproxy/control/command.ts';
import type { HaproxyControl } from '../../src/haproxy/control/control.ts';
import { isAlive, isFrozen, signal } from '../../src/haproxy/process/proc-fs.ts';
import { parseProc } from '../../src/haproxy/replies/proc.ts';
import { activate, activeConfigFile, publishRevision } from '../../src/haproxy/files/publish.ts';
import { runtimeBatch } from '../../src/haproxy/cli/runtime-socket.ts';
import { superviseHaproxy } from '../../src/haproxy/control/supervise.ts';
import { freePorts, haproxyProgram, installedVersion, temporaryFolder, until } from '../support/haproxy.ts';
import { contractFiles, type ControlTarget, type ControlWorld } from './control-world.ts';
import { heldSession, target } from './targets.ts';

interface Sockets {
  readonly folder: string;
  readonly masterSocket: string;
  readonly runtimeSocket: string;
}

/** As an operator's script would reload. Node stands for socat, which may be missing. */
const reloadCommand = (masterSocket: string) =>
  `${process.execPath} -e 'require("node:net").connect(process.argv[1]).end("reload\\n").resume()' ${masterSocket}`;

const deadlines = { startDeadlineMs: 20_000, reloadDeadlineMs: 20_000 };
const supervise = ({ folder, runtimeSocket }: Sockets): HaproxyControl =>
  superviseHaproxy({
    ...{ program: haproxyProgram, version: installedVersion, runDir: folder, runtimeSocket, stopGraceMs: 0 },
    ...deadlines,
  });
const attach = ({ masterSocket, runtimeSocket }: Sockets): HaproxyControl =>
  attachHaproxy({ masterSocket, runtimeSocket, ...deadlines });
const attachBlind = ({ masterSocket }: Sockets): HaproxyControl =>
  attachHaproxy({ masterSocket, ...deadlines });
const command = ({ masterSocket, runtimeSocket }: Sockets): HaproxyControl =>
  commandHaproxy({
    ...{ command: reloadCommand(masterSocket), runtimeSocket },
    ...{ maxReloadRetries: 0, retryIntervalMs: 10, deadlineMs: 3_000 },
  });
const commandBlind = ({ masterSocket }: Sockets): HaproxyControl =>
  commandHaproxy({
    ...{ command: reloadCommand(masterSocket), maxReloadRetries: 0, retryIntervalMs: 10, deadlineMs: 3_000 },
  });

const version = installedVersion.version;
export const realTargets: readonly ControlTarget[] = [
  real('supervise', 'supervise', true, supervise),
  real('attach', 'attach', true, attach),
  real('attach without a runtime socket', 'attach', false, attachBlind),
  real('command', 'command', true, command),
  real('command without a runtime socket', 'command', false, commandBlind),
];

function real(
  title: string,
  mode: ControlTarget['mode'],
  runtimeSocket: boolean,
  make: (sockets: Sockets) => HaproxyControl,
): ControlTarget {
  return { title: `${title}, HAProxy ${version}`, mode, runtimeSocket, open: () => open(mode, make) };
}

async function open(
  mode: ControlTarget['mode'],
  make: (sockets: Sockets) => HaproxyControl,
): Promise<ControlWorld> {
  const folder = temporaryFolder();
  const sockets = {
    ...{ folder, masterSocket: path.join(folder, 'master.sock') },
    runtimeSocket: path.join(folder, 'haproxy.sock'),
  };
  const [http = 0, tcp = 0, extra = 0] = await freePorts(3);
  const [one, two, echo] = [await target('http'), await target('http'), await target('tcp')];
  const ports = { http, tcp, extra, one: one.port, two: two.port, echo: echo.port };
  const runner = supervise(sockets);
  const control = mode === 'supervise' ? runner : make(sockets);
  const controls = [runner, control];
  const frozen = new Set<number>();
  /** All that it has had: a master that was killed leaves a worker for a moment. */
  const pids = new Set<number>();
  const see = async () => {
    const [reply] = await runtimeBatch(sockets.masterSocket, ['show proc'], { master: true });
    const table = parseProc(reply?.text ?? '');
    const worker = table?.workers[0]?.pid;
    for (const pid of [table?.master.pid, worker]) if (pid !== undefined) pids.add(pid);
    return { master: table?.master.pid, worker };
  };
  const thaw = () => {
    for (const pid of frozen) signal(pid, 'SIGCONT');
    frozen.clear();
    return Promise.resolve();
  };
  onTestFinished(async () => {
    await thaw();
    for (const each of controls) each.detach();
    await runner.stop();
    for (const pid of pids) if (await isAlive(pid)) signal(pid, 'SIGKILL');
  });
  let number = 0;
  return {
    control,
    versionText: /version (\S+)/.exec(execFileSync(haproxyProgram, ['-v'], { encoding: 'utf8' }))?.[1] ?? '',
    another: () => {
      const made = make(sockets);
      controls.push(made);
      return made;
    },
    publish: async (parts) => {
      number += 1;
      const hash = `hash-${number}`;
      const files = contractFiles(hash, sockets.runtimeSocket, ports, parts);
      const { directory } = await publishRevision(folder, { number, hash, files });
      await activate(folder, directory);
      return hash;
    },
    start: async (hash) => {
      await runner.start(activeConfigFile(folder), hash);
      await see();
      if (control !== runner) await control.start(activeConfigFile(folder), hash);
    },
    settle: (work) => work,
    until,
    request: async (host) => {
      const answer = await ask(http, host);
      return (
        new Map([
          [String(one.port), 'task-1'],
          [String(two.port), 'task-2'],
        ]).get(answer) ?? answer
      );
    },
    session: async () => (await heldSession(tcp)).end,
    reloadBySomebodyElse: async () => {
      const before = await see();
      const socket = connect({ path: sockets.masterSocket });
      socket.on('error', () => undefined);
      socket.end('reload\n').resume();
      await until(async () => {
        const { worker } = await see().catch(() => before);
        return worker !== undefined && worker !== before.worker;
      });
    },
    kill: async () => {
      const { master, worker } = await see();
      for (const pid of [master, worker]) if (pid !== undefined) signal(pid, 'SIGKILL');
      for (const pid of pids) await until(async () => !(await isAlive(pid)));
    },
    freeze: async (which) => {
      const { master, worker } = await see();
      if (master !== undefined && which !== 'worker') frozen.add(master);
      if (worker !== undefined && which !== 'master') frozen.add(worker);
      for (const pid of frozen) {
        signal(pid, 'SIGSTOP');
        // One with several threads may answer for a moment yet.
        await until(() => isFrozen(pid));
      }
    },
    thaw,
    removeSockets: (...which) => {
      for (const each of which)
        rmSync(each === 'master' ? sockets.masterSocket : sockets.runtimeSocket, { force: true });
    },
    takePort: async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(extra, '127.0.0.1', resolve));
      onTestFinished(() => {
        server.close();
      });
    },
  };
}

async function ask(port: number, host: string): Promise<string> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await once(port, host);
    } catch (error) {
      if (attempt > 20) throw error;
      await sleep(50);
    }
  }
}

/** The body of a task's answer; the status of HAProxy's own. */
function once(port: number, host: string): Promise<string> {
  return new Promise((resolve, reject) => {
    request({ port, host: '127.0.0.1', headers: { host }, agent: false, timeout: 1_500 }, (response) => {
      response.setEncoding('utf8');
      let body = '';
      response.on('data', (chunk: string) => (body += chunk));
      response.on('end', () => resolve(response.statusCode === 200 ? body : String(response.statusCode)));
    })
      .on('timeout', () => resolve('hangs'))
      .on('error', (error: NodeJS.ErrnoException) => {
        if (error.code === 'ECONNREFUSED') resolve('refused');
        else reject(error);
      })
      .end();
  });
}
