/** Lines of an operator's HEAD that were about marathon-lb's own way of running HAProxy. */
import { dirname } from 'node:path';
import type { Line } from '../../core/guard/words.ts';

export interface Filtered {
  readonly kept: readonly Line[];
  readonly dropped: readonly { readonly text: string; readonly why: string }[];
}

const services = ['getpids', 'getconfig', 'getvhostmap', 'getappmap', 'signalmlbhup', 'signalmlbusr1'];
const acls = ['getpid', 'getconfig', 'getvhostmap', 'getappmap', 'signalmlbhup', 'signalmlbusr1'];

export function withoutOld(
  [section = '', name = '']: readonly string[],
  lines: readonly Line[],
  folderExists: (path: string) => boolean,
): Filtered {
  const kept: Line[] = [];
  const dropped: { text: string; why: string }[] = [];
  for (const line of lines) {
    const why =
      aboutLua(line) ??
      (section === 'global' ? inGlobal(line, folderExists) : undefined) ??
      (section === 'defaults' ? inDefaults(line) : undefined) ??
      (section === 'listen' && name === 'stats' ? inStats(line) : undefined);
    if (why === undefined) kept.push(line);
    // What Pacer says itself needs no word.
    else if (why !== '') dropped.push({ text: line.text, why });
  }
  return { kept, dropped };
}

function aboutLua({ words, text }: Line): string | undefined {
  const [keyword, action, service = ''] = words;
  if (keyword === 'lua-load' && /(?:^|\/)marathon-lb\//.test(action ?? ''))
    return "Pacer answers marathon-lb's paths without Lua";
  if (
    keyword === 'http-request' &&
    action === 'use-service' &&
    services.includes(service.replace(/^lua\./, ''))
  )
    return 'Pacer answers that path itself';
  return keyword === 'acl' && acls.includes(action ?? '') && /\/_(?:haproxy|mlb)_/.test(text)
    ? ''
    : undefined;
}

function inGlobal({ words }: Line, folderExists: (path: string) => boolean): string | undefined {
  const [keyword, second = '', third = ''] = words;
  switch (keyword) {
    case 'daemon':
      return 'HAProxy is run by Pacer or by the unit it is in, and stays in the foreground';
    case 'maxconn':
      return 'set it with --maxconn, which is checked against the limit of open files';
    case 'maxpipes':
      return 'Pacer reserves file descriptors for servers added later with it';
    case 'server-state-file':
    case 'server-state-base':
      return stateFile;
    case 'stats': {
      const path = third.replace(/^unix@/, '');
      return second === 'socket' && path.startsWith('/') && !folderExists(dirname(path))
        ? `there is no ${dirname(path)}; Pacer has a socket of its own`
        : undefined;
    }
    default:
      return undefined;
  }
}

const stateFile = 'what servers are is in the configuration, and a state file would win over it';

function inDefaults({ words: [keyword, second] }: Line): string | undefined {
  if (keyword === 'load-server-state-from-file') return stateFile;
  if (keyword === 'mode' && second !== 'http') return "Pacer's sections in tcp mode say so themselves";
  return keyword === 'option' && second === 'idle-close-on-response' ? '' : undefined;
}

function inStats({ words: [keyword, second = '', third = ''] }: Line): string | undefined {
  const own =
    (keyword === 'bind' && second.endsWith(':9090')) ||
    keyword === 'balance' ||
    (keyword === 'mode' && second === 'http') ||
    (keyword === 'stats' && second === 'enable') ||
    (keyword === 'stats' && second === 'uri' && third === '/haproxy?stats') ||
    (keyword === 'monitor-uri' && second === '/_haproxy_health_check');
  return own ? '' : undefined;
}
