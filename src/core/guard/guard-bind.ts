/** The `bind` lines of a label: the service's own port, and what concerns that one listener. */
import { bindOptions } from '../labels/bind-options.ts';
import type { Objection } from './objection.ts';

export function wrongBind(args: readonly string[], servicePort: number): Objection | undefined {
  const [addresses = '', ...options] = args;
  for (const address of addresses.split(',')) {
    const port = /^(?:ipv[46]@)?(?:\*|\[?[0-9a-f.:]*\]?):(\d+)$/i.exec(address)?.[1];
    if (port !== String(servicePort)) {
      return {
        reason: `bind ${address.slice(0, 60)} is not the service's own port ${servicePort}`,
        remedy: 'bind {bindAddr}:{servicePort}, and set the port with HAPROXY_<n>_PORT',
      };
    }
  }
  if (options.some((word) => /\s/.test(word)))
    return { reason: 'an option of bind has a blank in it', remedy: 'write each option as a word' };
  const parsed = bindOptions(options.join(' '));
  return parsed.ok ? undefined : parsed;
}
