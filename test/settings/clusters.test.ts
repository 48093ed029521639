import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { describeMarathonAddress } from '../../src/core/model/marathon-address.ts';
import { PacerError } from '../../src/errors.ts';
import { resolveSettings } from '../../src/settings/settings.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'pacer-clusters-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function resolve(yaml: string, flags: Record<string, unknown> = {}) {
  const file = join(directory, 'pacer.yaml');
  writeFileSync(file, `group: external\n${yaml}`);
  return resolveSettings({ flags, environment: {}, file }).settings;
}

function refusal(yaml: string, flags: Record<string, unknown> = {}): PacerError {
  try {
    resolve(yaml, flags);
  } catch (error) {
    if (error instanceof PacerError) return error;
  }
  throw new Error('it was not refused');
}

test('clusters have names, their own endpoints and their own credentials, in the order of the file', () => {
  const yaml = `
clusters:
  west:
    marathon: [http://m1:8080, http://m2:8080]
    auth-credentials: pacer:secret
  east:
    marathon: zk://zk1,zk2/marathon
    marathon-dns: 10.0.0.2
    marathon-insecure: true
`;
  const { clusters } = resolve(yaml);
  expect(clusters.map(({ name }) => name)).toEqual(['west', 'east']);
  expect(clusters.map(({ access }) => access.endpoints.map(describeMarathonAddress))).toEqual([
    ['http://m1:8080', 'http://m2:8080'],
    ['zk://zk1:2181,zk2:2181/marathon'],
  ]);
  expect(clusters.map(({ access }) => access.credentials)).toEqual([
    { kind: 'basic', user: 'pacer', password: 'secret' },
    undefined,
  ]);
  expect(clusters[1]?.access).toMatchObject({ dnsServers: ['10.0.0.2'], insecure: true });
});

test('without clusters there is one, and it has no name', () => {
  expect(resolve('marathon: http://m1:8080').clusters.map(({ name }) => name)).toEqual([undefined]);
});

test.each([
  ['clusters: []', 'clusters in the settings file is not a mapping'],
  ['clusters: {}', 'clusters: is empty'],
  ['clusters: {east: }', 'clusters.east in the settings file is not a mapping'],
  ['clusters: {East: {marathon: "http://m1"}}', 'clusters.East: the name of a cluster consists of'],
  ['clusters: {1: {marathon: "http://m1"}}', 'clusters.1: the name of a cluster consists of'],
  ['clusters: {east: {marathon-dns: 10.0.0.2}}', 'clusters.east has no `marathon`'],
  ['clusters: {east: {marathon: "ftp://m1"}}', 'clusters.east.marathon: expected a URL'],
  [
    'clusters: {east: {marathon: "http://m1", auth-credentials: "secret"}}',
    '--auth-credentials is not user:password',
  ],
])('%s is refused', (yaml, message) => {
  const error = refusal(yaml);
  expect(error.message).toContain(message);
  expect(error.message).not.toContain('secret');
});

test('a key that no cluster has names the nearest, and what is meant for a cluster stands in it', () => {
  expect(refusal('clusters: {east: {marathn: "http://m1"}}').remedy).toBe('did you mean marathon?');
  expect(refusal('clusters: {east: {http-port: 8080}}').message).toContain(
    'http-port is not a setting of a cluster',
  );
  const both = refusal('clusters: {east: {marathon: "http://m1"}}', {
    marathon: 'http://m2',
    marathonCa: '/x',
  });
  expect(both.message).toBe(
    '--marathon and --marathon-ca-cert together with `clusters` in the settings file',
  );
});
