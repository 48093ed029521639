/** Sequences of runtime commands, those that Pacer sends and those that an operator or a bug may, for a configuration that has something of each kind. */
import fc from 'fast-check';
import { payloadCommand, type RuntimeCommand } from '../../src/haproxy/cli/runtime-command.ts';

/** `#n` in a command stands for HAProxy's reference to the n-th entry of its map. */
export type Step = RuntimeCommand;

/** @param port of a target that takes connections; @param deadPort of none */
export const differentialConfig = (files: {
  readonly hash: string;
  readonly runtimeSocket: string;
  readonly ports: readonly [http: number, tls: number, listed: number, alive: number];
  readonly certificate: string;
  readonly list: string;
}): string => `global
  default-path config
  setenv PACER_HASH ${files.hash}
  stats socket ${files.runtimeSocket} mode 600 level admin expose-fd listeners
  maxconn 100
  maxpipes 10
  max-spread-checks 10
  hard-stop-after 1s
  set-var proc.pacer_backends str(00ff)
defaults plain
  mode http
  balance roundrobin
  timeout connect 1s
  timeout client 5s
  timeout server 5s
defaults other from plain
  balance leastconn
frontend f from plain
  bind 127.0.0.1:${files.ports[0]}
  bind 127.0.0.1:${files.ports[1]} ssl crt ${files.certificate}
  bind 127.0.0.1:${files.ports[2]} ssl crt-list ${files.list}
  http-request set-var(txn.b) path,map_str(a.map)
  http-request set-var(txn.b) path,map_beg(b.map)
  use_backend %[var(txn.b)]
  default_backend b1
backend b1 from plain
  server s1 127.0.0.1:${files.ports[3]} id 7 check inter 1h
  server s2 127.0.0.1:2 id 9 check inter 1h weight 3
  server s3 127.0.0.1:3 disabled
  server s4 127.0.0.1:4 weight 0
  server-template sl_ 1-2 127.0.0.1:1 check disabled
backend st from plain
  balance static-rr
  server x 127.0.0.1:1
  server y 127.0.0.1:1 weight 5
backend src from plain
  balance source
  server x 127.0.0.1:1
backend hc from plain
  balance source
  hash-type consistent
backend ck from plain
  cookie SRV insert indirect nocache
  server x 127.0.0.1:1 cookie abc
  server z 127.0.0.1:1 cookie z check port 5 inter 1h disabled
backend e1 from other
`;

export const mapFiles: Readonly<Record<string, string>> = {
  'a.map': '# a comment\nk1 v1\nk2 v2 v3  \n  lead  x\nk1 dup\n',
  'b.map': '',
};

const backend = fc.constantFrom('b1', 'b1', 'b1', 'st', 'src', 'hc', 'ck', 'e1', 'd1', 'nobody');
const server = fc.constantFrom(
  's1',
  's2',
  's3',
  's4',
  'sl_1',
  'sl_2',
  'x',
  'y',
  'z',
  'n1',
  'n2',
  'n3',
  'nobody',
);
const path = fc.tuple(backend, server).map(([b, s]) => `${b}/${s}`);
/** Those that are there at the start, so that most commands hit something. */
const known = fc.constantFrom(
  'b1/s1',
  'b1/s2',
  'b1/s3',
  'b1/s4',
  'b1/sl_1',
  'ck/x',
  'ck/z',
  'st/y',
  'st/x',
  'src/x',
);
const some = fc.oneof({ weight: 3, arbitrary: known }, { weight: 2, arbitrary: path });

const words = fc
  .uniqueArray(
    fc.constantFrom(
      ...[
        'check inter 1h',
        'weight 5',
        'weight 0',
        'weight 256',
        'weight 257',
        'id 7',
        'id 11',
        'id 12',
        'id 0',
      ],
      ...[
        'disabled',
        'backup',
        'cookie c',
        'ssl verify none',
        'ssl',
        'rise 4 fall 2',
        'check port 77 inter 2h',
      ],
      ...[
        'enabled',
        'init-addr none',
        'bogus',
        'maxconn 5',
        'slowstart 5s',
        'send-proxy-v2',
        'agent-check agent-port 5',
      ],
      ...[
        'resolvers r',
        'inter 0',
        'inter 5q',
        'fall 0',
        'init-state fully-up',
        'strict-maxconn',
        'shard 1',
        'no-check',
      ],
    ),
    { maxLength: 3 },
  )
  .map((all) => all.join(' '));
