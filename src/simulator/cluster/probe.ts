/** One health check of one task, over the network. */
import { get as httpGet, type IncomingMessage } from 'node:http';
import { get as httpsGet } from 'node:https';
import { connect } from 'node:net';
import type { Endpoint } from '../samples/sample.ts';
import type { HealthCheckSpec } from '../definitions/spec.ts';

/** Undefined = healthy; else what went wrong. */
export type Verdict = string | undefined;

export function probe(check: HealthCheckSpec, endpoint: Endpoint): Promise<Verdict> {
  return check.kind === 'tcp' ? probeTcp(check, endpoint) : probeHttp(check, endpoint);
}

function probeTcp(check: HealthCheckSpec, { address, port }: Endpoint): Promise<Verdict> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, timeout: check.timeoutMs });
    const settle = (verdict: Verdict): void => {
      resolve(verdict);
      socket.destroy();
    };
    socket.on('connect', () => settle(undefined));
    socket.on('timeout', () => settle('TimeoutException: connect timed out'));
    socket.on('error', (error) => settle(`ConnectException: ${error.message}`));
  });
}

/** [marathon] 200 to 399 is healthy. */
const isHealthy = (status: number): boolean => status >= 200 && status < 400;

export function probeHttp(
  check: Pick<HealthCheckSpec, 'kind' | 'path' | 'timeoutMs'>,
  { address, port }: Endpoint,
  isGood = isHealthy,
): Promise<Verdict> {
  return new Promise((resolve) => {
    const options = { host: address, port, path: check.path, timeout: check.timeoutMs, agent: false };
    const answered = (response: IncomingMessage): void => {
      response.resume();
      const { statusCode = 0, statusMessage = '' } = response;
      resolve(isGood(statusCode) ? undefined : `${statusCode} ${statusMessage}`);
    };
    const request =
      check.kind === 'https'
        ? // [marathon] The certificate of a task is not verified.
          httpsGet({ ...options, rejectUnauthorized: false }, answered)
        : httpGet(options, answered);
    request.on('timeout', () => request.destroy(new Error('AskTimeoutException: no answer in time')));
    request.on('error', (error) => resolve(error.message));
  });
}
