/** What breaks around Pacer while an app serves that does not change: it serves on, or comes back by itself, and all is as Marathon has it. */
import { existsSync } from 'node:fs';
import { mkdir, readFile, readlink, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readMaster } from '../../src/haproxy/cli/master-socket.ts';
import { activeConfigFile, activeRevision, listRevisions } from '../../src/haproxy/files/publish.ts';
import {
  fickleProgram,
  replaceSocket,
  runtimeSocketOf,
  servedBy,
  smallDisk,
  type FickleProgram,
} from '../support/chaos.ts';
import { masterSocketOf } from '../support/own-haproxy.ts';
import { httpApp, startStack, type Stack, type StatusView } from '../support/stack.ts';
import { createTraffic, type Traffic } from '../support/traffic.ts';

let stack: Stack;
let traffic: Traffic | undefined;
let program: FickleProgram;
/** What a test must put right before its stack is closed, the last first. */
let undo: (() => Promise<unknown>)[] = [];

type WithSocketFault = StatusView & { haproxy: { runtimeSocketFault?: string | null } };

const labels = (host: string) => ({ HAPROXY_GROUP: 'external', HAPROXY_0_VHOST: host });

beforeEach(async () => {
  undo = [];
  traffic = undefined;
  // A task that ends at once on its SIGTERM leaves no time to follow; this one takes a second.
  stack = await startStack({
    start: false,
    simulator: { timings: { offerMs: 5, startingMs: 5, runningMs: 20, killMs: 1000, healthScale: 0.2 } },
    flags: ['--service-ports', 'none', '--reload-spacing', '0'],
  });
  program = await fickleProgram(stack.directory);
});
afterEach(async () => {
  await traffic?.stop();
  for (const put of undo.reverse()) await put();
  await stack.close();
});

/** `/web` serves and is left alone; `/other` is what changes. */
async function serving(): Promise<void> {
  stack.startPacer(['--haproxy-bin', program.path]);
  const app = (id: string, host: string) =>
    stack.marathon.deploy(httpApp(id, 0, { instances: 2, labels: labels(host) }));
  await Promise.all([app('/web', 'web.example'), app('/other', 'other.example')]);
  await converged();
  await stack.until('the text on disk has followed', async () => {
    const text = await readFile(activeConfigFile(stack.directory), 'utf8');
    return stack.marathon.tasks().every(({ address, port }) => text.includes(`${address}:${port} `));
  });
  traffic = startTraffic();
}

function startTraffic(): Traffic {
  const begun = createTraffic({
    port: stack.ports.http,
    keepAlive: 4,
    close: 4,
    target: () => ({ host: 'web.example', path: '/' }),
  });
  begun.start();
  return begun;
}

/** As HAProxy's master itself says now; undefined while it does not answer. */
const master = () => readMaster(masterSocketOf(stack)).catch(() => undefined);
const masterPid = async () => (await master())?.master.pid ?? 0;
const workerPid = async () => (await master())?.workers[0]?.pid ?? 0;
const reloads = async () => (await master())?.master.reloads ?? NaN;
const statusOf = async (host: string) => (await stack.ask({ host }).catch(() => undefined))?.status;
/** Every word of /status about what is wrong. */
const complaints = async () => {
  const { why, failure, haproxy } = (await stack.status()) as WithSocketFault;
  return [...why, failure?.message ?? '', haproxy.runtimeSocketFault ?? '']
    .filter((it) => it !== '')
    .join('; ');
};
const told = (what: string) =>
  stack.until(`/status tells: ${what}`, async () => (await complaints()).includes(what));

/** HAProxy itself sends requests to the tasks that Marathon has, and Pacer has nothing to complain about. */
async function converged(): Promise<void> {
  for (const app of ['/web', '/other']) {
    await stack.inStep(app);
    await stack.until(`HAProxy has the servers of ${app}`, async () => {
      const tasks = stack.marathon.tasks(app).filter(({ state }) => state === 'TASK_RUNNING');
      const wanted = tasks.map(({ address, port }) => `${address}:${port}`).sort();
      const served = await servedBy(stack, await backendOf(app)).catch(() => []);
      return String(served) === String(wanted);
    });
  }
  await stack.until('nothing is wrong any more', async () => {
    const { ready, failure, haproxy } = await stack.status();
    return ready && failure === null && haproxy.inSync;
  });
}

