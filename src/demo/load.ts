/** A small load that counts failures: a request fails if it does not get the expected answer. */
import { Agent as HttpAgent, request as httpRequest, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { messageOf } from '../errors.ts';

/** An address that answers HTTP requests. */
export interface HttpTarget {
  readonly kind: 'http' | 'https';
  readonly port: number;
  readonly host: string;
  readonly path: string;
  /** `user:password` */
  readonly auth?: string;
  readonly status: number;
  readonly keepAlive: boolean;
}

/** A port that echoes what it gets. */
export interface TcpTarget {
  readonly kind: 'tcp';
  readonly port: number;
}

/** Where requests are sent. */
export type Target = HttpTarget | TcpTarget;

/** How many requests were sent, and how many failed. */
export interface Counts {
  requests: number;
  failed: number;
  /** The first failures, as text. */
  failures: string[];
}

/** A running load. */
export interface Load {
  readonly counts: Counts;
  readonly stop: () => Promise<void>;
}

const pauseMs = 20;
const patienceMs = 20_000;

/** Starts one client per target; each sends one request after the other. */
export function startLoad(targets: readonly Target[]): Load {
  const counts: Counts = { requests: 0, failed: 0, failures: [] };
  let stopped = false;
  const clients = targets.map(async (target) => {
    const send = target.kind === 'tcp' ? () => echo(target) : httpClient(target);
    while (!stopped) {
      const problem = await send().catch(messageOf);
      counts.requests += 1;
      if (problem !== undefined) {
        counts.failed += 1;
        if (counts.failures.length < 20) counts.failures.push(`${describe(target)}: ${problem}`);
      }
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  });
  return {
    counts,
    stop: async () => {
      stopped = true;
      await Promise.all(clients);
    },
  };
}

const describe = (target: Target): string =>
  target.kind === 'tcp'
    ? `tcp :${target.port}`
    : `${target.kind}://${target.host}:${target.port}${target.path}`;

/** @returns a function that sends one request and returns what was wrong with the answer; undefined if nothing was */
function httpClient(target: HttpTarget): () => Promise<string | undefined> {
  const agentOptions = { keepAlive: target.keepAlive, maxSockets: 1 };
  const agent =
    target.kind === 'https'
      ? new HttpsAgent({ ...agentOptions, rejectUnauthorized: false })
      : new HttpAgent(agentOptions);
  const options: RequestOptions & { servername: string } = {
    agent,
    host: '127.0.0.1',
    port: target.port,
    path: target.path,
    servername: target.host,
    headers: { Host: `${target.host}:${target.port}` },
    ...(target.auth === undefined ? {} : { auth: target.auth }),
    timeout: patienceMs,
  };
  const open = target.kind === 'https' ? httpsRequest : httpRequest;
  return () =>
    new Promise((resolve, reject) => {
      const request = open(options, (response) => {
        response.resume();
        response.once('error', reject);
        response.once('end', () => {
          const status = response.statusCode ?? 0;
          resolve(status === target.status ? undefined : `answered ${status}, not ${target.status}`);
        });
      });
      request.once('timeout', () => request.destroy(new Error(`no answer within ${patienceMs} ms`)));
      request.once('error', reject);
      request.end();
    });
}

function echo({ port }: TcpTarget): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const text = `hello ${Math.random()}\n`;
    let answer = '';
    const socket = connect({ host: '127.0.0.1', port, timeout: patienceMs }, () => socket.write(text));
    socket.on('data', (chunk) => {
      answer += chunk.toString();
      if (answer.includes(text)) socket.destroy();
    });
    socket.once('timeout', () => socket.destroy(new Error(`no echo within ${patienceMs} ms`)));
    socket.once('error', reject);
    socket.once('close', () => resolve(answer.includes(text) ? undefined : 'closed without an echo'));
  });
}
