/** What a label's fragment may hold, judged on words: every line here is one that somebody would try. */
import type { Section } from '../../../src/core/model/template-names.ts';
import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { writeFragment } from '../../../src/core/templates/fragment.ts';
import type { GuardContext } from '../../../src/core/guard/guard.ts';
import { sectionKeywords } from '../../../src/core/guard/keywords.ts';

const guard: GuardContext = {
  servicePort: 10001,
  fileFolders: ['/etc/haproxy/errors'],
  certificateFolders: ['/etc/ssl'],
  knownFiles: ['/certs/app.pem'],
  ownAddresses: ['192.0.2.200', '2001:db8::200'],
};

const judge = (text: string, section: Section = 'backend') => writeFragment(text, { section, guard });
const allowed = (text: string, section?: Section) => judge(text, section).ok;

describe('a backend of a label may say', () => {
  test.each([
    'timeout server 5m',
    'http-request set-header X-Port %[dst_port] if { ssl_fc }',
    'no option httpclose',
    'errorfile 503 /etc/haproxy/errors/503.http',
    'http-request return status 200 content-type text/html file /etc/haproxy/errors/ok.html if { path /x }',
    'acl known hdr(host),lower,map_str(/etc/haproxy/errors/hosts.map) -m found',
    'server sorry 192.0.2.10:80 backup',
    'default-server ssl verify required ca-file /etc/ssl/ca.pem',
    'tcp-check send "PING\\r\\n"',
    'option httpchk GET /',
    'balance source',
    'server addr 192.0.2.10:80 check addr 192.0.2.11 agent-check agent-addr 2001:db8::1',
    'server a [::ffff:192.0.2.10]:80',
    'http-request set-header addr x',
    'http-request set-header environment x',
    'stick-table type ip size 1m expire 30m',
  ])('%s', (text) => {
    expect(judge(text)).toMatchObject({ ok: true });
  });
});

describe('it may not', () => {
  test.each([
    ...[...sectionKeywords].map((keyword) => `${keyword} x`),
    ...[...sectionKeywords].map((keyword) => `option forwardfor\n\t ${keyword}\t x`),
    '"program" x',
    "'glo'bal",
    'p\\x72ogram x',
    'backend  other # comment',
    '.if defined(HOME)',
    '.notice "x"',
    'lua-load /tmp/x.lua',
    'http-request lua.x',
    'http-request set-header X %[lua.x]',
    'http-request set-header X %[src,lua.x]',
    'http-request use-service lua.x',
    'http-request use-service prometheus-exporter',
    'filter lua.x',
    'filter spoe engine x config /etc/haproxy/errors/x',
    'option external-check',
    'no option external-check',
    'external-check command /bin/sh',
    'http-request set-header X %[env(HOME)]',
    'http-request set-header X "%[src] %[ENV(HOME)]"',
    'acl x env(HOME) -m found',
    'http-request set-header X "$HOME"',
    'http-request set-header X "${HOME}"',
    '"$KEYWORD" x',
    'errorfile 503 /etc/passwd',
    'errorfile 503 /etc/haproxy/errors/../../shadow',
    'errorfile 503 /etc/haproxy/errorsX/503.http',
    'errorfile 503 errors/503.http',
    'http-error status 503 content-type a file /etc/passwd',
    'http-request return status 200 content-type text/plain lf-file /etc/passwd if TRUE',
    'acl x src -f /etc/passwd',
    'acl x hdr(host) -M -f /etc/passwd',
    'http-request set-header X %[src,map(/etc/passwd)]',
    'http-request set-header X %[src,map_ip("/etc/passwd")]',
    'http-request set-header X %[src,map(domain2backend.map)]',
    'http-request set-map(domain2backend.map) a b',
    'http-request add-acl(/etc/haproxy/x) a',
    'default-server ssl crt /root/key.pem',
    'default-server ssl ca-file /etc/ssl/../shadow',
    'server a unix@/run/x.sock',
    'server a /run/x.sock',
    'server a abns@x',
    'server a fd@5',
    'server a sockpair@5',
    'server a 127.0.0.1:9095',
    'server a 192.0.2.200:9090',
    'server a [2001:DB8:0::200]:9090',
    'server a ::ffff:192.0.2.200:9090',
    'server a 127.1:9095',
    'server a localhost:9095',
    'server a [::1]:9095',
    'server a ::1:9095',
    'server a [::ffff:127.0.0.1]:9095',
    'server a [0:0:0:0:0:0:0:1]:9095',
    'server a [0:0:0:0:0:ffff:7f00:1]:9095',
    'server a [::ffff:c000:2c8]:9090',
    'server a 169.254.169.254:80',
    'server a [::ffff:169.254.169.254]:80',
    'server a [FD00:EC2:0:0::254]:80',
    'server a [fe80::1]:80',
    'server a 100.100.100.200:80',
    'server a 192.0.2.10:80 check addr 169.254.169.254',
    'server a 192.0.2.10:80 check addr name.example',
    'default-server agent-check agent-addr name.example',
    'tcp-check connect port 22 addr name.example',
    'dispatch 169.254.169.254:80',
    'server a 0.0.0.0:0',
    'server a *:0',
    'server a 2130706433:80',
    'server a 0x7f000001:80',
    'server a internal.example:80',
    'dispatch 127.0.0.1:80',
    'default-server check addr 127.0.0.1',
    'log /dev/log local0',
    'log 127.0.0.1:514 local0',
    'http-request set-dst str(127.0.0.1)',
    'option transparent',
    'stats enable',
    'stats admin if TRUE',
    'http-request set-var(txn.pacer_backend) str(x)',
    'load-server-state-from-file global',
    'server-template a 1-3 127.0.0.1:80',
    'use-fcgi-app x',
    'user root',
    'nonsense',
    'Option forwardfor',
    'option\u0000forwardfor',
    'option forwardfor \u001b[2J',
  ])('%j', (text) => {
    expect(allowed(text)).toBe(false);
  });
});

