/** What lets Pacer into Marathon stays between the two: it is in nothing that Pacer prints, writes, answers or starts. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { startDcos, type Dcos } from '../support/dcos.ts';
import { httpApp, startStack, type Stack } from '../support/stack.ts';

let stack: Stack;
let dcos: Dcos | undefined;
afterEach(async () => {
  await stack.close();
  await dcos?.close();
  dcos = undefined;
});

/** Everything there is to see of a daemon, by where it is seen. */
async function everything(): Promise<Map<string, string>> {
  const seen = new Map<string, string>([['log', await stack.log()]]);
  for (const path of ['status', 'readyz', 'apps', 'apps/web', 'revisions', 'config', 'metrics']) {
    const answer = await stack.ask({ port: stack.ports.status, path: `/${path}` });
    seen.set(path, JSON.stringify(answer.headers) + answer.text);
  }
  for (const entry of readdirSync(stack.directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile() || path.includes('given-')) continue;
    const text = contentOf(path);
    if (text !== undefined) seen.set(path, text);
  }
  for (const pid of descendants(stack.daemon().pid)) {
    seen.set(`command line of ${pid}`, readFileSync(`/proc/${pid}/cmdline`, 'latin1'));
    seen.set(`environment of ${pid}`, readFileSync(`/proc/${pid}/environ`, 'latin1'));
  }
  return seen;
}

/** Undefined for what was written aside and has its right name meanwhile. */
function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function descendants(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
  return children
    .filter((text) => text !== '')
    .flatMap((text) => [Number(text), ...descendants(Number(text))]);
}

async function expectNowhere(secrets: readonly string[]): Promise<void> {
  const seen = await everything();
  expect([...seen.keys()].some((where) => where.startsWith('command line'))).toBe(true);
  expect(seen.get('config')).toContain('backend web_');
  for (const [where, text] of seen)
    for (const secret of secrets) expect(text.includes(secret), `a secret in: ${where}`).toBe(false);
}

const deploy = async () => {
  const [port = 0] = await stack.freePorts(1);
  await stack.marathon.deploy(httpApp('/web', port));
  await stack.inStep('/web');
};

describe('a password', () => {
  const secrets = ['hunter-secret', Buffer.from('pacer:hunter-secret').toString('base64')];
  const simulator = { auth: { user: 'pacer', password: 'hunter-secret' } };

  test('of an endpoint, and one in the environment, are nowhere to be seen, in good times and in bad', async () => {
    stack = await startStack({
      simulator,
      endpoints: (marathon) => [
        marathon.url.replace('://', '://pacer:hunter-secret@'),
        'http://pacer:hunter-secret@127.0.0.1:1',
      ],
      environment: { PACER_AUTH_CREDENTIALS: 'pacer:hunter-secret' },
    });
    await deploy();
    await expectNowhere(secrets);
    stack.marathon.faults.answers({ kind: 'unauthorized' });
    stack.marathon.faults.cutStreams();
    await stack.until('the refusal is told', async () => (await stack.log()).includes('(401)'));
    await expectNowhere(secrets);
  });
});

describe('the key of a service account', () => {
  test('and its tokens are nowhere to be seen, in good times and in bad', async () => {
    const router = (dcos = await startDcos({ marathon: () => stack.marathon.url }));
    stack = await startStack({ start: false, endpoints: () => [router.url.href] });
    const file = join(stack.directory, 'given-account.json');
    writeFileSync(file, dcos.credential, { mode: 0o600 });
    stack.startPacer(['--dcos-auth-credentials', file]);
    await deploy();
    expect(dcos.counts.letIn).toBeGreaterThan(1);
    const lines = dcos.account.privateKey.split('\n').filter((line) => line.length > 40);
    await expectNowhere([...lines, ...dcos.tokens]);
    dcos.failLogins(401);
    dcos.revoke();
    stack.marathon.faults.cutStreams();
    await stack.until('the refusal is told', async () => (await stack.log()).includes('401'));
    await expectNowhere([...lines, ...dcos.tokens]);
  });
});
