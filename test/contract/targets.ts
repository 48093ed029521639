/** What HAProxy's servers lead to: tasks that listen here, and say what came. */
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import type { Task } from '../../src/core/model/model.ts';
import { aTask } from '../support/apps.ts';
import { makePem } from '../support/certificate.ts';
import { freePorts } from '../support/haproxy.ts';

export interface Target {
  readonly port: number;
  /** `GET /path`, each request once. */
  readonly heard: Set<string>;
  /** What it answers to checks and requests. */
  status: number;
}

/** A task on 127.0.0.1. */
export const taskAt = (app: string, port: number, parts: Partial<Task> = {}): Task =>
  aTask(app, port, { host: '127.0.0.1', ports: [port], ...parts });

/** The name of that task's server. */
export const nameAt = (port: number): string => `127_0_0_1_${port}`;

/** A task that nobody listens for. */
export const silentTask = (app: string, n: number, parts: Partial<Task> = {}): Task =>
  aTask(app, n, { host: `127.1.${n >> 8}.${n & 255}`, ports: [31000 + n], ...parts });

export const silentName = (n: number): string => `127_1_${n >> 8}_${n & 255}_${31000 + n}`;

export async function target(kind: 'http' | 'https' | 'tcp', status = 200): Promise<Target> {
  const heard = new Set<string>();
  const made = { port: 0, heard, status };
  const answer: RequestListener = (request, response) => {
    heard.add(`${request.method ?? ''} ${request.url ?? ''}`);
    response.writeHead(made.status).end(`${made.port}`);
  };
  const servers = { http: () => createHttpServer(answer), https: () => secure(answer), tcp: echo };
  made.port = await listen(await servers[kind]());
  return made;
}

async function secure(answer: RequestListener): Promise<Server> {
  const pem = await makePem('localhost');
  return createHttpsServer({ key: pem, cert: pem }, answer);
}

function echo(): Server {
  return createServer((socket) => {
    socket.on('error', () => undefined);
    socket.pipe(socket);
  });
}

async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const [port = 0] = await freePorts(1);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return port;
}

export interface HeldSession {
  /** Says something over it. @returns what came back */
  readonly say: (text: string) => Promise<string>;
  readonly end: () => void;
}

/** A TCP session that was answered once, and stays. */
export async function heldSession(port: number): Promise<HeldSession> {
  const socket = connect({ host: '127.0.0.1', port });
  socket.setEncoding('utf8');
  socket.on('error', () => undefined);
  onTestFinished(() => {
    socket.destroy();
  });
  const say = (text: string) =>
    new Promise<string>((resolve, reject) => {
      const lost = () => reject(new Error('the session was closed'));
      socket.once('close', lost);
      socket.once('data', (chunk) => {
        socket.off('close', lost);
        resolve(String(chunk));
      });
      socket.write(text);
    });
  await say('hello');
  return { say, end: () => socket.destroy() };
}
