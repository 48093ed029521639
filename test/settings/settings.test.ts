import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PacerError } from '../../src/errors.ts';
import { resolveSettings } from '../../src/settings/settings.ts';
import { environmentName, settingKeys, settingsTable } from '../../src/settings/table.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'pacer-settings-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

interface Sources {
  flags?: Record<string, unknown>;
  environment?: Record<string, string>;
  yaml?: string;
}

function resolve({ flags = {}, environment = {}, yaml }: Sources) {
  const file = yaml === undefined ? undefined : join(directory, 'pacer.yaml');
  if (file !== undefined) writeFileSync(file, yaml ?? '');
  return resolveSettings({ flags: { groups: ['external'], ...flags }, environment, file });
}

function refusal(sources: Sources): PacerError {
  try {
    resolve(sources);
  } catch (error) {
    if (error instanceof PacerError) return error;
  }
  throw new Error('it was not refused');
}

test('a flag wins over the environment, that over the file, that over the default', () => {
  const yaml = 'http-port: 8081';
  const environment = { PACER_HTTP_PORT: '8082' };
  expect(resolve({}).settings.httpPort).toBe(80);
  expect(resolve({ yaml }).settings.httpPort).toBe(8081);
  expect(resolve({ yaml, environment }).settings.httpPort).toBe(8082);
  expect(resolve({ yaml, environment, flags: { httpPort: '8083' } }).settings.httpPort).toBe(8083);
});

test('lists are several values, repeated or with commas, and sequences in the file', () => {
  const hrefs = (sources: Sources) => resolve(sources).settings.clusters[0].access.endpoints.map(String);
  const both = ['http://m1:8080/', 'http://m2:8080/'];
  expect(hrefs({ flags: { marathon: ['http://m1:8080', 'http://m2:8080'] } })).toEqual(both);
  expect(hrefs({ environment: { PACER_MARATHON: 'http://m1:8080,http://m2:8080' } })).toEqual(both);
  expect(hrefs({ yaml: 'marathon:\n  - http://m1:8080\n  - http://m2:8080' })).toEqual(both);
});

test.each([
  [{ yaml: 'htp-port: 80' }, 'did you mean http-port?'],
  [{ environment: { PACER_MARATHN: 'http://m:8080' } }, 'did you mean PACER_MARATHON?'],
  [{ yaml: 'zzzzzzzzzzzzzz: 1' }, 'see `pacer run --help` for all settings'],
])('an unknown key names the nearest known one: %j', (sources, remedy) => {
  expect(refusal(sources)).toMatchObject({ code: 'SETTINGS_UNKNOWN_KEY', remedy });
});

test('every wrong value is named with its source, all at once', () => {
  const error = refusal({
    flags: { httpsPort: '70000' },
    environment: { PACER_HEALTH_MODE: 'some' },
    yaml: 'marathon: ftp://m\nhard-stop-after: soon\nbind-addr: eth0',
  });
  expect(error.code).toBe('SETTINGS_INVALID');
  expect(error.message.split('\n')).toEqual([
    'marathon in ' +
      join(directory, 'pacer.yaml') +
      ' "ftp://m": expected a URL like http://marathon:8080, srv://_marathon._tcp.marathon.mesos or zk://zk1:2181,zk2:2181/marathon',
    'PACER_HEALTH_MODE "some": expected one of all, any',
    'hard-stop-after in ' +
      join(directory, 'pacer.yaml') +
      ' "soon": expected a duration like 30s, 10m or 1h',
    '--https-port "70000": expected a whole number from 1 to 65535',
    'bind-addr in ' + join(directory, 'pacer.yaml') + ' "eth0": expected *, an IPv4 or an IPv6 address',
  ]);
});

test('a wrong secret is not repeated', () => {
  expect(refusal({ flags: { auth: 'no-colon-but-secret' } }).message).not.toContain('secret');
});

test.each([
  ['a file that is missing', undefined, 'FILE_UNREADABLE'],
  ['a file that is no YAML', 'a: [1', 'FILE_MALFORMED'],
  ['a file that is a list', '- 1\n- 2', 'FILE_MALFORMED'],
])('%s is refused with its path', (_, text, code) => {
  const file = join(directory, 'other.yaml');
  if (text !== undefined) writeFileSync(file, text);
  try {
    resolveSettings({ flags: {}, environment: {}, file });
    expect.unreachable();
  } catch (error) {
    expect(error).toMatchObject({ code });
    expect(String(error)).toContain(file);
  }
});

