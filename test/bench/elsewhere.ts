/**
 * What is on other machines in real life, played by a HAProxy of its own: the tasks, and the wire to Marathon.
 *
 * The tasks answer with the address that was asked; the wire is passed on and counted, by what is fetched. In
 * the simulator's process both would wait for it: a change makes its event loop stand still for up to 8 ms.
 */
import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from '../support/free-ports.ts';
import { CliSession } from '../../src/haproxy/cli/cli-session.ts';
import { parseStat, type StatRow } from '../../src/haproxy/replies/stat.ts';

export type WireCounts = Record<'fetchedBytes' | 'requests' | 'listBytes' | 'lists' | 'streamBytes', number>;

export interface Elsewhere {
  /** Of every agent: whatever address is asked on one of them answers. */
  readonly taskPorts: readonly number[];
  /** Where Marathon is reached. */
  readonly marathonPort: number;
  /** Bytes of answers with their headers. Grows only. */
  readonly counts: () => Promise<WireCounts>;
  readonly close: () => Promise<void>;
}

/** The number of tasks an agent can run. */
const taskPortCount = 64;

/** @param simulatorPort where the simulator is going to listen */
export async function startElsewhere(
  directory: string,
  simulatorPort: number,
  haproxyBin = 'haproxy',
): Promise<Elsewhere> {
  const [marathonPort = 0, ...taskPorts] = await freePorts(taskPortCount + 1);
  const socket = join(directory, 'elsewhere.sock');
  const file = join(directory, 'elsewhere.cfg');
  await writeFile(file, configuration({ marathonPort, simulatorPort, taskPorts, socket }));
  const child = spawn(haproxyBin, ['-db', '-f', file], { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const close = async () => {
    child.kill();
    await ended;
  };
  const counts = async () => countsIn(parseStat(await showStat(socket)));
  for (let tries = 1; !(await counts().then(Boolean, () => false)); tries++) {
    if (tries === 100) {
      await close();
      throw new Error('the HAProxy that plays tasks and wire does not start');
    }
    await sleep(20);
  }
  return { taskPorts, marathonPort, counts, close };
}

const configuration = (it: {
  readonly marathonPort: number;
  readonly simulatorPort: number;
  readonly taskPorts: readonly number[];
  readonly socket: string;
}): string => `global
  maxconn 2000
  nbthread 1
  stats socket ${it.socket} mode 600 level admin
defaults
  mode http
  option http-no-delay
  option contstats
  timeout connect 5s
  timeout client 10m
  timeout server 10m
frontend tasks
${it.taskPorts.map((port) => `  bind 0.0.0.0:${port}`).join('\n')}
  http-request return status 200 content-type application/json lf-string "{\\"task\\":\\"%[dst]:%[dst_port]\\"}"
frontend marathon
  bind 127.0.0.1:${it.marathonPort}
  use_backend stream if { path /v2/events }
  use_backend list if { path /v2/apps } { query -m found }
  default_backend fetched
${['stream', 'list', 'fetched'].map((name) => `backend ${name}\n  server simulator 127.0.0.1:${it.simulatorPort}`).join('\n')}
`;

async function showStat(socket: string): Promise<string> {
  const session = await CliSession.open(socket);
  try {
    return await session.ask('show stat\n');
  } finally {
    session.close();
  }
}

/** [haproxy] management.txt 9.1: `bout` and `lbtot` of a backend. */
function countsIn(rows: readonly StatRow[]): WireCounts {
  const of = (name: string, column: string) =>
    Number(rows.find(({ proxy, kind }) => proxy === name && kind === 'backend')?.value(column) ?? NaN);
  return {
    fetchedBytes: of('fetched', 'bout'),
    requests: of('fetched', 'lbtot'),
    listBytes: of('list', 'bout'),
    lists: of('list', 'lbtot'),
    streamBytes: of('stream', 'bout'),
  };
}
