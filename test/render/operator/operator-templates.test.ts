/** The operator's templates at start: where they may be, which wins, and what is said of one that cannot be used. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { fillTemplate } from '../../../src/core/templates/placeholders.ts';
import { PacerError } from '../../../src/errors.ts';
import { loadFragments } from '../../../src/render/fragments.ts';
import { loadOperatorTemplates } from '../../../src/render/operator/operator-templates.ts';
import { resolveSettings } from '../../../src/settings/settings.ts';

function directoryOf(files: Readonly<Record<string, string>>): string {
  const directory = mkdtempSync(join(tmpdir(), 'pacer-templates-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  return directory;
}

const load = (files: Readonly<Record<string, string>>, variables: Readonly<Record<string, string>> = {}) => {
  const templates = loadOperatorTemplates({ variables, directories: [directoryOf(files)] });
  loadFragments(templates.fragments);
  return templates;
};

/** Message and remedy, without the folder. */
function wrong(what: () => unknown): string {
  try {
    what();
  } catch (error) {
    if (!(error instanceof PacerError)) throw error;
    return `${error.code} ${error.message}; ${error.remedy}`.replace(/\/\S*pacer-templates-\w+\//g, '');
  }
  return 'nothing';
}

describe('a template', () => {
  const text = (name: 'BACKEND_HTTP_OPTIONS', templates: ReturnType<typeof load>) => {
    const override = templates.overrides.get(name);
    return override === undefined ? undefined : fillTemplate(override.template, {});
  };

  test('may be a file, or a variable whose \\n is a line break', () => {
    expect(text('BACKEND_HTTP_OPTIONS', load({ HAPROXY_BACKEND_HTTP_OPTIONS: '  a\r\n  b\r' }))).toBe(
      '  a\n  b\n',
    );
    expect(text('BACKEND_HTTP_OPTIONS', load({}, { HAPROXY_BACKEND_HTTP_OPTIONS: '  a\\n  b' }))).toBe(
      '  a\n  b',
    );
  });

  test('in a variable wins over one in a file, and the first directory over the next', () => {
    const [first, second] = [
      directoryOf({ HAPROXY_BACKEND_HTTP_OPTIONS: '  first' }),
      directoryOf({
        HAPROXY_BACKEND_HTTP_OPTIONS: '  second',
        'backend-head.hbs': '\nbackend {{backend}}\n',
      }),
    ];
    const variables = { HAPROXY_BACKEND_HTTP_OPTIONS: '  variable' };
    const directories = [first, second];
    expect(text('BACKEND_HTTP_OPTIONS', loadOperatorTemplates({ variables, directories }))).toBe(
      '  variable',
    );
    const files = loadOperatorTemplates({ variables: {}, directories });
    expect(text('BACKEND_HTTP_OPTIONS', files)).toBe('  first');
    expect([...files.fragments.keys()]).toEqual(['backend-head']);
  });

  test('is looked for in --templates, then in the sandbox, if that has some', () => {
    const sandbox = directoryOf({});
    const settings = (flags: Record<string, unknown>) =>
      resolveSettings({
        flags: { groups: ['*'], ...flags },
        environment: { MESOS_SANDBOX: sandbox, HAPROXY_HEAD: 'global', OTHER: 'x' },
        file: undefined,
      }).settings.templateSources;
    expect(settings({})).toEqual({ variables: { HAPROXY_HEAD: 'global' }, directories: [] });
    mkdirSync(join(sandbox, 'templates'));
    expect(settings({ templates: '/own' }).directories).toEqual(['/own', join(sandbox, 'templates')]);
  });

  test('files beside them, such as error pages, are nobody’s concern', () => {
    expect(load({ '503.http': 'HTTP/1.1 503', 'README.md': 'x' }).overrides.size).toBe(0);
  });
});

describe('what cannot be used is named exactly', () => {
  test.each([
    [
      'HAPROXY_BACKEND_HAED',
      'x',
      "HAPROXY_BACKEND_HAED is no template of marathon-lb's; did you mean HAPROXY_BACKEND_HEAD?",
    ],
    [
      'HAPROXY_BACKEND_HEAD.txt',
      'x',
      "HAPROXY_BACKEND_HEAD.txt is no template of marathon-lb's; did you mean HAPROXY_BACKEND_HEAD?",
    ],
    ['BACKEND_HEAD', 'x', "BACKEND_HEAD is no template of marathon-lb's; did you mean HAPROXY_BACKEND_HEAD?"],
    [
      'HAPROXY_NOTHING_LIKE_IT_AT_ALL',
      'x',
      "HAPROXY_NOTHING_LIKE_IT_AT_ALL is no template of marathon-lb's; see docs/templates.md for the names",
    ],
    [
      'backend-haed.hbs',
      'x',
      "backend-haed.hbs is none of Pacer's fragments; did you mean backend-head.hbs?",
    ],
    [
      'HAPROXY_BACKEND_HEAD',
      'backend {backend}\n  balance {balnce}\n',
      'HAPROXY_BACKEND_HEAD line 2: there is no placeholder {balnce}; did you mean {balance}? there are backend, balance, mode',
    ],
    [
      'HAPROXY_BACKEND_HEAD',
      'backend {backend}\n  acl a { src 1.2.3.4 }\n',
      "HAPROXY_BACKEND_HEAD line 2: { src 1.2.3.4 } is read as a placeholder; write {{ src 1.2.3.4 }} for braces of HAProxy's",
    ],
    [
      'HAPROXY_BACKEND_HEAD',
      'backend other\n',
      'HAPROXY_BACKEND_HEAD: it begins with "backend other"; begin it with backend {backend}',
    ],
    [
      'HAPROXY_HTTPS_FRONTEND_HEAD',
      '# closed\n',
      'HAPROXY_HTTPS_FRONTEND_HEAD: it is empty; remove it; to close the port, use `--dont-bind-http-https`',
    ],
    [
      'HAPROXY_BACKEND_HTTP_OPTIONS',
      '  option forwardfor\n  reqideny ^x\n',
      'HAPROXY_BACKEND_HTTP_OPTIONS: line 2: HAProxy has removed "reqideny"; write http-request deny if { ... }, with the condition that the pattern stood for',
    ],
    [
      'HAPROXY_BACKEND_HTTP_OPTIONS',
      '  http-request set-header X "a\n',
      'HAPROXY_BACKEND_HTTP_OPTIONS: a quote " is not closed; close the quote, or escape it',
    ],
    [
      'HAPROXY_BACKEND_SERVER_OPTIONS',
      '  server x {host}:{port}',
      'HAPROXY_BACKEND_SERVER_OPTIONS: the server x is at each task, and all have one name; begin it with server {serverName} {host_ipv4}:{port}',
    ],
    [
      'HAPROXY_BACKEND_SERVER_OPTIONS',
      '  server {serverName}',
      'HAPROXY_BACKEND_SERVER_OPTIONS: the server line lacks a name or an address; begin it with server {serverName} {host_ipv4}:{port}',
    ],
    [
      'HAPROXY_HTTP_FRONTEND_HEAD',
      '  bind *:80\n',
      'HAPROXY_HTTP_FRONTEND_HEAD: its last section is not a frontend; begin it with a line like "frontend marathon_http_in"',
    ],
    [
      'HAPROXY_HEAD',
      'global\n  nonsense "x\n',
      'HAPROXY_HEAD: line 2: a quote " is not closed; close the quote, or escape it',
    ],
    [
      'backend-head.hbs',
      'backend {{backend}}\n  balance {{balnce}}\n',
      'backend-head.hbs line 2: there is no balnce here; did you mean balance? there are backend, mode, balance, consistentHash',
    ],
    [
      'backend-head.hbs',
      '\n{{#iff mode}}\n{{/iff}}\n',
      'backend-head.hbs line 2: there is no helper iff; did you mean if? there are if, unless, each, with, lookup, log, eq, not, and, or, join, quote',
    ],
    [
      'backend-head.hbs',
      'backend {{backend}}\n{{#if mode}}\n',
      'backend-head.hbs line 3: its braces or blocks do not fit together; close each {{#if}}, {{#unless}} and {{#each}}; write \\{{ for braces of HAProxy’s',
    ],
  ])('%s %j', (file, text, message) => {
    expect(wrong(() => load({ [file]: text }))).toBe(`OPERATOR_TEMPLATE_INVALID ${message}`);
  });

  test('a variable is named as one', () => {
    expect(wrong(() => load({}, { HAPROXY_BACKEND_HEAD: 'backend {backend}\\n  mode {mod}' }))).toMatch(
      /^OPERATOR_TEMPLATE_INVALID HAPROXY_BACKEND_HEAD line 2: there is no placeholder \{mod\}; did you mean \{mode\}\?/,
    );
  });

  test('a directory that is not there', () => {
    expect(wrong(() => loadOperatorTemplates({ variables: {}, directories: ['/nowhere'] }))).toMatch(
      /^FILE_UNREADABLE templates \/nowhere: ENOENT/,
    );
  });

  test('a variable that looks like a slip is said, others are not', () => {
    const variables = { HAPROXY_BACKEND_HAED: 'x', HAPROXY_VERSION: '2.6', HAPROXY_SSL_CERT: 'x' };
    expect(load({}, variables).notices).toEqual([
      'HAPROXY_BACKEND_HAED is no template, so it has no effect; did you mean HAPROXY_BACKEND_HEAD?',
    ]);
  });

  test('what was translated is said once', () => {
    const { notices } = load({ HAPROXY_BACKEND_HSTS_OPTIONS: '  rspadd A:\\ b\n' });
    expect(notices.map((notice) => notice.replace(/^\S*\//, ''))).toEqual([
      'HAPROXY_BACKEND_HSTS_OPTIONS: HAProxy has removed "rspadd A:\\ b"; it is written as "http-response add-header A b"',
    ]);
  });
});

describe('a HEAD', () => {
  const head = (text: string) => load({ HAPROXY_HEAD: text }).head!;

  test('says what of it is left out, and why', () => {
    const { notices } = head(
      'global\n  daemon\n  maxconn 9\n  stats socket /nowhere/x\n  stats socket /tmp/x\n',
    );
    expect(notices.map((notice) => notice.replace(/^\S*\//, ''))).toEqual([
      'HAPROXY_HEAD: "daemon" is left out: HAProxy is run by Pacer or by the unit it is in, and stays in the foreground',
      'HAPROXY_HEAD: "maxconn 9" is left out: set it with --maxconn, which is checked against the limit of open files',
      'HAPROXY_HEAD: "stats socket /nowhere/x" is left out: there is no /nowhere; Pacer has a socket of its own',
    ]);
  });

  test('gives default-server to servers added at runtime', () => {
    const text =
      'defaults\n  default-server inter 1s\ndefaults\n  default-server inter 2s\n  default-server slowstart 9s\n';
    expect(head(text).serverDefaults).toEqual(['inter', '2s', 'slowstart', '9s']);
  });
});