async function backendOf(app: string): Promise<string> {
  const view = (await stack.daemon().get(`/apps${app}`)) as { ports: { service: { backend: string } }[] };
  return view.ports[0]!.service.backend;
}

async function noneFailed(): Promise<void> {
  const { failures, ok } = await traffic!.stop();
  expect(failures).toEqual({});
  expect(ok).toBeGreaterThan(0);
}

/** Servers change again without a reload. */
async function healed(): Promise<void> {
  const before = await reloads();
  await stack.marathon.scale('/other', 5);
  await converged();
  expect(await reloads()).toBe(before);
}

async function reloadBySomebody(): Promise<void> {
  const before = await workerPid();
  process.kill(await masterPid(), 'SIGUSR2');
  await stack.until('there is another worker', async () => ![0, before].includes(await workerPid()));
}

/** Requests fail while HAProxy is down; from now on none does. */
async function servesAgain(): Promise<void> {
  await stack.until('it serves again', async () => (await statusOf('web.example')) === 200);
  await converged();
  await traffic!.stop();
  traffic = startTraffic();
  await healed();
  await noneFailed();
}

test.each(['worker', 'master'] as const)(
  "HAProxy's %s is killed: it is started again, and takes what came meanwhile",
  async (who) => {
    await serving();
    const before = await masterPid();
    // It stays away for as long as the test wants to look.
    await program.refuse('everything');
    process.kill(who === 'worker' ? await workerPid() : before, 'SIGKILL');
    await told('the moon is in the wrong house');
    expect((await stack.status()).ready).toBe(false);
    await stack.marathon.scale('/other', 3);
    await program.serveAgain();
    await servesAgain();
    expect(await masterPid()).not.toBe(before);
  },
);

test("the runtime socket's file is removed: changes go through the master, until another HAProxy makes it anew", async () => {
  await serving();
  const before = await reloads();
  await rm(runtimeSocketOf(stack));
  await stack.marathon.scale('/other', 3);
  await told(runtimeSocketOf(stack));
  await stack.marathon.update('/other', { labels: labels('renamed.example') });
  await converged();
  await stack.until('the route is there', async () => (await statusOf('renamed.example')) === 200);
  await healed();
  // It is the next HAProxy that makes the file again.
  expect(await reloads()).toBe(before);
  expect(await complaints()).toContain(runtimeSocketOf(stack));
  await noneFailed();
  process.kill(await masterPid(), 'SIGKILL');
  await stack.until('the socket is there again', () => existsSync(runtimeSocketOf(stack)));
  await stack.until('nothing is said about it', async () => (await complaints()) === '');
  await converged();
});

test('the runtime socket answers slowly: changes are slow, and nothing is reloaded', async () => {
  await serving();
  const before = await reloads();
  undo.push(await replaceSocket(runtimeSocketOf(stack), { kind: 'slow', ms: 100 }));
  await stack.marathon.scale('/other', 3);
  await converged();
  expect(await reloads()).toBe(before);
  await undo.pop()?.();
  await healed();
  await noneFailed();
});

test.each([
  { kind: 'cut', bytes: 100 },
  { kind: 'cut-after-add' },
  { kind: 'garbage' },
  { kind: 'silent' },
] as const)(
  'the runtime socket is in bad hands ($kind): changes go through the master, with no reload',
  async (fault) => {
    await serving();
    const before = await reloads();
    undo.push(await replaceSocket(runtimeSocketOf(stack), fault));
    await stack.marathon.scale('/other', 4);
    await told(runtimeSocketOf(stack));
    await converged();
    await undo.pop()?.();
    await healed();
    expect(await reloads()).toBe(before);
    await stack.until('nothing is said about it', async () => (await complaints()) === '');
    await noneFailed();
  },
);

