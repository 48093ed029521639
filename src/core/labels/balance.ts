/** The `balance` line of a backend: an algorithm of HAProxy and its arguments. */
import type { Balance } from '../model/label-values.ts';
import { words } from './parsers.ts';
import { parsed, rejected, shown, type Parser } from './parsed.ts';

/** [haproxy] configuration.txt 4.2 "balance" */
const algorithms: Record<
  string,
  { readonly form: RegExp; readonly hashed: boolean; readonly example: string }
> = {
  roundrobin: { form: /^roundrobin$/, hashed: false, example: 'roundrobin' },
  'static-rr': { form: /^static-rr$/, hashed: false, example: 'static-rr' },
  leastconn: { form: /^leastconn$/, hashed: false, example: 'leastconn' },
  first: { form: /^first$/, hashed: false, example: 'first' },
  random: { form: /^random(?:\(\d{1,4}\))?$/, hashed: false, example: 'random(2)' },
  source: { form: /^source$/, hashed: true, example: 'source' },
  uri: {
    form: /^uri(?: (?:whole|path-only|len \d{1,5}|depth \d{1,3}))*$/,
    hashed: true,
    example: 'uri whole',
  },
  url_param: {
    form: /^url_param [\w.-]{1,64}(?: check_post(?: \d{1,6})?)?$/,
    hashed: true,
    example: 'url_param user',
  },
  hdr: { form: /^hdr\([\w-]{1,64}\)(?: use_domain_only)?$/, hashed: true, example: 'hdr(X-User)' },
  'rdp-cookie': { form: /^rdp-cookie(?:\([\w.-]{1,64}\))?$/, hashed: true, example: 'rdp-cookie' },
};

/** Algorithms that look into the request; in tcp mode HAProxy would take roundrobin instead, with a warning. */
export const looksIntoRequests = ({ words: [word = ''] }: Balance): boolean =>
  /^(?:uri|url_param|hdr\(.*)$/.test(word);

export const balance: Parser<Balance> = (text) => {
  const line = words(text).join(' ');
  const name = /^[a-z_-]+/.exec(line)?.[0] ?? '';
  const algorithm = Object.hasOwn(algorithms, name) ? algorithms[name] : undefined;
  if (algorithm === undefined) {
    return rejected(
      `${shown(text)} is not a balance algorithm`,
      `write one of ${Object.keys(algorithms).join(', ')}`,
    );
  }
  if (!algorithm.form.test(line)) {
    return rejected(
      `${shown(text)} has arguments that ${name} does not take`,
      `write it like ${algorithm.example}`,
    );
  }
  return parsed({ words: line.split(' '), needsConsistentHash: algorithm.hashed });
};
