/** Switches for everything that can go wrong between a Marathon and its clients. */
import type { Bus, Frame } from './bus.ts';
import type { EventStream } from './stream.ts';

/** What is done to answers of the API; `times` counts down, Infinity lasts until `clear`. */
export type AnswerFault =
  | { readonly kind: 'status'; readonly status: number }
  | { readonly kind: 'unauthorized' }
  | { readonly kind: 'slow'; readonly ms: number }
  | { readonly kind: 'hang' }
  | { readonly kind: 'reset' }
  | { readonly kind: 'truncated' }
  | { readonly kind: 'garbage' }
  | { readonly kind: 'empty-apps' }
  | { readonly kind: 'corrupt-gzip' };

export interface FaultScope {
  /** How many answers; until it is cleared if left out. */
  readonly times?: number;
  /** Only paths that begin like this; `/v2/apps` and everything else under /v2 but the stream if left out. */
  readonly path?: string;
}

interface Armed {
  readonly fault: AnswerFault;
  readonly path: string;
  left: number;
}

/** How many events are still to be hit, of which type (all types if undefined). */
interface Countdown {
  left: number;
  readonly type: string | undefined;
}

const none: Countdown = { left: 0, type: undefined };

function take(countdown: Countdown, { type }: Frame): boolean {
  if (countdown.left <= 0 || (countdown.type !== undefined && countdown.type !== type)) return false;
  countdown.left -= 1;
  return true;
}

export class Faults {
  readonly #streams: ReadonlySet<EventStream>;
  readonly #bus: Bus;
  #armed: Armed[] = [];
  #stalled = false;
  #electionClose = 0;
  #redirect: string | undefined;
  #drop = none;
  #duplicate = none;
  #reorder = none;
  #heldBack: Frame | undefined;

  constructor(streams: ReadonlySet<EventStream>, bus: Bus) {
    this.#streams = streams;
    this.#bus = bus;
    bus.setFilter((frame) => this.#filter(frame));
  }

  // Answers

  /** Answers of the API go wrong: the next `times`, or all until `clear`. */
  answers(fault: AnswerFault, scope: FaultScope = {}): void {
    this.#armed.push({ fault, path: scope.path ?? '/v2/', left: scope.times ?? Infinity });
  }

  /** The fault for this request, counted. Streams have their own faults, save for status and unauthorized. */
  take(path: string): AnswerFault | undefined {
    const isStream = path.startsWith('/v2/events');
    const armed = this.#armed.find((one) => path.startsWith(one.path) && (!isStream || hitsStreams(one)));
    if (!armed) return undefined;
    armed.left -= 1;
    if (armed.left <= 0) this.#armed = this.#armed.filter((one) => one !== armed);
    return armed.fault;
  }

  // Streams

  /** No byte comes any more on open and new streams; the connections stay. */
  stallStreams(): void {
    this.#stalled = true;
    for (const stream of this.#streams) stream.hold();
  }

  /** What was delayed comes now. */
  resumeStreams(): void {
    this.#stalled = false;
    for (const stream of this.#streams) stream.unhold();
  }

  get stalled(): boolean {
    return this.#stalled;
  }

  /** Marathon has forgotten the open streams, but their connections stay open and silent. */
  halfOpenStreams(): void {
    for (const stream of this.#streams) stream.forget();
  }

  cutStreams(options: { midFrame?: boolean } = {}): void {
    for (const stream of [...this.#streams]) stream.cut(options.midFrame ?? false);
  }

  /** The next streams get 200 and are closed at once, with no attached event: an election is going on. */
  closeNewStreams(times: number): void {
    this.#electionClose = times;
  }

  takeElectionClose(): boolean {
    if (this.#electionClose <= 0) return false;
    this.#electionClose -= 1;
    return true;
  }

  /** This node is not the leader: streams are sent to `url`; undefined ends it. */
  redirectStreams(url: string | undefined): void {
    this.#redirect = url;
  }

  get redirect(): string | undefined {
    return this.#redirect;
  }

  // Events

  /** The next `times` events (of one type) are lost. */
  dropEvents(times: number, type?: string): void {
    this.#drop = { left: times, type };
  }

  duplicateEvents(times: number, type?: string): void {
    this.#duplicate = { left: times, type };
  }

  /** The next events (of one type) change places with those after them. */
  reorderEvents(times: number, type?: string): void {
    this.#reorder = { left: times, type };
  }

  /** A frame with an event name and no JSON. */
  garbageFrame(text = 'event: status_update_event\r\ndata: {"slaveId": garbage\r\n\r\n'): void {
    this.#bus.deliver({ type: 'status_update_event', text });
  }

  /** One event of about this many bytes. */
  bigEvent(bytes: number): void {
    const message = 'x'.repeat(bytes);
    const data = { frameworkId: 'big', message, eventType: 'framework_message_event' };
    const text = `event: framework_message_event\r\ndata: ${JSON.stringify(data)}\r\n\r\n`;
    for (const stream of this.#streams) stream.writeRaw(text);
  }

  /** One event on each open stream that never ends. */
  endlessEvent(): void {
    for (const stream of this.#streams) stream.writeEndless('event: status_update_event\r\ndata: "');
  }

  /** [marathon] Until 1.6 deployment events carry the whole root group, twice: one of about this many bytes. */
  bigPlan(bytes: number): void {
    const group = { id: '/', apps: [{ id: '/big', env: { FILLER: 'x'.repeat(bytes / 2) } }] };
    const version = new Date().toISOString();
    const plan = { id: 'big', original: group, target: group, steps: [], version };
    const data = { plan, currentStep: { actions: [] }, eventType: 'deployment_info', timestamp: version };
    this.#bus.deliver({
      type: 'deployment_info',
      text: `event: deployment_info\r\ndata: ${JSON.stringify(data)}\r\n\r\n`,
    });
  }

  clear(): void {
    this.#armed = [];
    this.#electionClose = 0;
    this.#redirect = undefined;
    this.#drop = none;
    this.#duplicate = none;
    this.#reorder = none;
    if (this.#stalled) this.resumeStreams();
    if (this.#heldBack) this.#bus.deliver(this.#heldBack);
    this.#heldBack = undefined;
  }

  #filter(frame: Frame): readonly Frame[] {
    // The attached event belongs to the connection: without it no client would ever begin.
    if (frame.type.startsWith('event_stream_')) return [frame];
    if (take(this.#drop, frame)) return [];
    if (this.#heldBack) {
      const late = this.#heldBack;
      this.#heldBack = undefined;
      return [frame, late];
    }
    if (take(this.#reorder, frame)) {
      this.#heldBack = frame;
      return [];
    }
    return take(this.#duplicate, frame) ? [frame, frame] : [frame];
  }
}

function hitsStreams({ fault }: Armed): boolean {
  return fault.kind === 'status' || fault.kind === 'unauthorized';
}