const address = fc.constantFrom(
  '127.0.0.1:5',
  '127.0.0.2:6',
  '10.1.2.3:31000',
  '[::1]:7',
  '127.0.0.1',
  '127.0.0.1:99999',
  ':80',
);
const added = fc.tuple(backend, fc.constantFrom('n1', 'n2', 'n3', 's1', 'n!x'), address, words);
const addServer = added.map(([b, s, a, w]) => `add server ${b}/${s} ${a} ${w}`.trim());

const state = fc.constantFrom('ready', 'ready', 'drain', 'maint', 'maint', 'bogus');
const weight = fc.constantFrom(
  '0',
  '1',
  '3',
  '5',
  '256',
  '257',
  '-1',
  '50%',
  '0%',
  '100%',
  '300%',
  'x',
  '5x',
  '',
);
const health = fc.constantFrom('up', 'down', 'stopping', 'bogus');
const moved = fc.constantFrom(
  '127.0.0.1',
  '127.0.0.9 port 9',
  '127.0.0.1 port 1',
  '::1 port 12',
  'bogus port 1',
  '',
);

const servers = fc.oneof(
  { weight: 4, arbitrary: addServer },
  { weight: 4, arbitrary: fc.tuple(some, state).map(([s, to]) => `set server ${s} state ${to}`) },
  { weight: 3, arbitrary: some.map((s) => `del server ${s}`) },
  { weight: 2, arbitrary: fc.tuple(some, weight).map(([s, w]) => `set server ${s} weight ${w}`.trim()) },
  { weight: 2, arbitrary: fc.tuple(some, health).map(([s, h]) => `set server ${s} health ${h}`) },
  { weight: 1, arbitrary: fc.tuple(some, moved).map(([s, a]) => `set server ${s} addr ${a}`.trim()) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(
        fc.constantFrom(
          'enable server',
          'disable server',
          'enable health',
          'disable health',
          'enable agent',
          'shutdown sessions server',
          'del server',
        ),
        fc.oneof(some, fc.constantFrom('b1', 'nobody/x')),
      )
      .map((each) => each.join(' ')),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      'add server',
      'del server',
      'set server',
      'set server b1/s1',
      'set server b1/s1 fqdn x',
    ),
  },
  { weight: 1, arbitrary: fc.oneof(backend, fc.constant('')).map((b) => `show servers state ${b}`.trim()) },
);

const map = fc.constantFrom('a.map', 'b.map', 'b.map', '#0', '#1', 'none.map');
const key = fc.constantFrom('k1', 'k2', '/x', '/x/y', 'K1', '#ref', 'h.example/', 'with\\ blank');
const value = fc.constantFrom('v', 'web_10001', 'two', '"v"');
const version = fc.constantFrom('', '', '@0 ', '@1 ', '@2 ', '@3 ');
const payload = fc
  .array(fc.tuple(fc.constantFrom('/p', '/q', 'k1', '# c'), fc.constantFrom('a', 'b c', 'd')), {
    minLength: 1,
    maxLength: 4,
  })
  .map((pairs) => pairs.map((pair) => `${pair.join(' ')}\n`).join(''));