test('the disk is full: servers follow all the same, and new apps once there is space', async ({ skip }) => {
  await mkdir(join(stack.directory, 'revisions'));
  const disk = await smallDisk(join(stack.directory, 'revisions'));
  if (disk === undefined) return skip('no file system may be mounted here');
  undo.push(() => stack.daemon().stop(), disk.unmount);
  undo.reverse();
  await serving();
  await disk.fill();
  const before = await reloads();
  await stack.marathon.scale('/other', 3);
  await told('cannot be written');
  await stack.marathon.deploy(httpApp('/new', 0, { labels: labels('new.example') }));
  await stack.marathon.scale('/other', 4);
  await stack.until('the servers are there', async () => {
    return (await servedBy(stack, await backendOf('/other'))).length === 4;
  });
  await told('cannot be written');
  expect(await reloads()).toBe(before);
  expect(await statusOf('new.example')).toBe(404);
  await disk.free();
  await stack.until('the new app serves', async () => (await statusOf('new.example')) === 200);
  await converged();
  await healed();
  await noneFailed();
});

test('the revisions cannot be written: /status says so, and once they can all is well', async () => {
  await serving();
  const revisions = join(stack.directory, 'revisions');
  await rename(revisions, `${revisions}.away`);
  await writeFile(revisions, '');
  await stack.marathon.deploy(httpApp('/new', 0, { labels: labels('new.example') }));
  await told('cannot be written');
  await rm(revisions);
  await rename(`${revisions}.away`, revisions);
  await converged();
  await stack.until('the new app serves', async () => (await statusOf('new.example')) === 200);
  await noneFailed();
});

test('the link to the current configuration is removed: it is made again, and HAProxy can be reloaded by anybody', async () => {
  await serving();
  await rm(join(stack.directory, 'current'));
  await stack.until('the link is there', () =>
    readlink(join(stack.directory, 'current')).then(
      () => true,
      () => false,
    ),
  );
  await reloadBySomebody();
  await converged();
  await healed();
  await noneFailed();
});

test('the text of the configuration alone is removed: it is written again', async () => {
  await serving();
  const active = await activeRevision(stack.directory);
  await rm(join(active!.directory, 'haproxy.cfg'));
  await stack.until('there is one again', () => existsSync(join(stack.directory, 'current', 'haproxy.cfg')));
  await reloadBySomebody();
  await converged();
  await healed();
  await noneFailed();
});

test('the revision that HAProxy runs is removed: it is written again', async () => {
  await serving();
  const active = await activeRevision(stack.directory);
  await rm(active!.directory, { recursive: true });
  await stack.until('there is one again', async () => {
    const now = await activeRevision(stack.directory);
    return (await listRevisions(stack.directory)).some(({ directory }) => directory === now?.directory);
  });
  await converged();
  await healed();
  await noneFailed();
});

test.each([4, 1])(
  'somebody reloads HAProxy before the text on disk has followed a change to %i servers: it has them again soon',
  async (instances) => {
    await serving();
    const serves = () =>
      stack.until('HAProxy has the servers', async () => {
        const served = await servedBy(stack, await backendOf('/other')).catch(() => []);
        return served.length === instances;
      });
    // As long as HAProxy refuses it, no text follows.
    await program.refuse('check');
    await stack.marathon.scale('/other', instances);
    await serves();
    await reloadBySomebody();
    await serves();
    await program.serveAgain();
    await converged();
    await healed();
    await noneFailed();
  },
);

test('HAProxy refuses every configuration for a while: the old one serves on with fresh servers, and /status says why', async () => {
  await serving();
  const before = { worker: await workerPid(), reloads: await reloads() };
  await program.refuse('check');
  await stack.marathon.deploy(httpApp('/new', 0, { labels: labels('new.example') }));
  await told('the moon is in the wrong house');
  await stack.marathon.scale('/other', 3);
  await stack.until('the servers are there', async () => {
    return (await servedBy(stack, await backendOf('/other'))).length === 3;
  });
  expect(await statusOf('new.example')).toBe(404);
  expect({ worker: await workerPid(), reloads: await reloads() }).toEqual(before);
  await program.serveAgain();
  await stack.until('the new app serves', async () => (await statusOf('new.example')) === 200);
  await converged();
  await healed();
  await noneFailed();
});
