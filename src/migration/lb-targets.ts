/** Hosts and paths that a frontend's rules name, so that each is tried. */
import type { ConfigSection } from './lb-config.ts';

interface Named {
  readonly hosts: readonly string[];
  readonly paths: readonly string[];
}

/** Host → the paths that are named together with it. */
export function namedTargets({ lines }: ConfigSection): Map<string, Set<string>> {
  const acls = new Map<string, Named>();
  const found = new Map<string, Set<string>>();
  const add = ({ hosts, paths }: Named) => {
    for (const host of hosts) found.set(host, new Set([...(found.get(host) ?? []), ...paths]));
  };
  for (const { words } of lines) {
    const [keyword, name = ''] = words;
    if (keyword === 'acl') {
      acls.set(name, merge([acls.get(name), namedIn(words.slice(2))]));
    } else if (keyword === 'use_backend' || keyword === 'redirect' || keyword === 'http-request') {
      add(merge([namedIn(words.slice(2)), ...words.map((word) => acls.get(word.replace(/^!/, '')))]));
    }
  }
  // One that no rule has is still somebody's.
  for (const named of acls.values()) add({ hosts: named.hosts, paths: [] });
  return found;
}

const merge = (all: readonly (Named | undefined)[]): Named => ({
  hosts: all.flatMap((named) => named?.hosts ?? []),
  paths: all.flatMap((named) => named?.paths ?? []),
});

const hostFetch = /^(?:(?:req\.)?f?hdr\w*\(host\)|ssl_fc_sni|req_ssl_sni|req\.ssl_sni)/i;

function namedIn(words: readonly string[]): Named {
  const hosts: string[] = [];
  const paths: string[] = [];
  for (const [i, word] of words.entries()) {
    const isHost = hostFetch.test(word);
    if (!isHost && !/^path(?:_beg)?$/.test(word)) continue;
    for (const value of words.slice(i + 1)) {
      if (value === '}') break;
      if (value.startsWith('-')) continue;
      if (isHost) hosts.push(value.toLowerCase());
      else paths.push(value);
    }
  }
  return { hosts, paths };
}
