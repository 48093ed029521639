/** Marathons by DNS: every address of a name, and the names of a service's records. Asked again and again. */
import type { ServiceAddress } from '../../core/model/marathon-address.ts';
import { jittered } from '../bounds/backoff.ts';
import { nameOf, pinned } from '../http/pinned.ts';
import type { Finder, FinderEvents } from './finder.ts';
import type { Names, ServiceRecord } from './names.ts';

/** Names of Mesos-DNS live a minute by default; the system's resolver does not say how long one does. */
const pauseMs = 30_000;
/** Where there was no answer. */
const againMs = 5_000;
/** Failing requests ask for more looks than the DNS deserves. */
const gapMs = 2_000;

/** Looks at once, then each half minute. `look` rejects where nothing can be said. */
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

/** One URL for each address of its name, in an order that does not depend on the answer's. */
export async function addressesOf(url: URL, names: Names): Promise<URL[]> {
  const name = nameOf(url);
  if (name === undefined) return [url];
  return [...new Set(await names.addresses(name))].sort().map((address) => pinned(url, address));
}

/** Remembers the order it drew for as long as the records are the same, so that nobody moves for nothing. */
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
    // A target that cannot be resolved now may be known to whoever connects.
    return found.flatMap((result, i) => (result.status === 'fulfilled' ? result.value : (urls[i] ?? [])));
  };
}

const hostOf = ({ name }: ServiceRecord): string => name.replace(/\.$/, '');

/** [rfc2782] by priority; within one, at random, but the more likely early the larger the weight. */
export function srvOrder(records: readonly ServiceRecord[], random: () => number): ServiceRecord[] {
  const priorities = [...new Set(records.map(({ priority }) => priority))].sort((a, b) => a - b);
  return priorities.flatMap((wanted) => {
    // Those without weight first: then they have their small chance.
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
