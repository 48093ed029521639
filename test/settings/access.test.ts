import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { describeMarathonAddress } from '../../src/core/model/marathon-address.ts';
import { PacerError } from '../../src/errors.ts';
import { resolveSettings } from '../../src/settings/settings.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'pacer-access-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const file = (name: string, text: string): string => {
  writeFileSync(join(directory, name), text);
  return join(directory, name);
};

function resolve(flags: Record<string, unknown>, environment: Record<string, string> = {}) {
  return resolveSettings({ flags: { groups: ['external'], ...flags }, environment, file: undefined });
}

const access = (...args: Parameters<typeof resolve>) => resolve(...args).settings.clusters[0].access;

function refusal(flags: Record<string, unknown>): PacerError {
  try {
    resolve(flags);
  } catch (error) {
    if (error instanceof PacerError) return error;
  }
  throw new Error('it was not refused');
}

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pem = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
const account = {
  uid: 'pacer',
  private_key: pem,
  scheme: 'RS256',
  login_endpoint: 'https://leader.mesos/acs/api/v1/auth/login',
};

test('a ZooKeeper stands among other addresses, and its commas are its own', () => {
  const written = 'http://m1:8080,zk://zk1,zk2:2182,zk3/marathon,srv://_marathon._tcp.mesos';
  const expected = [
    'http://m1:8080',
    'zk://zk1:2181,zk2:2182,zk3:2181/marathon',
    'srv://_marathon._tcp.mesos',
  ];
  expect(access({ marathon: written }).endpoints.map(describeMarathonAddress)).toEqual(expected);
  expect(access({ marathon: written.split(/,(?=\w+:\/)/) }).endpoints.map(describeMarathonAddress)).toEqual(
    expected,
  );
});

test.each(['10.0.0.2', '10.0.0.2:8600', '[::1]:53', '::1'])('%s is a DNS server', (server) => {
  expect(access({ dnsServers: server }).dnsServers).toEqual([server]);
  expect(refusal({ dnsServers: 'dns.example' }).message).toContain('--marathon-dns');
});

describe('basic credentials', () => {
  const expected = { kind: 'basic', user: 'pacer', password: 'se:cret' };
  test('come from a file, the environment or a flag, and a password may hold colons', () => {
    expect(access({ authFile: file('credentials', 'pacer:se:cret\n') }).credentials).toEqual(expected);
    expect(access({}, { PACER_AUTH_CREDENTIALS: 'pacer:se:cret' }).credentials).toEqual(expected);
    expect(access({ auth: 'pacer:se:cret' }).credentials).toEqual(expected);
    expect(access({}).credentials).toBeUndefined();
  });

  test('on the command line are told to be readable by everyone; elsewhere they are not', () => {
    expect(resolve({ auth: 'a:b' }).notices).toEqual([
      '--auth-credentials: everyone on this machine can read the flags of a process',
    ]);
    expect(resolve({}, { PACER_AUTH_CREDENTIALS: 'a:b' }).notices).toEqual([]);
  });
});

describe('a service account', () => {
  const expected = {
    kind: 'service-account',
    uid: 'pacer',
    privateKey: pem,
    loginEndpoint: new URL(account.login_endpoint),
  };
  test('comes as JSON or as the path of a file, from a flag or the environment', () => {
    const json = JSON.stringify(account);
    const path = file('account.json', json);
    expect(access({ dcosAuth: json }).credentials).toEqual(expected);
    expect(access({ dcosAuth: path }).credentials).toEqual(expected);
    expect(access({ dcosAuth: `file://${path}` }).credentials).toEqual(expected);
    expect(access({}, { DCOS_SERVICE_ACCOUNT_CREDENTIAL: json }).credentials).toEqual(expected);
    expect(access({}, { DCOS_SERVICE_ACCOUNT_CREDENTIAL: '' }).credentials).toBeUndefined();
    expect(access({}, { PACER_DCOS_AUTH_CREDENTIALS: path }).credentials).toEqual(expected);
  });

  test.each([
    ['not JSON', '{"uid": "pacer", "private_key": SECRET', 'it is not JSON'],
    ['without a uid', JSON.stringify({ ...account, uid: undefined }), 'uid: '],
    [
      'with no URL',
      JSON.stringify({ ...account, login_endpoint: 'SECRET' }),
      'login_endpoint: expected a URL',
    ],
    [
      'with a broken key',
      JSON.stringify({ ...account, private_key: `SECRET${pem.slice(40)}` }),
      'not an RSA key',
    ],
  ])('%s is refused, and the message shows none of it', (_, text, message) => {
    const error = refusal({ dcosAuth: text });
    expect(error.message).toContain(message);
    expect(`${error.message}${error.remedy}`).not.toMatch(/SECRET|BEGIN|MII/);
  });
});

describe('TLS', () => {
  test('authorities, certificate and key are read from their files', () => {
    const flags = {
      marathonCa: file('ca.pem', 'the authorities'),
      marathonCert: file('cert.pem', 'the certificate'),
      marathonKey: file('key.pem', 'the key'),
    };
    expect(access(flags)).toMatchObject({
      ca: 'the authorities',
      clientCertificate: { cert: 'the certificate', key: 'the key' },
      insecure: false,
    });
    expect(access({ marathonCert: file('both.pem', 'both') }).clientCertificate).toEqual({
      cert: 'both',
      key: 'both',
    });
  });

  test.each([
    [{ marathonCa: '/nowhere/ca.pem' }, '--marathon-ca-cert /nowhere/ca.pem'],
    [{ marathonKey: '/nowhere/key.pem' }, '--marathon-client-cert'],
    [{ authFile: '/nowhere/credentials' }, '--marathon-auth-credential-file /nowhere/credentials'],
  ])('a file that is missing is named: %j', (flags, text) => {
    expect(refusal(flags).message).toContain(text);
  });
});

test('a wrong URL is shown without its password', () => {
  const { message } = refusal({ marathon: 'htp://pacer:hunter2@marathon:8080' });
  expect(message).toContain('htp://***@marathon:8080');
  expect(message).not.toContain('hunter2');
});
