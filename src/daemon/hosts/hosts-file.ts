/** The hosts file, which c-ares leaves out: name → address. [hosts(5)] */
import { isIp } from '../../core/labels/address.ts';

/** Lower-case names. The first address of a name counts, and one of IPv4 before one of IPv6. */
export function hostsOf(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [address = '', ...names] = line.replace(/#.*$/, '').trim().split(/\s+/);
    if (!isIp(address)) continue;
    for (const name of names.map((it) => it.toLowerCase())) {
      const known = found.get(name);
      if (known === undefined || (known.includes(':') && !address.includes(':'))) found.set(name, address);
    }
  }
  return found;
}
