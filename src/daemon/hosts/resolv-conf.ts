/**
 * What resolv.conf says about names that are not fully qualified. The name servers in it are left to c-ares.
 * [resolv.conf(5)]
 */
export interface SearchRules {
  /** Domains to try, in this order. */
  readonly search: readonly string[];
  /** A name with at least this many dots is first tried as it stands. */
  readonly ndots: number;
}

/** @param hostname this machine's name: its domain is searched if the file names none */
export function searchRules(text: string, hostname: string): SearchRules {
  const domain = hostname.split('.').slice(1).join('.');
  let search = domain === '' ? [] : [domain];
  let ndots = 1;
  for (const line of text.split('\n')) {
    const [keyword, ...words] = line
      .replace(/[#;].*$/, '')
      .trim()
      .split(/\s+/);
    // The last line counts.
    if (keyword === 'search') search = words;
    if (keyword === 'domain') search = words.slice(0, 1);
    if (keyword !== 'options') continue;
    for (const word of words) ndots = Number(/^ndots:(\d+)$/.exec(word)?.[1] ?? ndots);
  }
  return { search: search.map(withoutDot).filter((it) => it !== ''), ndots: Math.min(ndots, 15) };
}

/** The fully qualified names that a name can stand for, in the order in which getaddrinfo tries them. */
export function wholeNames(name: string, { search, ndots }: SearchRules): string[] {
  if (name.endsWith('.')) return [withoutDot(name)];
  const searched = search.map((domain) => `${name}.${domain}`);
  const dots = name.split('.').length - 1;
  return dots >= ndots ? [name, ...searched] : [...searched, name];
}

const withoutDot = (name: string): string => name.replace(/\.$/, '');
