/** The event bus: what happens in the cluster is published here, once, as text that all streams share. */
import type { MarathonEvent } from './events.ts';

export interface Frame {
  readonly type: string;
  readonly text: string;
}

/** [marathon] Lines end in CRLF, one space after the colon, the JSON always on one line. */
export function frameOf(published: MarathonEvent): Frame {
  const text = `event: ${published.eventType}\r\ndata: ${JSON.stringify(published)}\r\n\r\n`;
  return { type: published.eventType, text };
}

export type Listener = (frame: Frame) => void;
/** Stands between the bus and the streams: gives the frames to deliver for one frame (faults). */
export type Filter = (frame: Frame) => readonly Frame[];

export class Bus {
  readonly #listeners = new Set<Listener>();
  readonly #watchers = new Set<(published: MarathonEvent) => void>();
  #filter: Filter = (frame) => [frame];

  publish(published: MarathonEvent): void {
    for (const watcher of [...this.#watchers]) watcher(published);
    if (this.#listeners.size === 0) return;
    for (const frame of this.#filter(frameOf(published))) this.deliver(frame);
  }

  /** Past the filter: for frames that faults make. */
  deliver(frame: Frame): void {
    for (const listener of [...this.#listeners]) listener(frame);
  }

  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Sees every event as an object, whether or not a stream is open. */
  watch(watcher: (published: MarathonEvent) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  setFilter(filter: Filter): void {
    this.#filter = filter;
  }

  get size(): number {
    return this.#listeners.size;
  }
}
