/**
 * A HAProxy in memory, for tests of whole pipelines: thousands a minute, the same each time, and with faults that no
 * real one can be made to show.
 *
 *     const fake = fakeHaproxy({ version: '3.4.7-1' });
 *     const control = fake.control({ mode: 'attach' });         // a HaproxyControl; several at once are several daemons
 *     const publisher = fake.publisher({ control });            // a Publisher; both work on fake.disk
 *     fake.disk.files.set('/certs/a.pem', pem);                 // a file that a configuration names
 *     await publisher.apply(await publisher.write(rendering, desired, 'first'), rendering.hash, false);
 *     fake.request({ host: 'web.example' });                    // { kind: 'servers', backend, servers: [{ address, port, ... }] }
 *
 * Time is `fake.clock`: pass `clock.now`, `clock.sleep` and `clock.later` to what is tested, and let time pass with
 * `await clock.advance(ms)` or `await clock.until(() => done, withinMs)`. A call that waits (a frozen HAProxy, a
 * fault, a reload with `reloadMs`) goes on only then; with none of these every call is over without any time.
 *
 * From outside: `fake.haproxy.freeze('worker' | 'master' | 'both')` and `thaw()`, `kill()`, `restart('3.2.26-1')`,
 * `removeSockets('master')`,
 * `reload()` as somebody else's, `program` for what the next reload executes, `takenPorts` for ports that a stranger
 * holds, `dead` and `runChecks()` for tasks that do not answer, `objection` for lines that HAProxy refuses.
 * `fake.session('backend/server')` is a client that stays: it keeps a server from being deleted, and an old worker alive.
 *
 * Faults: `fake.faults = scripted([...])`, `always({ kind: 'hang' }, 'runtime')`, or any function of the call; with
 * fast-check, `someFaults().map((faults) => scripted(faults))`. They hit `HaproxyControl` and `Publisher` alike.
 *
 * What it knows of HAProxy is held against the real ones: test/contract/differential.test.ts sends the same commands to
 * both. It does not judge options that Pacer renders, asks no DNS, and speaks no HTTP. Of `show info` and `show stat`
 * it has the lines and columns that somebody reads; every other reply is the real one's, but for the list of similar
 * commands that an unknown one is answered with, and for the ids of maps, which HAProxy
 * counts together with other patterns. A health check has its first answer as soon as a worker starts, later
 * ones at `runChecks()`.
 */
import type { Publisher } from '../../../src/daemon/publish/publisher.ts';
import { FakeControl, type FakeControlOptions } from './control.ts';
import type { FakeDisk } from './disk.ts';
import type { VirtualClock } from './clock.ts';
import { noFaults, type FakeCall, type Fault, type FaultPlan } from './faults.ts';
import { FakeProcesses, type FakeProcessesOptions } from './processes.ts';
import { fakePublisher, type FakePublisherOptions } from './publisher.ts';
import { requestAnswer, type FakeRequest, type RequestAnswer } from './requests.ts';

export * from './faults.ts';
export { VirtualClock, settled } from './clock.ts';
export { FakeDisk } from './disk.ts';
export type { FakeRequest, RequestAnswer } from './requests.ts';

export class FakeHaproxy {
  readonly haproxy: FakeProcesses;
  /** What goes wrong; asked at each call of a control or a publisher. */
  faults: FaultPlan = noFaults;
  /** Every call so far, as the fault plan saw it. */
  readonly calls: FakeCall[] = [];

  constructor(options: FakeProcessesOptions) {
    this.haproxy = new FakeProcesses(options);
  }

  get clock(): VirtualClock {
    return this.haproxy.clock;
  }

  get disk(): FakeDisk {
    return this.haproxy.disk;
  }

  control(options: FakeControlOptions = {}): FakeControl {
    return new FakeControl(this.haproxy, options, (call) => this.#next(call));
  }

  publisher(options: FakePublisherOptions): Publisher {
    return fakePublisher(this.haproxy, options, (call) => this.#next(call));
  }

  /** Which servers a request would reach now. */
  request(request: FakeRequest): RequestAnswer {
    return requestAnswer(this.haproxy, request);
  }

  /** `<address>:<port>` of all that a request may reach now; empty where none does. */
  reached(request: FakeRequest): string[] {
    const answer = this.request(request);
    return answer.kind === 'servers' ? answer.servers.map(({ address, port }) => `${address}:${port}`) : [];
  }

  /** A client's session with a server of the worker that serves. @returns what ends it */
  session(path: string): () => void {
    const [backend = '', name = ''] = path.split('/');
    const server = this.haproxy.current?.backends.get(backend)?.servers.find((each) => each.name === name);
    if (server === undefined) throw new Error(`HAProxy has no server ${path}`);
    server.sessions += 1;
    return () => {
      server.sessions = Math.max(0, server.sessions - 1);
      this.haproxy.sessionsChanged();
    };
  }

  #next(call: Omit<FakeCall, 'number'>): Fault | undefined {
    const numbered = { ...call, number: this.calls.length };
    this.calls.push(numbered);
    return this.faults(numbered);
  }
}

export const fakeHaproxy = (options: FakeProcessesOptions = {}): FakeHaproxy => new FakeHaproxy(options);
