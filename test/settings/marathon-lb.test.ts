/** marathon-lb's environment and flags, as its users have them. */
import { expect, test } from 'vitest';
import { PacerError } from '../../src/errors.ts';
import { marathonLbVariables } from '../../src/settings/marathon-lb.ts';
import { resolveSettings } from '../../src/settings/settings.ts';
import { settingKeys, settingsTable } from '../../src/settings/table.ts';
import { makePem } from '../support/certificate.ts';

const resolve = (environment: Record<string, string>, flags: Record<string, unknown> = {}) =>
  resolveSettings({
    flags: { groups: ['external'], stateDir: '/state', ...flags },
    environment,
    file: undefined,
  });

function refusal(environment: Record<string, string>): PacerError {
  try {
    resolve(environment);
  } catch (error) {
    if (error instanceof PacerError) return error;
  }
  throw new Error('it was not refused');
}

test('variables that stand for one setting are read, and an empty one is none', () => {
  const { settings } = resolve({
    POLL_INTERVAL: '15',
    SYSLOG_SOCKET: '/dev/log',
    HAPROXY_GLOBAL_DEFAULT_OPTIONS: 'redispatch,dontlognull',
    FRAMEWORK_NAME: 'infra/marathon-lb',
    PORTS: '9090,9091',
  });
  expect(settings).toMatchObject({
    pollInterval: 15,
    syslogSocket: '/dev/log',
    defaultOptions: ['redispatch', 'dontlognull'],
    ownApp: '/infra/marathon-lb',
  });
  expect(resolve({ POLL_INTERVAL: '', SYSLOG_SOCKET: '' }).settings).toMatchObject({
    pollInterval: 60,
    syslogSocket: undefined,
    defaultOptions: ['redispatch', 'http-server-close', 'dontlognull'],
  });
});

test("Pacer's own variable and the flag win over marathon-lb's", () => {
  const environment = { POLL_INTERVAL: '15', PACER_POLL_INTERVAL: '20' };
  expect(resolve(environment).settings.pollInterval).toBe(20);
  expect(resolve(environment, { pollInterval: '30' }).settings.pollInterval).toBe(30);
});

test('MARATHON_USER and MARATHON_PASSWORD are credentials together, and nothing alone', () => {
  const credentials = (environment: Record<string, string>) =>
    resolve(environment).settings.clusters[0].access.credentials;
  expect(credentials({ MARATHON_USER: 'bob', MARATHON_PASSWORD: 'se:cret' })).toEqual({
    kind: 'basic',
    user: 'bob',
    password: 'se:cret',
  });
  expect(credentials({ MARATHON_USER: 'bob' })).toBeUndefined();
});

test('a syslog socket of /dev/null is no log', () => {
  expect(resolve({ SYSLOG_SOCKET: '/dev/null' }).settings.syslogSocket).toBeUndefined();
});

test('certificates become files of the state directory, used for HTTPS unless others are named', async () => {
  const pem = await makePem('shop.example');
  const environment = { HAPROXY_SSL_CERT: pem.replaceAll('\n', '\\n'), HAPROXY_SSL_CERT7: pem };
  const { settings } = resolve(environment);
  expect(settings.givenCertificates.map(({ source, name }) => [source, name])).toEqual([
    ['HAPROXY_SSL_CERT', 'cert.pem'],
    ['HAPROXY_SSL_CERT7', 'cert7.pem'],
  ]);
  expect(settings.givenCertificates[0]?.pem).toBe(settings.givenCertificates[1]?.pem);
  expect(settings.sslCerts).toEqual(['/state/certificates/cert.pem', '/state/certificates/cert7.pem']);
  expect(resolve(environment, { sslCerts: '/etc/ssl/own.pem' }).settings.sslCerts).toEqual([
    '/etc/ssl/own.pem',
  ]);
});

test('a certificate that is none is refused by its name, without its text', () => {
  const { code, message } = refusal({ HAPROXY_SSL_CERT3: 'secret-text' });
  expect(code).toBe('CERTIFICATE_INVALID');
  expect(message).toContain('HAPROXY_SSL_CERT3');
  expect(message).not.toContain('secret-text');
});

test('kernel parameters are read as sysctl takes them', () => {
  const environment = { HAPROXY_SYSCTL_PARAMS: 'net.ipv4.tcp_tw_reuse=1  net/core/somaxconn=10000' };
  expect(resolve(environment).settings.kernelParameters).toEqual([
    { name: 'net.ipv4.tcp_tw_reuse', value: '1' },
    { name: 'net/core/somaxconn', value: '10000' },
  ]);
  expect(refusal({ HAPROXY_SYSCTL_PARAMS: '../../etc/passwd=1' }).message).toContain('HAPROXY_SYSCTL_PARAMS');
});

test('a longer backoff than Pacer ever waits is kept to, a shorter one is taken', () => {
  expect(resolve({}, { maxBackoff: '300' }).settings.maxBackoff).toBe(10);
  expect(resolve({}, { maxBackoff: '3' }).settings.maxBackoff).toBe(3);
});

test('with polls far apart Marathon counts as silent later', () => {
  expect(resolve({ POLL_INTERVAL: '300' }, { poll: true }).settings.maxConfirmationAge).toBe(900);
  expect(resolve({ POLL_INTERVAL: '300' }).settings.maxConfirmationAge).toBe(120);
});

test('no revision need be kept beside the current one', () => {
  expect(resolve({}, { archiveVersions: '0' }).settings.archiveVersions).toBe(0);
});

test('what is said of a variable names a setting that there is', () => {
  const flags = new Set<string>(settingKeys.map((key) => settingsTable[key].flag));
  const variables = marathonLbVariables();
  expect(variables.filter(({ flag }) => flag !== '' && !flags.has(flag))).toEqual([]);
  expect(variables.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['POLL_INTERVAL', 'FRAMEWORK_NAME', 'DCOS_SERVICE_ACCOUNT_CREDENTIAL', 'PORTS']),
  );
});
