/** What tests with a real HAProxy share: folders and ports that are free, and small configurations. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { freePorts } from './free-ports.ts';
import type { HaproxyControl } from '../../src/haproxy/control/control.ts';
import type { HaproxyEvent } from '../../src/haproxy/control/events.ts';
import { activate, activeConfigFile, publishRevision } from '../../src/haproxy/files/publish.ts';
import { superviseHaproxy } from '../../src/haproxy/control/supervise.ts';
import { parseVersion } from '../../src/haproxy/machine/version.ts';

export { freePorts };

/** TEST_HAPROXY runs the tests with another version. */
export const haproxyProgram = process.env['TEST_HAPROXY'] ?? '/usr/sbin/haproxy';
export const installedVersion = parseVersion(execFileSync(haproxyProgram, ['-v'], { encoding: 'utf8' }))!;

/** A folder that goes with the test. Its name is short, since socket paths must be. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'pacer-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

export interface ConfigOptions {
  readonly hash: string;
  readonly port: number;
  readonly runtimeSocket: string;
  /** Lines after everything else. */
  readonly extra?: string;
}

/** A frontend that answers the value its map has for the Host header, so that a test sees which revision serves. */
export function configuration({ hash, port, runtimeSocket, extra = '' }: ConfigOptions): string {
  return `global
  default-path config
  setenv PACER_HASH ${hash}
  maxconn 500
  hard-stop-after 10s
  stats socket ${runtimeSocket} mode 600 level admin expose-fd listeners
defaults
  mode http
  timeout client 5s
  timeout server 5s
  timeout connect 1s
  timeout http-keep-alive 1s
  option idle-close-on-response
frontend web
  bind 127.0.0.1:${port}
  http-request return status 200 content-type text/plain lf-string "%[req.hdr(host),map_str(maps/hosts.map,none)]"
${extra}`;
}

export interface Published {
  readonly hash: string;
  readonly file: string;
}

export interface TestHaproxy {
  readonly control: HaproxyControl;
  readonly stateDir: string;
  readonly port: number;
  readonly runtimeSocket: string;
  readonly masterSocket: string;
  readonly events: HaproxyEvent[];
  /** Publishes and activates a revision whose frontend answers `answer` to `Host: h`. */
  readonly publish: (number: number, answer: string, extra?: string) => Promise<Published>;
  /** What the frontend answers. */
  readonly answer: () => Promise<string>;
}

/** Everything a supervised HAProxy needs, not started; stopped at the end of the test. */
export async function testHaproxy(stopGraceMs = 0): Promise<TestHaproxy> {
  const stateDir = temporaryFolder();
  const [port = 0] = await freePorts(1);
  const runtimeSocket = path.join(stateDir, 'admin.sock');
  const events: HaproxyEvent[] = [];
  const control = superviseHaproxy({
    program: haproxyProgram,
    version: installedVersion,
    runDir: stateDir,
    runtimeSocket,
    stopGraceMs,
    startDeadlineMs: 20_000,
    reloadDeadlineMs: 20_000,
    log: (event) => events.push(event),
  });
  onTestFinished(() => control.stop());
  return {
    control,
    stateDir,
    port,
    runtimeSocket,
    masterSocket: path.join(stateDir, 'master.sock'),
    events,
    publish: async (number, answer, extra = '') => {
      const hash = createHash('sha256').update(`${number} ${answer} ${extra}`).digest('hex');
      const files = new Map([
        ['haproxy.cfg', configuration({ hash, port, runtimeSocket, extra })],
        ['maps/hosts.map', `h ${answer}\n`],
      ]);
      const revision = await publishRevision(stateDir, { number, hash, files });
      await activate(stateDir, revision.directory);
      return { hash, file: activeConfigFile(stateDir) };
    },
    answer: () => get(port),
  };
}

/** The body of `GET /` with `Host: h`. */
export function get(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    request({ port, host: '127.0.0.1', headers: { host: 'h' }, agent: false }, (response) => {
      response.setEncoding('utf8');
      let body = '';
      response.on('data', (chunk: string) => (body += chunk));
      response.on('end', () => resolve(body));
    })
      .on('error', reject)
      .end();
  });
}

/** A unix socket server that answers each line with what `reply` returns, for faults no HAProxy can be made to show. */
export async function fakeSocket(
  socketPath: string,
  answer: (line: string, socket: Socket) => void,
): Promise<Server> {
  const server = createServer((socket) => {
    socket.setEncoding('utf8');
    let rest = '';
    socket.on('error', () => undefined);
    socket.on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) answer(line, socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  onTestFinished(() => {
    server.close();
  });
  return server;
}

/** Asks until the answer is yes; the test's own time limit ends it. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(20);
}
