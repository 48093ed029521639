/** What the words of a `server` line, or of `add server`, make of a server, and what HAProxy says of wrong ones. Pure. */
import { isIPv4, isIPv6 } from 'node:net';
import { check, since, type FakeWorker } from './worker.ts';

export interface ParsedServer {
  address: string;
  fqdn: string;
  port: number;
  id: number | undefined;
  weight: number;
  checkState: number;
  checkPort: number;
  agentState: number;
  agentPort: number;
  rise: number;
  fall: number;
  ssl: boolean;
  backup: boolean;
  cookie: string;
  disabled: boolean;
  enabled: boolean;
  tracks: string | undefined;
}

/** Keyword → how many words follow it. Those that are not here HAProxy does not know. */
const arity: Readonly<Record<string, number>> = {
  ...counted(0, [
    ...[
      'check',
      'no-check',
      'backup',
      'no-backup',
      'disabled',
      'enabled',
      'ssl',
      'check-ssl',
      'agent-check',
      'tfo',
    ],
    ...[
      'send-proxy',
      'send-proxy-v2',
      'check-send-proxy',
      'no-ssl',
      'no-check-ssl',
      'non-stick',
      'stick',
      'no-tfo',
    ],
    ...[
      'ssl-reuse',
      'no-ssl-reuse',
      'strict-maxconn',
      'tls-tickets',
      'no-tls-tickets',
      'force-tlsv12',
      'force-tlsv13',
    ],
  ]),
  ...counted(1, [
    ...[
      'inter',
      'fastinter',
      'downinter',
      'rise',
      'fall',
      'weight',
      'id',
      'maxconn',
      'minconn',
      'maxqueue',
      'port',
    ],
    ...[
      'slowstart',
      'addr',
      'verify',
      'verifyhost',
      'sni',
      'check-sni',
      'alpn',
      'check-alpn',
      'proto',
      'check-proto',
    ],
    ...[
      'agent-port',
      'agent-inter',
      'agent-addr',
      'agent-send',
      'track',
      'on-marked-down',
      'on-marked-up',
      'on-error',
    ],
    ...[
      'observe',
      'error-limit',
      'source',
      'pool-max-conn',
      'pool-low-conn',
      'pool-purge-delay',
      'ws',
      'cookie',
      'crt',
    ],
    ...[
      'ca-file',
      'crl-file',
      'ciphers',
      'ciphersuites',
      'ssl-min-ver',
      'ssl-max-ver',
      'npn',
      'shard',
      'guid',
    ],
    ...[
      'hash-key',
      'init-state',
      'set-proxy-v2-tlv-fmt',
      'init-addr',
      'resolvers',
      'resolve-opts',
      'resolve-prefer',
    ],
    ...['resolve-net', 'redir', 'namespace', 'max-reuse', 'log-proto', 'proxy-v2-options', 'tcp-ut'],
  ]),
};

/** [haproxy] keywords that later versions brought. */
const newer: Readonly<Record<string, readonly [number, number]>> = {
  ...Object.fromEntries(
    ['shard', 'guid', 'hash-key', 'set-proxy-v2-tlv-fmt'].map((word) => [word, [3, 0] as const]),
  ),
  ...Object.fromEntries(['init-state', 'strict-maxconn'].map((word) => [word, [3, 1] as const])),
};

const noCa =
  "verify is enabled by default but no CA file specified. If you're running on a LAN where you're certain to trust the server's certificate, please set an explicit 'verify none' statement on the 'server' line, or use 'ssl-server-verify none' in the global section to disable server-side verifications by default.";

/**
 * @param words from the address on
 * @param refused what `add server` does not take; empty for a line of the configuration
 * @param idOwner says who has an id
 * @returns what HAProxy has against them, as it says it; undefined where it takes them
 */
export function parseServerWords(
  name: string,
  words: readonly string[],
  worker: Pick<FakeWorker, 'version'>,
  refused: ReadonlySet<string>,
  idOwner: (id: number) => string | undefined,
  into: ParsedServer,
): string | undefined {
  const bad = /[^A-Za-z0-9_.:-]/.exec(name)?.[0];
  if (bad !== undefined) return `character '${bad}' is not permitted in server name '${name}'.`;
  const [where, ...rest] = words;
  if (where === undefined) return "'server' expects <name> and <addr>[:<port>] as arguments.";
  const wrong = parseAddress(where, into);
  if (wrong !== undefined) return wrong;
  // Only `add server` needs them, for what it says of files.
  const seen = refused.size > 0 ? new Map<string, string>() : undefined;
  for (let at = 0; at < rest.length;) {
    const word = rest[at] ?? '';
    const count = arity[word];
    const from = newer[word];
    if (count === undefined || (from !== undefined && !since(worker, ...from)))
      return `unknown keyword '${word}'${word === 'strict-maxconn' ? "; did you mean 'maxconn' maybe ?" : '.'}`;
    const value = rest[at + 1];
    if (refused.has(word) && !fileWords.has(word))
      return `'${word}' option is not accepted for dynamic server`;
    const problem = apply(name, word, value, into, worker, idOwner);
    if (problem !== undefined) return problem;
    seen?.set(word, value ?? '');
    at += 1 + count;
  }
  if (seen !== undefined) {
    for (const word of ['ca-file', 'crl-file'])
      if (seen.has(word)) return `'${word}' : unable to load ${seen.get(word) ?? ''}.`;
    if (into.ssl && seen.get('verify') !== 'none' && !seen.has('ca-file')) return noCa;
    if (into.ssl && seen.has('crt')) return `unable to stat SSL certificate '${seen.get('crt') ?? ''}'.`;
  }
  return undefined;
}

