/** How a sample task answers HTTP: it tells who it is and what it was asked. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TaskIdentity } from './sample.ts';

const longestDelay = 600_000;
const largestBody = 1 << 30;

export async function answerHttp(
  identity: TaskIdentity,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://sample');
  let bodyLength = 0;
  for await (const chunk of request) bodyLength += (chunk as Buffer).length;
  await pause(numberIn(url, 'delay', longestDelay) ?? identity.spec.delayMs);
  if (url.pathname === '/health') {
    answerHealth(identity, response);
    return;
  }
  const size = numberIn(url, 'size', largestBody);
  if (size !== undefined) return sendBytes(response, size);
  const body = JSON.stringify({
    app: identity.app,
    task: identity.task,
    version: identity.version,
    host: request.socket.localAddress,
    port: request.socket.localPort,
    method: request.method,
    path: request.url,
    headers: request.headers,
    bodyLength,
  });
  const location = url.searchParams.get('location');
  response.writeHead(numberIn(url, 'status', 599) ?? (location === null ? 200 : 302), {
    ...(location === null ? {} : { Location: location }),
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
    'X-Task': identity.task,
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

function answerHealth(identity: TaskIdentity, response: ServerResponse): void {
  const healthy = identity.isHealthy();
  const body = healthy ? 'healthy\n' : 'unhealthy\n';
  response.writeHead(healthy ? 200 : 500, { 'Content-Type': 'text/plain', 'Content-Length': body.length });
  response.end(body);
}

const block = Buffer.alloc(64 * 1024, 'x');

/** In pieces, as fast as the client reads: no large body is held in memory. */
async function sendBytes(response: ServerResponse, size: number): Promise<void> {
  response.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Length': size });
  for (let left = size; left > 0 && !response.destroyed; left -= block.length) {
    const ready = response.write(left < block.length ? block.subarray(0, left) : block);
    if (!ready) await drained(response);
  }
  response.end();
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.on('drain', done).on('close', done);
  });
}

function numberIn(url: URL, name: string, most: number): number | undefined {
  const value = Number(url.searchParams.get(name) ?? Number.NaN);
  return Number.isFinite(value) && value >= 0 ? Math.min(value, most) : undefined;
}

function pause(ms: number): Promise<void> {
  return ms > 0 ? new Promise((resolve) => setTimeout(resolve, ms)) : Promise.resolve();
}
