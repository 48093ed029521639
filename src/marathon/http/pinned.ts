/**
 * URLs of one address of a name that has several: the address stands in the fragment, which is never sent, so that
 * Host header, TLS name and credentials are those of the name. `http://marathon.mesos:8080/#10.0.0.5`.
 */
import type { LookupFunction } from 'node:net';
import { isIP, isIPv6 } from 'node:net';

export function pinned(url: URL, address: string): URL {
  const copy = new URL(url);
  copy.hash = address;
  return copy;
}

/** The address to connect to; undefined where the name is to be looked up. */
export function addressOf(url: URL): string | undefined {
  const address = url.hash.slice(1);
  return isIP(address) === 0 ? undefined : address;
}

/** A name's host, or undefined where the URL holds an address itself. */
export function nameOf({ hostname }: URL): string | undefined {
  return isIP(hostname.replace(/^\[|\]$/g, '')) === 0 ? hostname : undefined;
}

/** For `net.connect`: whatever the name, this is its address. */
export function alwaysAt(address: string): LookupFunction {
  const family = isIPv6(address) ? 6 : 4;
  return (_name, options, callback) => {
    if (options.all === true) callback(null, [{ address, family }]);
    else callback(null, address, family);
  };
}
