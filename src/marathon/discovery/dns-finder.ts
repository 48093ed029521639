/** Finds Marathons by DNS, again and again: every address of a name, and the names in SRV records. */
import type { ServiceAddress } from '../../core/model/marathon-address.ts';
import { jittered } from '../bounds/backoff.ts';
import { nameOf, pinned } from '../http/pinned.ts';
import type { Finder, FinderEvents } from './finder.ts';
import type { Names, ServiceRecord } from './names.ts';

/**
 * Milliseconds between two look-ups. Names of Mesos-DNS live a minute by default; the system's resolver does not report
 * a lifetime.
 */
const pauseMs = 30_000;
/** Milliseconds until the next look-up after a failure. */
const againMs = 5_000;
/** Milliseconds between two look-ups at least: failing requests would ask the DNS more often than useful. */
const gapMs = 2_000;

/** Looks up at once, then every 30 seconds. `look` rejects if nothing can be said. */
export function repeatedly(
  look: () => Promise<readonly URL[]>,
  { onFound, onFailed }: FinderEvents,
  pause = pauseMs,
): Finder {
  let timer: NodeJS.Timeout | undefined;
  let startedAt = 0;
  let isLooking = false;
  let closed = false;
  const start = (): void => {
    clearTimeout(timer);
    startedAt = Date.now();
    isLooking = true;
    let next = pause;
    void look()
      .then((urls) => {
        if (!closed) onFound({ urls });
      })
      .catch((error: unknown) => {
        next = Math.min(pause, againMs);
        if (!closed) onFailed(error);
      })
      .finally(() => {
        isLooking = false;
        if (!closed) timer = setTimeout(start, jittered(next));
      });
  };
  start();
  return {
    refresh: () => {
      if (!closed && !isLooking && Date.now() - startedAt >= gapMs) start();
    },
    close: () => {
      closed = true;
      clearTimeout(timer);
    },
  };
}

/** One URL per address of its name, in an order that does not depend on the order of the answer. */
export async function addressesOf(url: URL, names: Names): Promise<URL[]> {
  const name = nameOf(url);
  if (name === undefined) return [url];
  return [...new Set(await names.addresses(name))].sort().map((address) => pinned(url, address));
}

/** Remembers its random order while the records stay the same, so that nobody reconnects for nothing. */
export function serviceLook(
  { name, scheme, path }: ServiceAddress,
  names: Names,
  random: () => number = Math.random,
): () => Promise<URL[]> {
  let drawnFor = '';
  let ordered: readonly ServiceRecord[] = [];
  return async () => {
    const records = await names.services(name);
    const key = records
      .map((record) => JSON.stringify(record))
      .sort()
      .join();
    if (key !== drawnFor) ordered = srvOrder(records, random);
    drawnFor = key;
    const urls = ordered.map((record) => new URL(`${scheme}://${hostOf(record)}:${record.port}${path}`));
    const found = await Promise.allSettled(urls.map((url) => addressesOf(url, names)));
    // A target that does not resolve here may resolve when it is connected to.
    return found.flatMap((result, i) => (result.status === 'fulfilled' ? result.value : (urls[i] ?? [])));
  };
}

const hostOf = ({ name }: ServiceRecord): string => name.replace(/\.$/, '');

/** [rfc2782] by priority; within one priority at random, where a larger weight is more likely to come first. */
export function srvOrder(records: readonly ServiceRecord[], random: () => number): ServiceRecord[] {
  const priorities = [...new Set(records.map(({ priority }) => priority))].sort((a, b) => a - b);
  return priorities.flatMap((wanted) => {
    // Records with weight 0 first: that gives them their small chance.
    const left = records.filter(({ priority }) => priority === wanted).sort((a, b) => a.weight - b.weight);
    const ordered: ServiceRecord[] = [];
    while (left.length > 0) ordered.push(...left.splice(draw(left, random), 1));
    return ordered;
  });
}

function draw(records: readonly ServiceRecord[], random: () => number): number {
  const total = records.reduce((sum, { weight }) => sum + weight, 0);
  const point = Math.floor(random() * (total + 1));
  let sum = 0;
  return Math.max(
    0,
    records.findIndex(({ weight }) => (sum += weight) >= point),
  );
}