/** They name files, which are not read at runtime. */
const fileWords = new Set(['ca-file', 'crl-file', 'crt']);

export const emptyServer = (): ParsedServer => ({
  address: '',
  fqdn: '',
  port: 0,
  id: undefined,
  weight: 1,
  checkState: 0,
  checkPort: 0,
  agentState: 0,
  agentPort: 0,
  rise: 2,
  fall: 3,
  ssl: false,
  backup: false,
  cookie: '',
  disabled: false,
  enabled: false,
  tracks: undefined,
});

function parseAddress(text: string, into: ParsedServer): string | undefined {
  // A socket in the file system has neither address nor port.
  if (/^(?:unix@|abns@|\/)/.test(text)) return undefined;
  const bare = text.replace(/^(?:ipv4|ipv6)@/, '');
  const colon = bare.lastIndexOf(':');
  const host = colon < 0 ? bare : bare.slice(0, colon);
  const portText = colon < 0 ? '' : bare.slice(colon + 1);
  const port = portText === '' ? 0 : Number.parseInt(portText, 10);
  if (port > 65535) return `invalid port '${portText}'`;
  if (Number.isNaN(port))
    return `invalid character '${portText[0] ?? ''}' in port number '${portText}' in '${text}'`;
  const address = host.replace(/^\[(.*)\]$/, '$1');
  into.port = port;
  if (address === '') into.address = '0.0.0.0';
  else if (isIPv4(address) || isIPv6(address)) into.address = address;
  else into.fqdn = address;
  return undefined;
}

function apply(
  name: string,
  word: string,
  value: string | undefined,
  into: ParsedServer,
  worker: Pick<FakeWorker, 'version'>,
  idOwner: (id: number) => string | undefined,
): string | undefined {
  const number = Number.parseInt(value ?? '0', 10) || 0;
  switch (word) {
    case 'id': {
      if (number <= 0)
        return since(worker, 3, 4)
          ? "'id' : custom id has to be between 1 and 4294967295.."
          : "'id' : custom id has to be > 0.";
      const owner = idOwner(number);
      if (owner !== undefined) return `'id' : custom id ${number} already used at ${owner}.`;
      into.id = number;
      return undefined;
    }
    case 'weight':
      if (number < 0 || number > 256) return `weight of server ${name} is not within 0 and 256 (${number})..`;
      into.weight = number;
      return undefined;
    case 'rise':
    case 'fall':
      if (value === undefined) return `'${word}' expects an integer argument..`;
      if (number <= 0) return `'${word}' has to be > 0..`;
      into[word] = number;
      return undefined;
    case 'inter':
      return interval(name, value);
    case 'cookie':
      if (value === undefined) return "'cookie' expects <value> as argument..";
      into.cookie = value;
      return undefined;
    case 'port':
      if (value === undefined) return "'port' expects a port number as argument..";
      into.checkPort = number & 0xffff;
      into.agentPort = into.checkPort;
      return undefined;
    case 'check':
      into.checkState = check.configured;
      return undefined;
    case 'agent-check':
      into.agentState = check.agent | check.configured;
      return undefined;
    case 'agent-port':
      into.agentPort = number & 0xffff;
      return undefined;
    case 'ssl':
      into.ssl = true;
      return undefined;
    case 'backup':
      into.backup = true;
      return undefined;
    case 'disabled':
      into.disabled = true;
      return undefined;
    case 'enabled':
      into.enabled = true;
      return undefined;
    case 'track':
      into.tracks = value;
      return undefined;
    default:
      return undefined;
  }
}

function interval(name: string, value: string | undefined): string | undefined {
  if (value === undefined) return "'inter' expects a delay as argument..";
  const [, number, , odd = ''] = /^(\d*)(us|ms|s|m|h|d|)(.?)/.exec(value) ?? [];
  if (odd !== '') return `unexpected character '${odd}' in 'agent-inter' argument of server ${name}..`;
  if (Number(number) <= 0) return `invalid value 0 for argument 'inter' of server ${name}..`;
  return undefined;
}

function counted(count: number, words: readonly string[]): Record<string, number> {
  return Object.fromEntries(words.map((word) => [word, count]));
}
