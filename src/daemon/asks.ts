/** What the daemon is asked for while it runs, by signals of the process or over HTTP. */
import type { EventEmitter } from 'node:events';

/** Each with its cause, for logs. */
export type Asks = EventEmitter<{
  /** Fetch everything from Marathon and apply it. */
  refetch: [cause: string];
  /** Make HAProxy read its configuration anew. */
  reload: [cause: string];
}>;
