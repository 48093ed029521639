import { describe, expect, test } from 'vitest';
import { translateRemoved } from '../../../src/core/guard/removed.ts';
import { splitLine, writeLine } from '../../../src/core/guard/words.ts';

function today(text: string): string[] | string | undefined {
  const line = splitLine(text);
  if ('wrong' in line) throw new Error(line.wrong);
  const translation = translateRemoved(line);
  if (translation === undefined) return undefined;
  return translation.kind === 'exact' ? translation.lines.map(writeLine) : translation.remedy;
}

describe('a directive that HAProxy has removed is written as what means the same', () => {
  test.each([
    ['reqadd X-A:\\ b', ['http-request add-header X-A b']],
    ['reqadd X-A:\\ 100%', ['http-request add-header X-A 100%%']],
    ['reqadd "X-A: b c" if { ssl_fc }', ["http-request add-header X-A 'b c' if { ssl_fc }"]],
    [
      'rspadd Strict-Transport-Security:\\ max-age=1',
      ['http-response add-header Strict-Transport-Security max-age=1'],
    ],
    ['reqdel ^X-A:.*', ['http-request del-header X-A']],
    ['reqidel ^X-A:', ['http-request del-header X-A']],
    ['rspidel ^Server:.* unless internal', ['http-response del-header Server unless internal']],
    ['rspdel X-A:\\ .*', ['http-response del-header X-A']],
    ['block if bad', ['http-request deny if bad']],
    ['reqrep ^Host:\\ old(.*) Host:\\ new\\1', ["http-request replace-header Host ^old(.*) 'new\\1'"]],
    ['reqirep ^Host:.* Host:\\ a.b', ['http-request replace-header Host (?i)^.* a.b']],
    [
      'rspirep "^Location: (https?://a(:[0-9]+)?)?(/.*)" "Location: /p\\3" if found',
      ["http-response replace-header Location (?i)^(https?://a(:[0-9]+)?)?(/.*) '/p\\3' if found"],
    ],
    ['reqrep ^([^\\ :]*)\\ /a/?(.*) \\1\\ /\\2', ["http-request replace-pathq ^/a/?(.*) '/\\1'"]],
    [
      'reqirep "^([^ :]*)\\ /a/(b|c)/(.*)" "\\1\\ /\\2/x/\\3"',
      ["http-request replace-pathq (?i)^/a/(b|c)/(.*) '/\\1/x/\\2'"],
    ],
    ['option forceclose', ['option httpclose']],
    ['option http-use-htx', []],
    ['bind-process 1', []],
    ['nbproc 4', []],
    ['timeout clitimeout 5s', ['timeout client 5s']],
    ['timeout contimeout 5s', ['timeout connect 5s']],
    ['srvtimeout 50000', ['timeout server 50000']],
    ['redispatch', ['option redispatch']],
    [
      'option httpchk GET /health HTTP/1.1\\r\\nHost:\\ a.b\\r\\nX-A:\\ 1%',
      ['option httpchk GET /health HTTP/1.1', 'http-check send hdr Host a.b hdr X-A 1%%'],
    ],
    [
      'option httpchk POST / "HTTP/1.0\\r\\nContent-Length: 2\\r\\n\\r\\nok"',
      ['option httpchk POST / HTTP/1.0', 'http-check send hdr Content-Length 2 body ok'],
    ],
  ])('%s', (text, expected) => {
    expect(today(text)).toEqual(expected);
  });

  test.each([
    'option httpchk GET /health',
    'option httpchk GET / HTTP/1.0',
    'option forwardfor',
    'http-request add-header X-A b',
    'timeout client 5s',
    'REQADD_ X',
  ])('%s is left alone', (text) => {
    expect(today(text)).toBeUndefined();
  });
});

describe('where it depends on what was meant, the modern form is suggested', () => {
  test.each([
    ['reqideny ^User-Agent:.*bot', /http-request deny if/],
    ['rspdeny ^X', /http-response deny if/],
    ['reqtarpit ^X', /http-request tarpit if/],
    ['reqpass ^X', /http-request allow if/],
    ['reqsetbe ^Host a', /use_backend/],
    // The prefix of several headers.
    ['reqidel ^X-Forwarded', /http-request del-header NAME/],
    // The header gets another name.
    ['reqrep ^X-A:\\ (.*) X-B:\\ \\1', /http-request replace-header or replace-path/],
    // The end of the request line, with its version, would be lost.
    ['reqrep ^([^\\ ]*)\\ /a \\1\\ /b', /replace-path/],
    ['reqrep ^GET\\ /a/(.*) GET\\ /b/\\1', /replace-path/],
    ['reqadd nothing', /add-header/],
    ['option http-tunnel', /remove it/],
    ['monitor-net 10.0.0.0/8', /http-request return status 200/],
    ['mode health', /http-request return status 200/],
    ['appsession a len 1', /stick/],
    ['block', /http-request deny/],
  ])('%s', (text, remedy) => {
    expect(today(text)).toMatch(remedy);
  });
});
