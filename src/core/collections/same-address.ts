/** HAProxy writes an address of IPv6 in its shortest form; Mesos may not. */
export function sameAddress(a: string, b: string): boolean {
  return a === b || (a.includes(':') && b.includes(':') && shortest(a) === shortest(b));
}

/** One text for all the ways to write an address; an IPv4 address that is mapped into IPv6 is the IPv4 address. */
export function plainAddress(address: string): string {
  if (!address.includes(':')) return address;
  const short = shortest(address).replace(/^\[(.*)\]$/, '$1');
  const [, high, low] = /^::ffff:([0-9a-f]+):([0-9a-f]+)$/.exec(short) ?? [];
  if (high === undefined || low === undefined) return short;
  const [h, l] = [parseInt(high, 16), parseInt(low, 16)];
  return [h >> 8, h & 255, l >> 8, l & 255].join('.');
}

function shortest(address: string): string {
  const url = `http://[${address}]`;
  return URL.canParse(url) ? new URL(url).hostname : address;
}
