/** `pacer lint` on what people give it: where it points, what it says, what it ends with. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { lint } from '../../../src/cli/lint/lint.ts';
import { appsIn } from '../../../src/cli/lint/input.ts';
import { positionsIn } from '../../../src/cli/lint/positions.ts';
import { PacerError } from '../../../src/errors.ts';

const folder = mkdtempSync(join(tmpdir(), 'pacer-lint-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function run(content: unknown, options: Record<string, unknown> = {}) {
  const file = join(folder, 'apps.json');
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content, null, 2));
  let text = '';
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    text += String(chunk);
    return true;
  });
  onTestFinished(() => write.mockRestore());
  const exit = await lint(file, { format: 'json', failOn: 'error', ...options });
  write.mockRestore();
  return { exit, text, file };
}

interface Found {
  findings: {
    code: string;
    appId: string;
    label?: string;
    reason: string;
    position?: { line: number; column: number };
  }[];
  apps: { appId: string; service?: { where: string[] } }[];
}
const found = ({ text }: { text: string }) => JSON.parse(text) as Found;

const app = (id: string, labels: Record<string, string> = {}, port = 0) => ({
  id,
  portDefinitions: [{ port }],
  labels: { HAPROXY_GROUP: 'external', ...labels },
});

describe('the exit code', () => {
  test('is 0 where nothing is wrong, 1 where something is, and 1 for warnings only if asked', async () => {
    expect((await run(app('/web', { HAPROXY_0_VHOST: 'shop.example' }))).exit).toBe(0);
    expect((await run(app('/web', { HAPROXY_0_PORT: '70000' }))).exit).toBe(1);
    const misspelt = app('/web', { HAPROXY_0_VHSOT: 'shop.example' });
    expect([(await run(misspelt)).exit, (await run(misspelt, { failOn: 'warning' })).exit]).toEqual([0, 1]);
  });
});

test('a finding points at its label, whatever the indentation and the shape of the document', async () => {
  const text = `{
\t"id": "/shop",
\t"groups": [{"id": "front", "apps": [
\t\t{"id": "web", "portDefinitions": [{"port": 0}],
\t\t "labels": {"HAPROXY_GROUP": "external",
\t\t   "HAPROXY_0_VHSOT": "a \\"quoted\\" { value"}}
\t]}]
}`;
  const { findings } = found(await run(text));
  expect(findings).toMatchObject([
    {
      code: 'LABEL_UNKNOWN',
      appId: '/shop/front/web',
      label: 'HAPROXY_0_VHSOT',
      position: { line: 6, column: 6 },
    },
  ]);
});

test.each([
  ['one app', app('/web')],
  ['a list', [app('/web')]],
  ['the answer of /v2/apps', { apps: [app('/web')] }],
  ['the answer of /v2/apps/web', { app: app('/web') }],
  ['a group', { id: '/', groups: [], apps: [app('web')] }],
])('%s is taken', async (_, document) => {
  expect(found(await run(document)).apps).toMatchObject([
    { appId: '/web', service: { where: ['a service port of its own'] } },
  ]);
});

describe('--policy', () => {
  const policy = (text: string): string => {
    const file = join(folder, 'policy.yaml');
    writeFileSync(file, text);
    return file;
  };

  test('tells what the policy forbids, and what it allows', async () => {
    const file = policy('/team: { vhosts: ["*.team.example"] }\n');
    const apps = [
      app('/team/web', { HAPROXY_0_VHOST: 'web.team.example' }),
      app('/team/bank', { HAPROXY_0_VHOST: 'bank.example' }),
    ];
    const result = await run(apps, { policy: file });
    expect(result.exit).toBe(1);
    expect(found(result).findings).toMatchObject([
      {
        ...{ code: 'POLICY_FORBIDS', appId: '/team/bank', label: 'HAPROXY_0_VHOST' },
        reason: 'the policy for /team does not allow bank.example',
      },
    ]);
  });

  test.each([
    ['/team: { vhost: [a.example] }\n', 'vhost is not a key of a policy, did you mean vhosts?'],
    ['/team: { ports: [many] }\n', 'expected ports like 8080 or 10000-10999'],
    ['team: {}\n', 'team'],
    ['{ not yaml', 'policy.yaml'],
  ])('that cannot be read ends it with what is wrong: %j', async (text, said) => {
    await expect(run(app('/web'), { policy: policy(text) })).rejects.toThrow(said);
  });

  test('that is not there is an error too', async () => {
    await expect(run(app('/web'), { policy: join(folder, 'none.yaml') })).rejects.toThrow(/none\.yaml/);
  });
});

test('apps that collide with each other are named, and so are those that collide with what runs', async () => {
  const running = createServer((_request, response) => {
    const services = [
      {
        portIndex: 0,
        servicePort: 10_001,
        vhosts: ['shop.example'],
        path: null,
        weight: 0,
        bindAddress: '*',
        serving: true,
      },
    ];
    response.setHeader('Content-Type', 'application/json');
    response.end(
      JSON.stringify([
        { id: '/old', services },
        { id: '/web', services },
      ]),
    );
  });
  await new Promise<void>((resolve) => running.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void running.close());
  const against = `http://127.0.0.1:${(running.address() as AddressInfo).port}`;
  const web = app('/web', { HAPROXY_0_VHOST: 'shop.example' }, 10_001);
  const late = app('/zoo', {}, 10_001);
  const reasons = (result: Found) =>
    result.findings.map(({ code, appId, reason }) => `${appId} ${code}: ${reason}`);
  expect(reasons(found(await run([web, late], { against })))).toEqual([
    '/web PORT_CONFLICT: service port 10001 belongs to /old port 0, which runs',
    '/web ROUTE_CONFLICT: shop.example leads to /old port 0, which runs',
    '/zoo PORT_CONFLICT: service port 10001 belongs to /web port 0',
  ]);
  const first = app('/aaa', { HAPROXY_0_VHOST: 'shop.example' });
  expect(reasons(found(await run(first, { against })))).toEqual([
    '/aaa ROUTE_CONFLICT: shop.example leads to /old port 0, which runs',
  ]);
});

test('GitHub gets workflow commands that no text can break out of', async () => {
  const { text, file } = await run(app('/web', { HAPROXY_0_VHSOT: 'x' }), { format: 'github' });
  expect(text).toBe(
    `::warning file=${file},line=10,col=5,title=LABEL_UNKNOWN::/web HAPROXY_0_VHSOT: no such label is known, so it has no effect; did you mean HAPROXY_0_VHOST?\n`,
  );
  const hostile = await run(app('/web', { 'HAPROXY_0_X\n::error::y': 'x' }), { format: 'github' });
  expect(hostile.text.trim().split('\n')).toHaveLength(1);
});

test('SARIF names the rule, the place and the app of each result', async () => {
  const { text } = await run(app('/web', { HAPROXY_0_PORT: '70000' }), { format: 'sarif' });
  const log = JSON.parse(text) as {
    version: string;
    runs: { tool: { driver: { rules: { id: string }[] } }; results: unknown[] }[];
  };
  expect(log.version).toBe('2.1.0');
  expect(log.runs[0]?.tool.driver.rules.map(({ id }) => id)).toEqual(['LABEL_INVALID']);
  expect(log.runs[0]?.results).toMatchObject([
    {
      ruleId: 'LABEL_INVALID',
      ruleIndex: 0,
      level: 'error',
      locations: [{ physicalLocation: { region: { startLine: 10 } } }],
    },
  ]);
});

test('--show prints what the app adds, --check asks HAProxy about it', async () => {
  const document = app('/web', { HAPROXY_0_VHOST: 'shop.example' }, 10_001);
  const { text, exit } = await run(document, { format: 'human', show: true, check: true });
  expect(exit).toBe(0);
  expect(text).toContain('\nbackend web_10001\n');
  expect(text).toContain('shop.example web_10001');
});

test('no document makes it fail in another way than with an error that says what to do', () => {
  fc.assert(
    fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
      try {
        appsIn({ name: 'x', isFile: true, text });
      } catch (error) {
        expect(error).toBeInstanceOf(PacerError);
      }
    }),
    { numRuns: 500 },
  );
});

test('every key of any JSON document is found where it stands', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string({ unit: 'grapheme-ascii', minLength: 1 }), fc.string(), {
        minKeys: 1,
        maxKeys: 5,
      }),
      fc.constantFrom(0, 2, '\t'),
      (labels, indent) => {
        const text = JSON.stringify([{ labels }], null, indent);
        const positionOf = positionsIn(text);
        for (const key of Object.keys(labels)) {
          const position = positionOf([0, 'labels', key]);
          const line = text.split('\n')[(position?.line ?? 0) - 1] ?? '';
          expect(line.slice((position?.column ?? 0) - 1)).toMatch(JSON.stringify(key).slice(0, 1));
          expect(line.slice((position?.column ?? 0) - 1).startsWith(JSON.stringify(key))).toBe(true);
        }
      },
    ),
  );
});