test('an empty file sets nothing', () => {
  expect(resolve({ yaml: '# nothing\n' }).settings.httpPort).toBe(80);
});

test('without a group nothing would be exposed, so it is asked for', () => {
  expect(refusal({ flags: { groups: [] } }).remedy).toContain('--group');
});

test('two of Pacer’s own listeners cannot have one port', () => {
  expect(refusal({ flags: { httpPort: '9090' } }).message).toBe('--http-port and --stats-port are both 9090');
});

test('a reload command means command mode, and command mode needs one', () => {
  expect(resolve({ flags: { command: 'systemctl reload haproxy' } }).settings.haproxyMode).toBe('command');
  expect(resolve({}).settings.haproxyMode).toBe('supervise');
  expect(refusal({ flags: { haproxyMode: 'command' } }).message).toContain('--command');
});

test('flags of marathon-lb that have no effect here are accepted, and each says why', () => {
  const { notices } = resolve({
    flags: { sse: true, lruCacheCapacity: '1000' },
  });
  expect(notices).toEqual([
    '--sse: Pacer follows the event stream unless --poll is set',
    '--lru-cache-capacity: Pacer remembers the health of every task',
  ]);
});

test("marathon-lb's log settings do no harm", () => {
  const { settings, notices } = resolve({
    flags: { logFormat: '%(asctime)-15s %(name)s: %(message)s', logLevel: 'WARNING' },
  });
  expect(settings).toMatchObject({ logFormat: 'json', logLevel: 'warn' });
  expect(notices).toHaveLength(1);
});

test('every setting has a flag and an environment variable of its own', () => {
  const specs = settingKeys.map((key) => settingsTable[key]);
  expect(new Set(specs.map(({ flag }) => flag)).size).toBe(specs.length);
  expect(new Set(specs.map(environmentName)).size).toBe(specs.length);
});

test("every flag of marathon-lb's is accepted", () => {
  const flags = new Set<string>(settingKeys.map((key) => settingsTable[key].flag));
  const theirs =
    'marathon haproxy-config group command max-reload-retries reload-interval strict-mode sse archive-versions health-check ' +
    'lru-cache-capacity haproxy-map dont-bind-http-https group-https-by-vhost ssl-certs skip-validation skip-config-cleanup dry ' +
    'min-serv-port-ip-per-task max-serv-port-ip-per-task max-backoff syslog-socket log-format log-level ' +
    'marathon-auth-credential-file auth-credentials dcos-auth-credentials marathon-ca-cert';
  expect(theirs.split(' ').filter((name) => !flags.has(name))).toEqual([]);
});

test.each(['0.0.0.0:9095', ':9095', '[::]:9095', '10.1.2.3:9095', 'edge.example.com:9095'])(
  'the status server listens on %s only where it is said who may ask',
  (statusListen) => {
    expect(refusal({ flags: { statusListen } })).toMatchObject({
      code: 'SETTINGS_INVALID',
      remedy: expect.stringContaining('--status-token-file') as string,
    });
    const withToken = resolve({ flags: { statusListen, statusTokenFile: '/etc/pacer/token' } });
    expect(withToken.settings.statusServer).toMatchObject({ loopback: false, tls: undefined });
    expect(withToken.notices).toEqual([expect.stringContaining('without --status-tls-cert')]);
    const tls = { statusTlsCert: 'a.pem', statusTlsClientCa: 'ca.pem' };
    expect(resolve({ flags: { statusListen, ...tls } }).settings.statusServer.tls).toEqual({
      ...{ cert: 'a.pem', key: 'a.pem', clientCa: 'ca.pem' },
    });
  },
);

test.each(['127.0.0.1:9095', '127.1.2.3:9095', '[::1]:9095', 'localhost:9095'])(
  'on %s it asks nobody for anything',
  (statusListen) => {
    expect(resolve({ flags: { statusListen } }).settings.statusServer.loopback).toBe(true);
  },
);

test('a key or an authority without the certificate it belongs to is refused', () => {
  expect(refusal({ flags: { statusTlsKey: 'a.key' } }).message).toBe(
    '--status-tls-key needs --status-tls-cert',
  );
  expect(refusal({ flags: { statusTlsClientCa: 'ca' } }).message).toContain('--status-tls-client-ca needs');
});

test('what other commands read from the environment does not disturb the daemon', () => {
  const environment = { PACER_STATUS: 'http://127.0.0.1:9095', PACER_TOKEN_FILE: '/etc/pacer/token' };
  expect(resolve({ environment }).notices).toEqual([]);
});