const maps = fc.oneof(
  fc
    .tuple(version, map, key, value)
    .map(([n, m, k, v]) => `add map ${n}${m} ${k.replace('#ref', 'k3')} ${v}`),
  fc.tuple(version, map, payload).map(([n, m, p]) => payloadCommand(`add map ${n}${m}`, p)),
  fc.tuple(map, key, value).map(([m, k, v]) => `set map ${m} ${k} ${v}`),
  fc.tuple(map, key).map(([m, k]) => `del map ${m} ${k}`),
  fc.tuple(map, key).map(([m, k]) => `get map ${m} ${k.replace('#ref', 'k3')}`),
  fc.oneof(map, fc.constant('')).map((m) => `prepare map ${m}`.trim()),
  fc.tuple(version, map).map(([n, m]) => `commit map ${n}${m}`),
  map.map((m) => `clear map ${m}`),
  fc.tuple(version, map).map(([n, m]) => `show map ${n}${m}`),
  fc.constantFrom(
    'show map',
    'add map',
    'set map a.map',
    'del map',
    'clear map',
    'commit map',
    'get map a.map',
  ),
);

const backends = fc.oneof(
  fc
    .tuple(
      fc.constantFrom('d1', 'd1', 'd2', 'b1', 'd!'),
      fc.constantFrom('plain', 'other', 'nobody'),
      fc.constantFrom('', 'mode http', 'mode tcp', 'mode bogus'),
    )
    .map(([b, from, mode]) => `add backend ${b} from ${from} ${mode}`.trim()),
  fc
    .tuple(
      fc.constantFrom('publish', 'unpublish', 'del'),
      fc.constantFrom('d1', 'd2', 'b1', 'nobody', 'f', 'e1'),
    )
    .map(([what, b]) => `${what} backend ${b}`),
  fc.constantFrom('add backend', 'add backend d1'),
);

const variables = fc.oneof(
  fc.constantFrom(
    'get var proc.pacer_backends',
    'get var proc.new',
    'get var',
    'experimental-mode on',
    'experimental-mode on',
  ),
  fc.constantFrom(
    'set var proc.pacer_backends str(11)',
    'set var proc.new int(5)',
    'set var txn.x str(1)',
    'set var proc.x nosuch(1)',
    'set var proc.new',
  ),
  fc.constantFrom('show env PACER_HASH', 'show env NOT_SET', 'show version'),
);

/** @param pems certificates; the first one is loaded */
const certificatesOf = (
  file: string,
  list: string,
  pems: readonly string[],
): fc.Arbitrary<RuntimeCommand> => {
  const name = fc.constantFrom(file, file, 'new.pem', 'nobody.pem');
  return fc.oneof(
    fc.tuple(name, fc.constantFrom(...pems)).map(([n, pem]) => payloadCommand(`set ssl cert ${n}`, pem)),
    fc
      .tuple(fc.constantFrom('commit', 'commit', 'abort', 'new', 'del', 'show'), name)
      .map(([what, n]) => `${what} ssl cert ${n}`),
    fc.constantFrom(
      ...[
        'show ssl cert',
        'show ssl crt-list',
        `show ssl crt-list -n ${list}`,
        `show ssl crt-list ${list}`,
        'new ssl cert',
      ],
      ...[
        `show ssl cert *${file}`,
        'show ssl crt-list nobody',
        `del ssl crt-list ${list} new.pem`,
        'del ssl crt-list nobody new.pem',
      ],
      ...[
        'set ssl cert',
        'commit ssl cert',
        'abort ssl cert',
        'del ssl cert',
        `add ssl crt-list ${list} nobody.pem`,
        'new ssl cert new.pem',
      ],
      payloadCommand(`add ssl crt-list ${list}`, 'new.pem b.example\n'),
      payloadCommand('add ssl crt-list nobody', 'new.pem\n'),
    ),
  );
};

/** Sequences of commands; each is about a few things, so that they meet. */
export const sequences = (file: string, list: string, pems: readonly string[]): fc.Arbitrary<Step[]> => {
  const certificates = certificatesOf(file, list, pems);
  const any: fc.Arbitrary<Step> = fc.oneof(
    { weight: 8, arbitrary: servers },
    { weight: 6, arbitrary: maps },
    { weight: 2, arbitrary: backends },
    { weight: 1, arbitrary: variables },
    { weight: 4, arbitrary: certificates },
  );
  const many = (of: fc.Arbitrary<Step>) => fc.array(of, { minLength: 1, maxLength: 40 });
  return fc.oneof(many(any), many(fc.oneof(servers, backends)), many(maps), many(certificates));
};
