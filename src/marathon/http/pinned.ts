/**
 * URLs for one of several addresses of a name. The address is in the fragment, which is never sent, so Host header, TLS
 * name and credentials are those of the name. `http://marathon.mesos:8080/#10.0.0.5`.
 */
import type { LookupFunction } from 'node:net';
import { isIP, isIPv6 } from 'node:net';

/** The URL of this address. */
export function pinned(url: URL, address: string): URL {
  const copy = new URL(url);
  copy.hash = address;
  return copy;
}

/** The address to connect to; undefined if the name must be looked up. */
export function addressOf(url: URL): string | undefined {
  const address = url.hash.slice(1);
  return isIP(address) === 0 ? undefined : address;
}

/** The name in the URL; undefined if its host is an address. */
export function nameOf({ hostname }: URL): string | undefined {
  return isIP(hostname.replace(/^\[|\]$/g, '')) === 0 ? hostname : undefined;
}

/** For `net.connect`: resolves every name to this address. */
export function alwaysAt(address: string): LookupFunction {
  const family = isIPv6(address) ? 6 : 4;
  return (_name, options, callback) => {
    if (options.all === true) callback(null, [{ address, family }]);
    else callback(null, address, family);
  };
}