describe('the frontend of a label', () => {
  test.each([
    'bind *:10001',
    'bind 10.0.0.1:10001,[2001:db8::1]:10001 ssl crt /certs/app.pem alpn h2',
    'bind :10001',
    'bind ipv4@*:10001',
    'use_backend other if { path_beg /x }',
  ])('may say %s', (text) => {
    expect(judge(text, 'frontend')).toMatchObject({ ok: true });
  });

  test.each([
    'bind *:22',
    'bind *:10001,*:80',
    'bind *:10001-10009',
    'bind unix@/run/x.sock',
    'bind /run/x.sock',
    'bind fd@3',
    'bind *:10001 ssl crt /root/x.pem generate-certificates',
    'bind *:10001 user root',
    'bind *:10001 "level admin"',
    'bind *:10001 expose-fd listeners',
    'bind "*:$PORT"',
    'balance roundrobin',
  ])('may not say %s', (text) => {
    expect(allowed(text, 'frontend')).toBe(false);
  });
});

describe('in a frontend of all a label', () => {
  test.each([
    'acl a path /',
    'use_backend x if a',
    'http-request deny if a !b',
    'redirect prefix / unless a',
  ])('may say %s', (text) => {
    expect(judge(text, 'shared')).toMatchObject({ ok: true });
  });
  test.each([
    'use_backend x',
    'http-request deny',
    'default_backend x',
    'option httpclose',
    'tcp-request connection reject',
    'bind *:10001',
    'maxconn 1',
    'log-format x',
    'mode tcp',
  ])('may not say %s', (text) => {
    expect(allowed(text, 'shared')).toBe(false);
  });
});

const keyword = fc.constantFrom(...sectionKeywords, 'option', 'http-request', 'acl', 'timeout');
const glue = fc.constantFrom(
  ' ',
  '\t',
  '\n',
  '\r',
  '\r\n',
  '\v',
  '\f',
  '\u00a0',
  '\u2028',
  '"',
  "'",
  '\\',
  '#',
  '{',
  '}',
  '\\n',
  '\\x0a',
  '\u0000',
  '$',
  '%[',
);
const fragment = fc
  .array(fc.oneof(keyword, glue, fc.string({ maxLength: 5 })), { maxLength: 12 })
  .map((it) => it.join(''));

test.prop([fragment, fc.constantFrom<Section>('backend', 'frontend', 'shared', 'userlist')], {
  numRuns: 3000,
})('whatever a fragment is made of, no line of it begins another section', (text, section) => {
  const written = judge(text, section);
  if (!written.ok) return;
  for (const line of written.lines) {
    expect(line.text).not.toMatch(/[\n\r\u0000]/);
    expect(sectionKeywords.has(line.words[0] ?? '')).toBe(false);
  }
});
