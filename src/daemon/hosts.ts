/**
 * The addresses of agents' host names: looked up once, looked up again in the background when they grow old,
 * and the last answer kept when the look-up fails. Deriving never waits for a name it has seen.
 */
import { lookup } from 'node:dns/promises';
import { isIp } from '../core/labels/address.ts';

export interface HostTable {
  /** The address as far as it is known now. */
  readonly resolve: (host: string) => string | undefined;
  /** Looks up names that were never asked for; waits for those, but not longer than `limitMs`. */
  readonly learn: (hosts: Iterable<string>, limitMs: number) => Promise<void>;
  readonly close: () => void;
}

export interface HostTableOptions {
  /** Called when a name that was in use got another address. */
  readonly onChange: (host: string) => void;
  /** Milliseconds after which a name is looked up again. */
  readonly ttlMs?: number;
  readonly lookup?: (host: string) => Promise<string>;
  /** Answers of an earlier time: they hold until there are others. */
  readonly known?: ReadonlyMap<string, string>;
  /** Told all answers, a while after some changed. */
  readonly save?: (hosts: ReadonlyMap<string, string>) => void;
}

/** Milliseconds that a change waits to be saved. */
const saveMs = 2000;

interface Entry {
  address: string | undefined;
  /** The look-up under way, if one is. */
  running: Promise<void> | undefined;
}

export function hostTable({
  onChange,
  ttlMs = 60_000,
  lookup: ask = systemLookup,
  known = new Map(),
  save = () => undefined,
}: HostTableOptions): HostTable {
  const entries = new Map<string, Entry>();
  let saving: NodeJS.Timeout | undefined;
  const answers = () =>
    new Map([...entries].flatMap(([host, { address }]) => (address === undefined ? [] : [[host, address]])));

  const refresh = (host: string, entry: Entry): Promise<void> => {
    entry.running ??= ask(host)
      .then((address) => {
        if (address === entry.address) return;

        entry.address = address;
        onChange(host);
        saving ??= setTimeout(() => {
          saving = undefined;
          save(answers());
        }, saveMs).unref();
      })
      // The last answer is kept: a resolver that is away must not take servers away.
      .catch(() => undefined)
      .finally(() => {
        entry.running = undefined;
      });
    return entry.running;
  };

  const timer = setInterval(() => {
    for (const [host, entry] of entries) void refresh(host, entry);
  }, ttlMs);
  timer.unref();

  return {
    resolve: (host) => entries.get(host)?.address,
    close: () => {
      clearInterval(timer);
      clearTimeout(saving);
    },
    learn: async (hosts, limitMs) => {
      const waits: Promise<void>[] = [];
      for (const host of hosts) {
        if (isIp(host) || host === '' || entries.has(host)) continue;
        const entry: Entry = { address: known.get(host), running: undefined };
        entries.set(host, entry);
        const asked = refresh(host, entry);
        if (entry.address === undefined) waits.push(asked);
      }
      if (waits.length > 0) await Promise.race([Promise.all(waits), delay(limitMs)]);
    },
  };
}

async function systemLookup(host: string): Promise<string> {
  // IPv4 first: an agent's containers publish their ports there.
  const { address } = await lookup(host, { order: 'ipv4first' });
  return address;
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
