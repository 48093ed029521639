/** marathon-lb's command lines as its users have them, and the settings that come of them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { templateVerdicts } from '../../src/cli/commands/migrate-templates.ts';
import { readCommandLine } from '../../src/migration/command-line.ts';
import { readEnvironmentFile } from '../../src/cli/commands/migrate.ts';
import { planMigration } from '../../src/migration/plan.ts';
import { migrationText } from '../../src/migration/print.ts';
import { marathonLbFlags } from '../../src/settings/marathon-lb-flags.ts';
import { resolveSettings } from '../../src/settings/settings.ts';
import { settingKeys, settingsTable } from '../../src/settings/table.ts';

const flagsOf = (text: string) => readCommandLine(text).flags.map(({ flag, values }) => [flag, ...values]);
const plan = (text: string, environment: Record<string, string> = {}) => {
  const commandLine = readCommandLine(text);
  const all = new Map([...Object.entries(environment), ...commandLine.environment]);
  return planMigration({ commandLine, environment: all });
};
const textOf = (text: string, environment: Record<string, string> = {}) =>
  migrationText(plan(text, environment), []);

describe('a command line', () => {
  const expected = { mode: 'sse', flags: [['group', 'external'], ['health-check']] };
  test.each([
    ['as arguments of the image', 'sse --group external --health-check'],
    ['with the entry point', 'run sse --group external --health-check'],
    ['with the path of the script', '/marathon-lb/run sse --group external -H'],
    ['for docker', 'docker run -d --net=host -e A=1 mesosphere/marathon-lb:v1.15.0 sse --group=external -H'],
    [
      'of a private registry',
      'docker run reg.example:5000/lb/marathon-lb@sha256:abc sse --group external -H',
    ],
    ['over several lines', 'sse \\\n  --group external \\\n  --health-check'],
    ["as an app's args", '["sse", "--group", "external", "--health-check"]'],
  ])('%s', (_, text) => {
    const { mode, problems } = readCommandLine(text);
    expect({ mode, flags: flagsOf(text) }).toEqual(expected);
    expect(problems).toEqual([]);
  });

  test('has values as argparse takes them', () => {
    expect(
      flagsOf("-m http://a http://b -sH --marathon=http://c --comm 'sv reload haproxy' -cx --group '*'"),
    ).toEqual([
      ['marathon', 'http://a', 'http://b'],
      ['sse'],
      ['health-check'],
      ['marathon', 'http://c'],
      ['command', 'sv reload haproxy'],
      ['command', 'x'],
      ['group', '*'],
    ]);
  });

  test('has variables before it, and those of docker', () => {
    const { environment, environmentFiles, flags } = readCommandLine(
      "POLL_INTERVAL=5 docker run --env=B=2 -eC=3 --env 'D=4 5' --env-file lb.env marathon-lb poll --group x",
    );
    expect(Object.fromEntries(environment)).toEqual({ POLL_INTERVAL: '5', B: '2', C: '3', D: '4 5' });
    expect(environmentFiles).toEqual(['lb.env']);
    expect(flags).toEqual([{ flag: 'group', values: ['x'] }]);
  });

  test('that cannot be read in part says which part', () => {
    expect(readCommandLine('sse --helth-check -x stray --group').problems).toEqual([
      'marathon-lb has no flag --helth-check; did you mean --health-check?',
      'marathon-lb has no flag -x',
      '"stray" belongs to no flag and is left out',
      '--group has no value',
    ]);
    expect(readCommandLine('sse --mar http://m').problems[0]).toContain('marathon-lb has no flag --mar');
  });
});

test('the settings file says the same as the flags, to Pacer', () => {
  const text = textOf(
    'sse -m http://m1:8080 http://m2:8080 --group external --group internal --health-check --strict-mode ' +
      '--ssl-certs /etc/ssl/a.pem,/etc/ssl/b.pem --archive-versions 3 --command "sv reload haproxy" --reload-interval 5',
    { FRAMEWORK_NAME: 'lb', POLL_INTERVAL: '30' },
  );
  const file = parse(text) as Record<string, unknown>;
  const keyOf = (flag: string) => settingKeys.find((key) => settingsTable[key].flag === flag)!;
  const flags = Object.fromEntries(Object.entries(file).map(([flag, value]) => [keyOf(flag), value]));
  const { settings, notices } = resolveSettings({ flags, environment: {}, file: undefined });
  expect(notices).toEqual([]);
  expect(settings).toMatchObject({
    groups: ['external', 'internal'],
    healthCheck: true,
    strictMode: true,
    sslCerts: ['/etc/ssl/a.pem', '/etc/ssl/b.pem'],
    archiveVersions: 3,
    haproxyMode: 'command',
    command: 'sv reload haproxy',
    reloadInterval: 5,
    ownApp: '/lb',
    pollInterval: 30,
  });
});

test('poll is a setting', () => {
  expect(plan('poll --group x').settings.get('poll')).toBe(true);
  expect(plan('sse --group x').settings.has('poll')).toBe(false);
});

test('the command is one that a shell reads back', () => {
  const { command } = plan(`sse --group '*' --command "it's a reload"`);
  const line = /^# {3}(pacer sse .*)$/m.exec(textOf(`sse --group '*' --command "it's a reload"`))?.[1] ?? '';
  expect(flagsOf(line.replace('pacer ', ''))).toEqual([
    ['group', '*'],
    ['command', "it's a reload"],
  ]);
  expect(command).toEqual(['pacer', 'sse', '--group', '*', '--command', "it's a reload"]);
});

test('no secret is printed, and each is named with where it belongs', () => {
  const text = textOf('sse --group x --auth-credentials bob:hunter2', {
    MARATHON_USER: 'bob',
    MARATHON_PASSWORD: 'hunter2',
    DCOS_SERVICE_ACCOUNT_CREDENTIAL: '{"private_key": "hunter2"}',
    HAPROXY_SSL_CERT17: 'hunter2',
  });
  expect(text).not.toContain('hunter2');
  for (const name of [
    'PACER_AUTH_CREDENTIALS',
    'MARATHON_PASSWORD',
    'DCOS_SERVICE_ACCOUNT_CREDENTIAL',
    'HAPROXY_SSL_CERT17',
  ])
    expect(text).toContain(`#   ${name}\n`);
});

test('flags that need do nothing here say why, and are no settings', () => {
  const { settings, remarks } = plan('sse --group x --haproxy-map --skip-validation');
  expect([...settings.keys()]).toEqual(['group']);
  expect(remarks.map(({ about, text }) => `${about}: ${text}`)).toEqual([
    expect.stringMatching(/^--haproxy-map: not needed: /),
    expect.stringMatching(/^--skip-validation: not needed: /),
  ]);
});

test('without a group it is asked for', () => {
  expect(plan('sse').remarks.filter(({ attention }) => attention)).toEqual([
    expect.objectContaining({ about: '--group' }),
  ]);
});

test('what is different on purpose begins with what the flags are about', () => {
  expect(plan('sse --group x --health-check').differences[0]?.flag).toBe('health-check');
});

test('a file of variables is read as docker and systemd read it', () => {
  const { variables, wrong } = readEnvironmentFile(
    '# a\n\nexport A=1\nB="2 3"\nC=\'x\'\nD=a=b\nnot a variable\n',
  );
  expect(Object.fromEntries(variables)).toEqual({ A: '1', B: '2 3', C: 'x', D: 'a=b' });
  expect(wrong).toEqual([7]);
});

test("every flag of marathon-lb's is a setting of Pacer's", () => {
  const flags = new Set<string>(settingKeys.map((key) => settingsTable[key].flag));
  const missing = marathonLbFlags.filter(({ flag }) => flag !== 'longhelp' && !flags.has(flag));
  expect(missing).toEqual([]);
});

test('short flags are the same', () => {
  for (const { flag, short } of marathonLbFlags) {
    const key = settingKeys.find((it) => settingsTable[it].flag === flag);
    const own = key === undefined ? undefined : (settingsTable[key] as { short?: string }).short;
    expect(own, flag).toBe(short);
  }
});

describe('templates', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'pacer-migrate-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const verdicts = (files: Record<string, string>) => {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    return templateVerdicts(new Map(), folder).map(({ kind, notes }) => [kind, ...notes]);
  };

  test('that serve as they are say so', () => {
    expect(
      verdicts({ HAPROXY_BACKEND_HEAD: 'backend {backend}\n  balance {balance}\n  mode {mode}\n' }),
    ).toEqual([['taken as it is']]);
  });

  test('with directives that HAProxy has removed say what they become', () => {
    expect(verdicts({ HAPROXY_BACKEND_HSTS_OPTIONS: '  rspadd X-Frame-Options:\\ DENY\n' })).toEqual([
      ['taken, with changes', expect.stringContaining('http-response add-header X-Frame-Options DENY')],
    ]);
  });

  test('with a placeholder that there is not are refused with the line', () => {
    expect(verdicts({ HAPROXY_FRONTEND_BACKEND_GLUE: '# one\n  use_backend {backnd}\n' })).toEqual([
      ['refused', expect.stringMatching(/^line 2: .*\{backnd\}.*\{backend\}/)],
    ]);
  });

  test('with a name that is none are refused with the nearest', () => {
    expect(verdicts({ HAPROXY_BACKEND_HED: 'x' })).toEqual([
      ['refused', expect.stringContaining('HAPROXY_BACKEND_HEAD')],
    ]);
  });

  test('in the environment are judged too, and stay there', () => {
    const environment = new Map([['HAPROXY_HEAD', 'global\\n  daemon\\n  log /dev/log local0']]);
    const [verdict] = templateVerdicts(environment, undefined);
    expect(verdict).toMatchObject({ kind: 'taken, with changes', place: 'HAPROXY_HEAD in the environment' });
    expect(verdict?.notes[0]).toContain('"daemon" is left out');
    expect(plan('sse --group x', Object.fromEntries(environment)).environment).toEqual(['HAPROXY_HEAD']);
  });

  test('are named in the settings and in the command', () => {
    const { settings, command } = planMigration({
      ...{ commandLine: readCommandLine('sse --group x'), environment: new Map() },
      templates: '/etc/lb/templates',
    });
    expect(settings.get('templates')).toBe('/etc/lb/templates');
    expect(command.slice(-2)).toEqual(['--templates', '/etc/lb/templates']);
  });
});

test('no value gets out of the comments, or moves the cursor of a terminal', () => {
  const text = textOf(
    JSON.stringify([
      'sse',
      '--group',
      'a',
      '-c',
      'reload\nevil: 1\rworse: 2',
      '\u001b[2Jx\rgroup: [b]\u0085c: 3',
    ]),
  );
  expect(parse(text)).toEqual({ group: ['a'], command: 'reload\nevil: 1\rworse: 2' });
  for (const line of text.split(/\n|\r/).filter((it) => /evil|worse|\[b\]|c: 3/.test(it)))
    expect(line).toMatch(/^#|^command: |^\s/);
  expect(text).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
});
