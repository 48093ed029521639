/** HAProxy writes an address of IPv6 in its shortest form; Mesos may not. */
export function sameAddress(a: string, b: string): boolean {
  return a === b || (a.includes(':') && b.includes(':') && shortest(a) === shortest(b));
}

function shortest(address: string): string {
  const url = `http://[${address}]`;
  return URL.canParse(url) ? new URL(url).hostname : address;
}
