/** `pacer compare` as an operator runs it: a marathon-lb to ask, a Marathon to ask, an answer and an exit code. */
import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startSimulator, type Simulator } from '../../src/simulator/simulator.ts';
import { httpApp } from '../support/stack.ts';

let marathon: Simulator;
let answers: Record<string, string>;
let url: string;
const lb = createServer((request, response) => {
  const text = answers[request.url ?? ''];
  response.writeHead(text === undefined ? 404 : 200).end(text);
});

beforeAll(async () => {
  marathon = await startSimulator({ timings: { offerMs: 5, startingMs: 5, runningMs: 20, killMs: 100 } });
  const labels = { HAPROXY_0_VHOST: 'web.example' };
  await marathon.deploy(httpApp('/web', 10_101, { labels, healthChecks: [] }));
  await marathon.running('/web', 1);
  const server = await serverOf('/web');
  answers = {
    '/_haproxy_getconfig': `frontend marathon_http_in
  bind *:80
  use_backend %[req.hdr(host),lower,regsub(:.*$,,),map(/marathon-lb/domain2backend.map)]
frontend marathon_http_appid_in
  bind *:9091
  use_backend %[req.hdr(X-Marathon-App-Id),lower,map(/marathon-lb/app2backend.map)]
frontend marathon_https_in
  bind *:443 ssl crt /etc/ssl/cert.pem
  use_backend %[ssl_fc_sni,lower,map(/marathon-lb/domain2backend.map)]
frontend web_10101
  bind *:10101
  use_backend web_10101
backend web_10101
  balance roundrobin
  mode http
  server web ${server}
`,
    '/_haproxy_getvhostmap': 'web.example web_10101\n',
    '/_haproxy_getappmap': '/web web_10101\n',
  };
  await new Promise<void>((resolve) => lb.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(lb.address() as AddressInfo).port}`;
});
afterAll(async () => {
  lb.close();
  await marathon.close();
});

async function serverOf(app: string): Promise<string> {
  const answer = await fetch(`${marathon.url}/v2/apps${app}?embed=app.tasks`);
  const { app: found } = (await answer.json()) as { app: { tasks: { host: string; ports: number[] }[] } };
  return `${found.tasks[0]?.host ?? ''}:${found.tasks[0]?.ports[0] ?? 0}`;
}

const program = join(import.meta.dirname, '..', '..', 'dist', 'main.js');

function compare(...more: string[]) {
  const args = ['compare', '--marathon-lb', url, '--marathon', marathon.url, '--group', 'external', ...more];
  return new Promise<{ code: unknown; stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, [program, ...args], (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : error.code, stdout, stderr });
    });
  });
}

test('where both serve alike it says so and ends with 0', async () => {
  const { code, stdout, stderr } = await compare();
  expect(stderr).toBe('');
  expect(stdout).toMatch(/^\d+ requests, ports, app ids and backends compared: no difference\n$/);
  expect(code).toBe(0);
});

test('what differs is told host by host and port by port, with the reason, and ends with 1', async () => {
  const { code, stdout } = await compare('--group', 'internal');
  expect(code).toBe(0);
  const strict = await compare('--strict-mode');
  expect(strict.code).toBe(1);
  expect(strict.stdout).toContain(
    [
      'By host, over HTTP',
      '  web.example/',
      '    marathon-lb  web_10101',
      '    Pacer        nobody',
      '    why          /web: --strict-mode, and HAPROXY_<n>_ENABLED is not true',
    ].join('\n'),
  );
  expect(strict.stdout).toContain('By service port\n  10101\n');
  expect(stdout).toContain('no difference');
});

test('for tools it is JSON', async () => {
  const { stdout } = await compare('--strict-mode', '--json');
  const { differences } = JSON.parse(stdout) as { differences: { kind: string; subject: string }[] };
  expect(differences.map(({ kind, subject }) => `${kind} ${subject}`)).toEqual([
    'http web.example/',
    'http web.example/below',
    'port 10101',
    'app-id /web',
  ]);
});

test('a marathon-lb that does not answer is named', async () => {
  const { code, stderr } = await compare('--marathon-lb', `${url}/elsewhere`);
  expect(code).toBe(2);
  expect(stderr).toContain('/elsewhere/_haproxy_getconfig: status 404');
  expect(stderr).toContain('MARATHON_LB_UNREACHABLE');
});
