/** Helpers of the simulator's tests: simulators that end with the test, and a reader of raw event streams. */
import { connect, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { startSimulator, type Simulator, type SimulatorOptions } from '../../src/simulator/simulator.ts';

/** Ends with the test. Health checks come 50 times as often as the apps say. */
export async function simulate(options: SimulatorOptions = {}): Promise<Simulator> {
  const simulator = await startSimulator({
    ...options,
    timings: { healthScale: 0.02, backoffScale: 0.02, ...options.timings },
  });
  onTestFinished(() => simulator.close());
  return simulator;
}

export interface ReceivedEvent {
  readonly eventType: string;
  readonly [field: string]: unknown;
}

export interface RawStream {
  /** All bytes so far. */
  bytes(): string;
  events(): readonly ReceivedEvent[];
  /** Resolves when `done` holds; fails the test after five seconds. */
  until(done: () => boolean): Promise<void>;
  readonly socket: Socket;
  readonly closed: Promise<void>;
  /** Sizes of the pieces the bytes came in. */
  readonly chunks: string[];
}

/** Opens /v2/events with a hand-written request and waits for the attached event. */
export async function openStream(
  url: string,
  query = '',
  headers: readonly string[] = [],
): Promise<RawStream> {
  const stream = rawRequest(url, [
    `GET /v2/events${query} HTTP/1.1`,
    'Host: marathon',
    'Accept: text/event-stream',
    ...headers,
  ]);
  await stream.until(() => stream.bytes().includes('\r\n\r\n'));
  return stream;
}

export async function attachedStream(url: string, query = ''): Promise<RawStream> {
  const stream = await openStream(url, query);
  await stream.until(() => stream.events().some(({ eventType }) => eventType === 'event_stream_attached'));
  return stream;
}

export function rawRequest(url: string, lines: readonly string[], body = ''): RawStream {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  const chunks: string[] = [];
  let ended: () => void = () => undefined;
  const closed = new Promise<void>((resolve) => (ended = resolve));
  socket.on('data', (chunk: Buffer) => chunks.push(chunk.toString('utf8')));
  socket.on('close', () => ended());
  socket.on('error', () => undefined);
  socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`);
  onTestFinished(() => {
    socket.destroy();
  });
  const bytes = (): string => chunks.join('');
  return {
    socket,
    closed,
    chunks,
    bytes,
    events: () => eventsIn(bytes()),
    until: (done) => eventually(done),
  };
}

function eventsIn(bytes: string): readonly ReceivedEvent[] {
  const body = bytes.slice(bytes.indexOf('\r\n\r\n') + 4);
  return body
    .split('\r\n')
    .filter((line) => line.startsWith('data: '))
    .flatMap((line) => {
      try {
        return [JSON.parse(line.slice(6)) as ReceivedEvent];
      } catch {
        return [];
      }
    });
}

export async function eventually(done: () => boolean, what = 'the condition'): Promise<void> {
  const limit = Date.now() + 5000;
  while (!done()) {
    if (Date.now() > limit) throw new Error(`Waited five seconds for ${what}`);
    await sleep(3);
  }
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

const short: Readonly<Record<string, (event: ReceivedEvent) => string>> = {
  status_update_event: (event) => `SU(${String(event['taskStatus'])})`,
  instance_changed_event: (event) => `IC(${String(event['condition'])})`,
  instance_health_changed_event: (event) => `IH(${String(event['healthy'])})`,
  health_status_changed_event: (event) => `HS(${String(event['alive'])})`,
  deployment_info: (event) => `deployment_info(${actionsOf(event)})`,
};

/** The events as the reference writes sequences: SU(x), IC(x), IH(b), HS(b), names. */
export function transcript(events: readonly ReceivedEvent[]): readonly string[] {
  return events
    .filter(({ eventType }) => !eventType.startsWith('event_stream_'))
    .map((event) => short[event.eventType]?.(event) ?? event.eventType);
}

function actionsOf(event: ReceivedEvent): string {
  const { actions } = event['currentStep'] as { actions: { action: string }[] };
  return actions.map(({ action }) => action).join();
}

export interface TaskJson {
  readonly id: string;
  readonly appId: string;
  readonly host: string;
  readonly ports: readonly number[];
  readonly state: string;
  readonly startedAt?: string;
  readonly servicePorts: readonly number[];
  readonly ipAddresses: readonly object[];
  readonly healthCheckResults: readonly object[];
  readonly listensOn: readonly string[];
  readonly answersHealthy: boolean;
}

export interface AppJson {
  readonly id: string;
  readonly cmd: string;
  readonly version: string;
  readonly instances: number;
  readonly tasksHealthy: number;
  readonly tasks: readonly TaskJson[];
  readonly versionInfo: { readonly lastScalingAt: string; readonly lastConfigChangeAt: string };
  readonly portDefinitions: readonly { readonly port: number }[];
  readonly networks: readonly { readonly mode: string }[];
  readonly container: {
    readonly docker: { readonly network?: string };
    readonly portMappings: readonly { readonly servicePort: number }[];
  };
  readonly lastTaskFailure: { readonly state: string };
  readonly healthChecks?: unknown;
  readonly ipAddress?: unknown;
  readonly ports?: unknown;
}

export interface ContainerJson {
  readonly endpoints: readonly { readonly allocatedHostPort: number }[];
}

/** Everything that some answer holds: what a test reads of it is there, or the test fails. */
export interface AnswerJson {
  readonly id: string;
  readonly app: AppJson;
  readonly apps: readonly AppJson[];
  readonly '*': readonly AppJson[];
  readonly task: string;
  readonly tasks: readonly TaskJson[];
  readonly message: string;
  readonly version: string;
  readonly versions: readonly string[];
  readonly deploymentId: string;
  readonly deployments: readonly { readonly id: string }[];
  readonly queue: readonly object[];
  readonly cmd: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly instances: readonly {
    readonly id: string;
    readonly agentHostname: string;
    readonly networks: readonly { readonly addresses: readonly string[] }[];
    readonly containers: readonly ContainerJson[];
  }[];
}

export interface JsonAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: AnswerJson;
}

/** The same for the parts of the API that answer with a list. */
export async function list(url: string): Promise<readonly AnswerJson[]> {
  return (await call(url, 'GET')).body as unknown as readonly AnswerJson[];
}

export async function call(url: string, method: string, body?: unknown): Promise<JsonAnswer> {
  const answer = await fetch(url, {
    method,
    redirect: 'manual',
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await answer.text();
  let parsed: unknown = text;
  try {
    parsed = JSON.parse(text);
  } catch {
    // Not everything is JSON.
  }
  return { status: answer.status, headers: answer.headers, body: parsed as AnswerJson };
}
