import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { httpApp, startStack, type Stack } from '../support/stack.ts';

/** HAProxy 2.6 adds no server with a cookie at runtime, 3.2 does. `node .ci/haproxy-matrix.mjs --fetch 3.2` fetches it. */
const older = '/usr/sbin/haproxy';
const newer = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'pacer-haproxy/forky/haproxy');

const ask = (stack: Stack, cookie?: string) =>
  stack.ask({ host: 'sticky.example', headers: cookie === undefined ? {} : { Cookie: cookie } });

async function session(stack: Stack): Promise<{ cookie: string; task: string }> {
  const { headers, json } = await ask(stack);
  const [cookie = ''] = String(headers['set-cookie']).split(';');
  return { cookie, task: json?.task ?? '' };
}

/** Of so many sessions begun with one HAProxy, those that go on with their task under the other. */
async function kept(first: string, second: string): Promise<{ kept: number; log: string; stateDir: string }> {
  const stack = await startStack({ start: false, flags: ['--reload-spacing', '0'] });
  onTestFinished(() => stack.close());
  const [port = 0] = await stack.freePorts(1);
  const labels = { HAPROXY_0_VHOST: 'sticky.example', HAPROXY_0_STICKY: 'true' };
  await stack.marathon.deploy(httpApp('/sticky', port, { instances: 6, labels }));
  stack.startPacer(['--haproxy-bin', first]);
  await stack.inStep('/sticky');
  const sessions = await Promise.all(Array.from({ length: 12 }, () => session(stack)));
  await stack.daemon().stop();
  stack.startPacer(['--haproxy-bin', second]);
  await stack.inStep('/sticky');
  const answers = await Promise.all(sessions.map(({ cookie }) => ask(stack, cookie)));
  const same = answers.filter(({ json }, n) => json?.task === sessions[n]?.task);
  return { kept: same.length, log: await stack.log(), stateDir: stack.directory };
}

describe.runIf(existsSync(newer))('sticky sessions', () => {
  test.each([
    ['2.6 is replaced by 3.2', older, newer, 'are made from addresses'],
    ['3.2 is replaced by 2.6', newer, older, 'each new task takes a reload'],
  ])('go on where HAProxy %s, and the log says how', async (_, first, second, how) => {
    const result = await kept(first, second);
    expect(result.kept).toBe(12);
    expect(result.log).toContain(how);
    expect(await readFile(join(result.stateDir, 'sticky.json'), 'utf8')).toContain('cookies');
  });
});
