/**
 * Keeps the endpoints up to date with what the operator's addresses resolve to. A failed look-up changes nothing: the
 * last result stays in use.
 */
import { describeMarathonAddress, type MarathonAddress } from '../../core/model/marathon-address.ts';
import { messageOf } from '../../errors.ts';
import type { Endpoints } from '../http/endpoints.ts';
import { nameOf } from '../http/pinned.ts';
import { addressesOf, repeatedly, serviceLook } from './dns-finder.ts';
import type { Finder, FinderEvents, Found } from './finder.ts';
import type { Names } from './names.ts';
import { ZooKeeperFinder } from './zookeeper.ts';

/** What to look up, and who is told. */
export interface DiscoveryOptions {
  readonly addresses: readonly MarathonAddress[];
  readonly endpoints: Endpoints;
  readonly names: Names;
  /** Milliseconds between two look-ups in the DNS. */
  readonly pauseMs: number | undefined;
  readonly now: () => number;
  /** The endpoints have changed. `leader`: the leader, if it is known. */
  readonly onChange: (leader: URL | undefined) => void;
  /** An address cannot be looked up, for the first time or for another reason than before. */
  readonly onFailed: (address: string, reason: string) => void;
}

/** What an address resolves to. Times in milliseconds since the epoch. */
export interface DiscoveryStatus {
  readonly address: string;
  /** How many Marathons were found at the last look-up. */
  readonly found: number;
  readonly foundAt?: number;
  readonly lastError?: { readonly message: string; readonly at: number };
}

interface Place {
  readonly address: MarathonAddress;
  found: Found;
  foundAt: number | undefined;
  error: { readonly message: string; readonly at: number } | undefined;
}

/** The endpoints that are known before any look-up. */
const atFirst = (address: MarathonAddress): Found => ({ urls: address instanceof URL ? [address] : [] });

/** The endpoints `Endpoints` starts with. */
export const plainUrls = (addresses: readonly MarathonAddress[]): URL[] =>
  addresses.flatMap((address) => atFirst(address).urls);

/** Looks up all addresses, again and again. */
export class Discovery {
  readonly #options: DiscoveryOptions;
  readonly #places: readonly Place[];
  readonly #finders: readonly Finder[];

  constructor(options: DiscoveryOptions) {
    this.#options = options;
    this.#places = options.addresses.map((address) => ({
      address,
      found: atFirst(address),
      foundAt: undefined,
      error: undefined,
    }));
    this.#finders = this.#places.flatMap((place) => this.#finderOf(place) ?? []);
  }

  status(): DiscoveryStatus[] {
    return this.#places.flatMap(({ address, found, foundAt, error }) =>
      address instanceof URL && nameOf(address) === undefined
        ? []
        : {
            address: describeMarathonAddress(address),
            found: foundAt === undefined ? 0 : found.urls.length,
            ...(foundAt !== undefined && { foundAt }),
            ...(error !== undefined && { lastError: error }),
          },
    );
  }

  /** Call if no endpoint answers. */
  refresh(): void {
    for (const finder of this.#finders) finder.refresh();
  }

  close(): void {
    for (const finder of this.#finders) finder.close();
  }

  #finderOf(place: Place): Finder | undefined {
    const { names, pauseMs } = this.#options;
    const { address } = place;
    const events: FinderEvents = {
      onFound: (found) => this.#found(place, found),
      onFailed: (error) => this.#failed(place, messageOf(error)),
    };
    if (address instanceof URL) {
      if (nameOf(address) === undefined) return undefined;
      return repeatedly(() => addressesOf(address, names), events, pauseMs);
    }
    if (address.kind === 'srv') return repeatedly(serviceLook(address, names), events, pauseMs);
    return new ZooKeeperFinder(address, events);
  }

  #failed(place: Place, message: string): void {
    const isNew = place.error?.message !== message;
    place.error = { message, at: this.#options.now() };
    if (isNew) this.#options.onFailed(describeMarathonAddress(place.address), message);
  }

  #found(place: Place, found: Found): void {
    const before = keyOf(place.found);
    place.found = found;
    place.foundAt = this.#options.now();
    place.error = undefined;
    if (keyOf(found) === before) return;
    const urls = this.#places.flatMap((each) => each.found.urls);
    this.#options.endpoints.replace([...new Map(urls.map((url) => [url.href, url])).values()], found.leader);
    this.#options.onChange(found.leader);
  }
}

const keyOf = ({ urls, leader }: Found): string => [leader?.href, ...urls.map(({ href }) => href)].join(' ');
