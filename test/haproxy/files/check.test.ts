import { chmod, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { checkConfiguration, judgeCheck } from '../../../src/haproxy/files/check.ts';
import { parseMessages } from '../../../src/haproxy/files/messages.ts';
import { haproxyProgram, temporaryFolder } from '../../support/haproxy.ts';

const head = 'defaults\n  mode http\n  timeout client 1s\n  timeout server 1s\n  timeout connect 1s\n';

async function check(text: string) {
  const file = path.join(temporaryFolder(), 'haproxy.cfg');
  await writeFile(file, head + text);
  return { file, result: await checkConfiguration({ program: haproxyProgram, file }) };
}

test('a good configuration is accepted without a message', async () => {
  const { result } = await check('frontend f\n  bind 127.0.0.1:1\n');
  expect(result).toEqual({ kind: 'accepted', warnings: [] });
});

test('warnings do not reject a configuration, and name their line', async () => {
  const { file, result } = await check(
    'frontend f\n  bind 127.0.0.1:1\n  http-request deny if { path,lower -i /x }\n  use_backend b if TRUE\n  http-request set-header a b\nbackend b\n',
  );
  expect(result.kind).toBe('accepted');
  expect(result.kind === 'accepted' && result.warnings[0]).toMatchObject({
    severity: 'warning',
    file,
    line: 10,
  });
});

test('all errors of the parsing phase are reported at once, each with its line', async () => {
  const { file, result } = await check(
    'frontend f\n  bind 127.0.0.1:1\n  bogus\nbackend b\n  server s 127.0.0.1:1 wrong\n',
  );
  expect(result).toMatchObject({
    kind: 'rejected',
    messages: [
      { severity: 'alert', file, line: 8, text: "unknown keyword 'bogus' in 'frontend' section" },
      { severity: 'alert', file, line: 10, proxy: 'b', server: 's' },
    ],
  });
});

test('an error without a line names the proxy', async () => {
  const { result } = await check('frontend f\n  bind 127.0.0.1:1\n  use_backend nosuch\n');
  expect(result).toMatchObject({
    kind: 'rejected',
    messages: [{ proxy: 'f', text: expect.stringContaining('nosuch') as string }],
  });
  const { result: port } = await check('backend b\n  server s 127.0.0.1 check\n');
  expect(port).toMatchObject({ kind: 'rejected', messages: [{ proxy: 'b', server: 's' }] });
});

test('an error about a name that does not resolve names the server', async () => {
  const { file, result } = await check('backend b\n  server s no.such.invalid:1\n');
  expect(result).toMatchObject({ kind: 'rejected', messages: [{ file, line: 7, proxy: 'b', server: 's' }] });
});

test('a check that takes too long, or cannot be run, is reported', async () => {
  const slow = path.join(temporaryFolder(), 'haproxy');
  await writeFile(slow, '#!/bin/sh\nexec sleep 60\n');
  await chmod(slow, 0o755);
  await expect(checkConfiguration({ program: slow, file: '/x', timeoutMs: 50 })).rejects.toMatchObject({
    code: 'HAPROXY_REJECTS',
  });
  await expect(checkConfiguration({ program: '/nonexistent', file: '/x' })).rejects.toMatchObject({
    code: 'HAPROXY_MISSING',
  });
});

test('an alert rejects the configuration even if the exit status is 0, as with 3.4.0', () => {
  const output =
    "[ALERT]    (812) : config : parsing [/c/haproxy.cfg:11] : character '/' is not permitted in 'backend' name 'a/b'.\n";
  expect(judgeCheck(0, output)).toEqual({
    kind: 'rejected',
    messages: [
      {
        severity: 'alert',
        file: '/c/haproxy.cfg',
        line: 11,
        text: "character '/' is not permitted in 'backend' name 'a/b'.",
      },
    ],
  });
});

test('a failure without a message is a failure', () => {
  expect(judgeCheck(139, '')).toEqual({
    kind: 'rejected',
    messages: [{ severity: 'alert', text: 'haproxy -c ended with status 139 and said nothing' }],
  });
});

test.each([
  [
    "[ALERT]    (4154) : config : [/c/h.cfg:7] : 'server b/s' : could not resolve address 'x'.",
    { file: '/c/h.cfg', line: 7, proxy: 'b', server: 's' },
  ],
  ["[ALERT]    (1) : config : Proxy 'f': unable to find required use_backend: 'nosuch'.", { proxy: 'f' }],
  [
    "[ALERT]    (1) : config : config: backend 'b': server 's' has neither service port nor check port.",
    { proxy: 'b', server: 's' },
  ],
  [
    '[ALERT]    (1) : Binding [/c/h.cfg:12] for frontend team_web_10001: cannot bind socket (Address already in use) for [127.0.0.1:80]',
    { line: 12, proxy: 'team_web_10001' },
  ],
  [
    '[ALERT]    (1) : Parsing [/c/h.cfg:3]: Missing LF on last line',
    { line: 3, text: 'Missing LF on last line' },
  ],
  [
    "[WARNING]  (1) : config : backend 'b' uses http-check rules without 'option httpchk', so the rules are ignored.",
    { severity: 'warning', proxy: 'b' },
  ],
  [
    "[ALERT]    (1) : config : http frontend 'f' (/c/h.cfg:6) tries to use incompatible tcp backend 'b' (/c/h.cfg:9) as its default backend (see 'mode').",
    { file: '/c/h.cfg', line: 6, proxy: 'f' },
  ],
  ['[ALERT] 012/153433 (7) : parsing [/c/h.cfg:3] : old form', { line: 3, text: 'old form' }],
  [
    '[ALERT]    (1) : [haproxy.main()] Cannot raise FD limit to 25040, limit is 20000.',
    { text: '[haproxy.main()] Cannot raise FD limit to 25040, limit is 20000.' },
  ],
])('%s', (line, expected) => {
  expect(parseMessages(line)).toMatchObject([expected]);
});

test('notices and summary lines are left out, unless an alert says nothing else', () => {
  const output = `[NOTICE]   (1) : haproxy version is 2.6.12
[ALERT]    (1) : config : parsing [/c:1] : bad
  and why
[ALERT]    (1) : config : Error(s) found in configuration file : /c
[ALERT]    (1) : config : Fatal errors found in configuration.
`;
  expect(parseMessages(output)).toEqual([{ severity: 'alert', file: '/c', line: 1, text: 'bad\n  and why' }]);
  expect(parseMessages('[ALERT]    (1) : config : Fatal errors found in configuration.')).toMatchObject([
    { text: 'Fatal errors found in configuration.' },
  ]);
});
