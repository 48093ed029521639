/**
 * The runtime path against a real HAProxy, of whatever version TEST_HAPROXY is: `npm run test:haproxy-matrix`
 * runs this on all that Pacer is held to.
 */
import { request } from 'undici';
import { describe, expect, test } from 'vitest';
import type { App } from '../../src/core/model/model.ts';
import { aCheck, anApp, aPort } from '../support/apps.ts';
import { freePorts, get, until } from '../support/haproxy.ts';
import { runtimeHaproxy, type Columns, type RuntimeHaproxy } from './runtime-haproxy.ts';
import { heldSession, nameAt, silentName, silentTask, target, taskAt } from './targets.ts';
import { runningOf } from '../../src/haproxy/control/running.ts';

const external = (labels: Record<string, string> = {}) => ({ HAPROXY_GROUP: 'external', ...labels });
const http = external({ HAPROXY_0_MODE: 'http' });
const sticky = external({ HAPROXY_0_MODE: 'http', HAPROXY_0_STICKY: 'true' });

/** An app on a service port of its own, and its variants with other tasks. */
async function appOn(parts: Partial<App> = {}, id = '/web', port?: number) {
  const servicePort = port ?? (await freePorts(1))[0] ?? 0;
  const app = (tasks: App['tasks'], more: Partial<App> = {}) =>
    anApp(id, { ports: [aPort(servicePort)], ...parts, ...more, tasks });
  return { servicePort, backend: `${id.slice(1)}_${servicePort}`, app };
}

/** Tasks 1 to `count` that nobody listens for. */
const silentTasks = (count: number, app = '/web') =>
  Array.from({ length: count }, (_, i) => silentTask(app, i + 1));

describe('a server that comes', () => {
  test('serves at once, without a reload', async () => {
    const haproxy = await runtimeHaproxy();
    const { app, servicePort } = await appOn({ labels: http });
    const one = await target('http');
    await haproxy.start(app([]));
    const { workerPid } = runningOf(await haproxy.control.running())!;
    const { kinds, waiting } = await haproxy.bring(app([taskAt('/web', one.port)]));
    expect({ kinds, waiting }).toEqual({ kinds: ['add'], waiting: [] });
    expect(await get(servicePort)).toBe(`${one.port}`);
    expect(runningOf(await haproxy.control.running())).toMatchObject({ workerPid, reloads: 0 });
  });

  test.each([
    ['HTTP', 'http'],
    ['HTTPS', 'https'],
    ['TCP', 'tcp'],
  ] as const)('is checked over %s, on its own port', async (protocol, kind) => {
    const haproxy = await runtimeHaproxy();
    const { app } = await appOn({ healthChecks: [aCheck({ protocol, intervalSeconds: 1 })] });
    const one = await target(kind);
    await haproxy.start(app([]));
    await haproxy.bring(app([taskAt('/web', one.port)]));
    await until(async () => (await haproxy.states())[0]?.check === 'passed');
    // A check of the connection alone resets it before anybody sees it.
    expect(one.heard).toEqual(new Set(kind === 'tcp' ? [] : ['GET /health']));
    const check = { HTTP: 'L7OK', HTTPS: 'L7OK', TCP: 'L4OK' }[protocol];
    expect((await haproxy.stat(nameAt(one.port))).value('check_status')).toBe(check);
  });

  test('is checked on a port of the check, by the path of the check', async () => {
    const haproxy = await runtimeHaproxy();
    const [one, checked] = [await target('http'), await target('http')];
    const check = aCheck({ port: checked.port, path: '/a?b=c&d=(e)', intervalSeconds: 1 });
    const { app } = await appOn({ healthChecks: [check] });
    await haproxy.start(app([]));
    await haproxy.bring(app([taskAt('/web', one.port)]));
    await until(() => checked.heard.size > 0);
    expect({ own: one.heard, its: checked.heard }).toEqual({
      own: new Set(),
      its: new Set(['GET /a?b=c&d=(e)']),
    });
  });

  test('goes down when its check fails, and up when it passes again', async () => {
    const haproxy = await runtimeHaproxy();
    const check = aCheck({ intervalSeconds: 1, maxConsecutiveFailures: 0 });
    const { app } = await appOn({ healthChecks: [check] });
    const [good, bad] = [await target('http'), await target('http', 500)];
    const tasks = [taskAt('/web', good.port), taskAt('/web', bad.port)];
    await haproxy.start(app([]));
    await haproxy.bring(app(tasks));
    await haproxy.status(nameAt(bad.port), /^DOWN$/);
    await haproxy.status(nameAt(good.port), /^UP$/);
    // What checks find is HAProxy's business: nothing is to be done about it.
    expect((await haproxy.bring(app(tasks))).commands).toEqual([]);
    bad.status = 200;
    await haproxy.status(nameAt(bad.port), /^UP$/);
  });

  test('has its cookie: that of the file, or on 2.6, which gives none to a new server, one by its address in a slot', async () => {
    const haproxy = await runtimeHaproxy();
    const { app, servicePort } = await appOn({ labels: sticky });
    const [one, two] = [await target('http'), await target('http')];
    const both = app([taskAt('/web', one.port), taskAt('/web', two.port)]);
    await haproxy.start(app([taskAt('/web', one.port)]));
    await haproxy.bring(both);
    const cookieOf = async (port: number) => {
      for (let i = 0; i < 20; i++) {
        const response = await request(`http://127.0.0.1:${servicePort}/`);
        if ((await response.body.text()) === `${port}`)
          return String(response.headers['set-cookie']).split(';')[0]!;
      }
      throw new Error(`no answer comes from ${port}`);
    };
    const { addServerCookie } = haproxy.control.capabilities();
    const cookies = [await cookieOf(one.port), await cookieOf(two.port)];
    const { servers } = [...haproxy.desired(both).services.values()][0]!;
    if (addServerCookie)
      expect([...cookies].sort()).toEqual(
        servers.map(({ cookie }) => `mesosphere_server_id=${cookie}`).sort(),
      );
    // Whoever has a cookie stays where it leads, before and after a reload gives the server its own name.
    for (const reload of [false, true]) {
      if (reload) await haproxy.reload(both);
      for (let i = 0; i < 5; i++) {
        const response = await request(`http://127.0.0.1:${servicePort}/`, {
          headers: { cookie: cookies[1]! },
        });
        expect(await response.body.text()).toBe(`${two.port}`);
      }
    }
    if (!addServerCookie) {
      const many = app(
        [one, two, ...Array.from({ length: 9 }, (_, i) => ({ port: 2 + i }))].map(({ port }) =>
          taskAt('/web', port),
        ),
      );
      expect(await haproxy.attempt(many)).toMatchObject({
        kind: 'impossible',
        reason: expect.stringContaining('no slot is free') as string,
      });
    }
  });

  test.each([
    ['roundrobin', 'tcp'],
    ['leastconn', 'http'],
    ['first', 'tcp'],
    ['random(2)', 'http'],
    ['source', 'tcp'],
    ['uri whole', 'http'],
    ['url_param user', 'http'],
    ['hdr(X-User)', 'http'],
    ['rdp-cookie', 'tcp'],
  ])('is taken by balance %s in mode %s, drained, and taken back', async (balance, mode) => {
    const haproxy = await runtimeHaproxy();
    const labels = external({ HAPROXY_0_MODE: mode, HAPROXY_0_BALANCE: balance });
    const { app, servicePort } = await appOn({ labels });
    const [one, two] = [await target('http'), await target('http')];
    const [here, there] = [taskAt('/web', one.port), taskAt('/web', two.port)];
    await haproxy.start(app([here]));
    await haproxy.bring(app([here, there]));
    await haproxy.bring(app([{ ...here, leaving: true }, there]));
    expect(await get(servicePort)).toBe(`${two.port}`);
    await haproxy.bring(app([here, { ...there, leaving: true }]));
    expect(await get(servicePort)).toBe(`${one.port}`);
    await haproxy.bring(app([there]));
    expect(await get(servicePort)).toBe(`${two.port}`);
  });

  test('is refused by balance static-rr, and no command is sent', async () => {
    const haproxy = await runtimeHaproxy();
    const { app } = await appOn({ labels: external({ HAPROXY_0_BALANCE: 'static-rr' }) });
    await haproxy.start(app([silentTask('/web', 1)]));
    expect(await haproxy.attempt(app(silentTasks(2)))).toMatchObject({ kind: 'impossible' });
    expect(haproxy.takeCommands()).toEqual([]);
    expect(Object.keys(await haproxy.admin())).toEqual([silentName(1)]);
  });

  test('with an address of IPv6 is known again, however the address is written', async () => {
    const haproxy = await runtimeHaproxy();
    const { app } = await appOn();
    const hosts = ['2001:DB8:0:0::1', '2001:db8::2', '::ffff:10.0.0.3', '::10.0.0.4', '1:0:0:2:0:0:0:3'];
    const tasks = hosts.map((host, i) => taskAt('/web', 100 + i, { host }));
    await haproxy.start(app(tasks.slice(0, 1)));
    expect((await haproxy.bring(app(tasks))).kinds).toEqual(tasks.slice(1).map(() => 'add'));
    expect((await haproxy.bring(app(tasks))).commands).toEqual([]);
    await haproxy.reload(app(tasks));
    expect((await haproxy.bring(app(tasks))).commands).toEqual([]);
  });
});

describe('a server that was added at runtime is the one the file gives', () => {
  test.each<[string, Partial<App>]>([
    ['without a check, in tcp mode', {}],
    ['with an HTTP check', { healthChecks: [aCheck({ intervalSeconds: 1, maxConsecutiveFailures: 7 })] }],
    ['with an HTTPS check', { healthChecks: [aCheck({ protocol: 'HTTPS', intervalSeconds: 1 })] }],
    ['with a TCP check', { healthChecks: [aCheck({ protocol: 'TCP', intervalSeconds: 1 })] }],
    ['with a consistent hash', { labels: external({ HAPROXY_0_BALANCE: 'source' }) }],
    ['with leastconn in http mode', { labels: { ...http, HAPROXY_0_BALANCE: 'leastconn' } }],
    ['with a cookie', { labels: sticky }],
  ])('%s', async (_, parts) => {
    const haproxy = await runtimeHaproxy();
    if (parts.labels === sticky && !haproxy.control.capabilities().addServerCookie) return;
    const { app } = await appOn(parts);
    const protocol = parts.healthChecks?.[0]?.protocol;
    const kind = protocol === 'HTTPS' ? 'https' : protocol === 'TCP' ? 'tcp' : 'http';
    const targets = [await target(kind), await target(kind), await target(kind)];
    const [one, two, three] = targets.map(({ port }) => taskAt('/web', port));
    await haproxy.start(app([one!]));
    await haproxy.bring(app([one!, two!, three!]));
    const settled = async () => {
      for (const { port } of targets) await haproxy.status(nameAt(port), /^(?:UP|no check)$/);
      if (parts.healthChecks !== undefined)
        await until(async () => (await haproxy.states()).every(({ check }) => check === 'passed'));
      return described(await haproxy.columns());
    };
    const added = await settled();
    await haproxy.reload(app([one!, two!, three!]));
    expect(added).toEqual(await settled());
  });

  test('500 of them, with the ids of the file', async () => {
    const haproxy = await runtimeHaproxy();
    const { app } = await appOn();
    const all = app(silentTasks(500));
    await haproxy.start(app([]));
    expect((await haproxy.bring(all)).kinds).toHaveLength(500);
    const { servers } = [...haproxy.desired(all).services.values()][0]!;
    const ids = async () =>
      Object.fromEntries((await haproxy.states()).map(({ server, id }) => [server, id]));
    expect(await ids()).toEqual(Object.fromEntries(servers.map(({ name, id }) => [name, id])));
    expect((await haproxy.bring(all)).commands).toEqual([]);
    expect((await haproxy.bring(app([]))).kinds).toHaveLength(500);
    expect(await haproxy.admin()).toEqual({});
  });

  test('one whose id another server has got a free one until the next reload', async () => {
    const haproxy = await runtimeHaproxy();
    const { app } = await appOn();
    const { early, late } = twins(app, haproxy.desired);
    await haproxy.start(app([]));
    await haproxy.bring(app([late]));
    await haproxy.bring(app([early, late]));
    const states = await haproxy.states();
    expect(new Set(states.map(({ id }) => id)).size).toBe(2);
    expect((await haproxy.bring(app([early, late]))).commands).toEqual([]);
    await haproxy.reload(app([early, late]));
    expect((await haproxy.bring(app([early, late]))).commands).toEqual([]);
    // The id of the one that goes is free for the other again.
    await haproxy.bring(app([early]));
    await haproxy.bring(app([early, late]));
    expect(await haproxy.states()).toHaveLength(2);
  });
});

/** Two tasks whose servers have the same id when each is alone; the early one comes first in the file. */
function twins(app: (tasks: App['tasks']) => App, desired: RuntimeHaproxy['desired']) {
  const idOf = (n: number) => [...desired(app([silentTask('/web', n)])).services.values()][0]!.servers[0]!.id;
  const seen = new Map<number, number>();
  for (let n = 1; ; n++) {
    const id = idOf(n);
    const other = seen.get(id);
    seen.set(id, n);
    if (other === undefined) continue;
    const both = desired(app([silentTask('/web', other), silentTask('/web', n)]));
    const first = [...both.services.values()][0]!.servers[0]!.name;
    const [early, late] = first === silentName(n) ? [n, other] : [other, n];
    return { early: silentTask('/web', early), late: silentTask('/web', late) };
  }
}

describe('a server that leaves', () => {
  test('is drained, keeps its session, and takes new ones when it is ready again', async () => {
    const haproxy = await runtimeHaproxy();
    const { app, servicePort } = await appOn();
    const [one, two] = [await target('tcp'), await target('tcp')];
    const [here, there] = [taskAt('/web', one.port), taskAt('/web', two.port)];
    await haproxy.start(app([here]));
    const held = await heldSession(servicePort);
    const { kinds } = await haproxy.bring(app([{ ...here, leaving: true }, there]));
    expect(new Set(kinds)).toEqual(new Set(['add', 'admit']));
    expect(await haproxy.admin()).toEqual({ [nameAt(one.port)]: 'drain', [nameAt(two.port)]: 'ready' });
    for (let i = 0; i < 4; i++) await heldSession(servicePort);
    await haproxy.connections(nameAt(two.port), 4);
    expect(await held.say('still')).toBe('still');
    expect((await haproxy.bring(app([here, there]))).kinds).toEqual(['admit']);
    for (let i = 0; i < 2; i++) await heldSession(servicePort);
    expect((await haproxy.stat(nameAt(one.port))).currentSessions).toBeGreaterThan(1);
  });

  test('comes back from a drain that the file began', async () => {
    const haproxy = await runtimeHaproxy();
    const { app, servicePort } = await appOn({ labels: http });
    const [one, two] = [await target('http'), await target('http')];
    const [here, there] = [taskAt('/web', one.port), taskAt('/web', two.port)];
    const draining = app([{ ...here, leaving: true }, there]);
    await haproxy.start(draining);
    expect((await haproxy.bring(draining)).commands).toEqual([]);
    expect(await get(servicePort)).toBe(`${two.port}`);
    await haproxy.bring(app([here]));
    expect(await get(servicePort)).toBe(`${one.port}`);
    expect((await haproxy.bring(app([here]))).commands).toEqual([]);
  });

  test('is deleted at once when it has no session', async () => {
    const haproxy = await runtimeHaproxy();
    const { app } = await appOn({ healthChecks: [aCheck({ protocol: 'TCP', intervalSeconds: 1 })] });
    const [one, two] = [await target('tcp'), await target('tcp')];
    await haproxy.start(app([taskAt('/web', one.port)]));
    await haproxy.bring(app([taskAt('/web', one.port), taskAt('/web', two.port)]));
    await until(async () => (await haproxy.states()).every(({ check }) => check === 'passed'));
    expect(await haproxy.bring(app([]))).toMatchObject({ kinds: ['remove', 'remove'], waiting: [] });
    expect(await haproxy.admin()).toEqual({});
  });

  test('is deleted after requests that were answered', async () => {
    const haproxy = await runtimeHaproxy();
    const { app, servicePort } = await appOn({ labels: http });
    const one = await target('http');
    await haproxy.start(app([]));
    for (let i = 0; i < 5; i++) {
      await haproxy.bring(app([taskAt('/web', one.port)]));
      expect(await get(servicePort)).toBe(`${one.port}`);
      await haproxy.connections(nameAt(one.port), 0);
      await haproxy.bring(app([]));
      await until(async () => (await haproxy.bring(app([]))).waiting.length === 0);
      expect(await haproxy.admin()).toEqual({});
    }
  });

  test('waits in maintenance while a session is open, and is deleted when it has ended', async () => {
    const haproxy = await runtimeHaproxy();
    const { app, servicePort, backend } = await appOn();
    const [one, two] = [await target('tcp'), await target('tcp')];
    await haproxy.start(app([taskAt('/web', one.port)]));
    const held = await heldSession(servicePort);
    const now = app([taskAt('/web', two.port)]);
    expect((await haproxy.bring(now)).waiting).toEqual([{ backend, server: nameAt(one.port) }]);
    expect(await haproxy.admin()).toEqual({ [nameAt(one.port)]: 'maint', [nameAt(two.port)]: 'ready' });
    expect(await held.say('still')).toBe('still');
    expect((await haproxy.bring(now)).waiting).toEqual([{ backend, server: nameAt(one.port) }]);
    expect(await held.say('again')).toBe('again');
    held.end();
    await until(async () => (await haproxy.bring(now)).waiting.length === 0);
    expect(await haproxy.admin()).toEqual({ [nameAt(two.port)]: 'ready' });
  });

  test('comes back at once under the same name, deleted or not', async () => {
    const haproxy = await runtimeHaproxy();
    const { app, servicePort } = await appOn();
    const one = await target('tcp');
    const there = app([taskAt('/web', one.port)]);
    await haproxy.start(app([]));
    await haproxy.bring(there);
    await haproxy.bring(app([]));
    await haproxy.bring(there);
    const held = await heldSession(servicePort);
    await haproxy.bring(app([]));
    expect(await haproxy.admin()).toEqual({ [nameAt(one.port)]: 'maint' });
    expect((await haproxy.bring(there)).kinds).toEqual(['admit']);
    expect(await held.say('still')).toBe('still');
    expect(await (await heldSession(servicePort)).say('new')).toBe('new');
    expect((await haproxy.bring(there)).commands).toEqual([]);
  });

  test('and was drained is made ready in one go, and drained again', async () => {
    const haproxy = await runtimeHaproxy();
    const { app } = await appOn();
    const [one, two] = [silentTask('/web', 1), silentTask('/web', 2)];
    await haproxy.start(app([one]));
    await haproxy.bring(app([one, { ...two, leaving: true }]));
    expect((await haproxy.admin())[silentName(2)]).toBe('drain');
    await haproxy.bring(app([one, two]));
    expect((await haproxy.stat(silentName(2))).value('weight')).toBe('1');
    await haproxy.bring(app([{ ...one, leaving: true }, two]));
    expect(await haproxy.admin()).toEqual({ [silentName(1)]: 'drain', [silentName(2)]: 'ready' });
  });
});

describe('what somebody else did is mended by the next pass', () => {
  const cases: [string, (name: string) => string[]][] = [
    ['put into maintenance', (name) => [`set server ${name} state maint`]],
    ['disabled', (name) => [`disable server ${name}`]],
    ['drained', (name) => [`set server ${name} state drain`]],
    ['without weight', (name) => [`set server ${name} weight 0`]],
    ['with another weight', (name) => [`set server ${name} weight 7`]],
    ['no longer checked', (name) => [`disable health ${name}`]],
    ['deleted', (name) => [`set server ${name} state maint`, `del server ${name}`]],
    [
      'deleted and half added',
      (name) => [
        ...[`set server ${name} state maint`, `del server ${name}`],
        `add server ${name} 127.1.0.1:31001 check inter 5s`,
      ],
    ],
  ];
  test.each(cases)('a server that was %s', async (_, meddle) => {
    const haproxy = await runtimeHaproxy();
    const { app, backend } = await appOn({ healthChecks: [aCheck()] });
    const wanted = app(silentTasks(2));
    await haproxy.start(wanted);
    await haproxy.say(...meddle(`${backend}/${silentName(1)}`));
    await haproxy.bring(wanted);
    expect(await haproxy.admin()).toEqual({ [silentName(1)]: 'ready', [silentName(2)]: 'ready' });
    for (const { weight, checkEnabled } of await haproxy.states())
      expect({ weight, checkEnabled }).toEqual({ weight: 1, checkEnabled: true });
    expect((await haproxy.bring(wanted)).commands).toEqual([]);
  });

  test('a server that nobody wants', async () => {
    const haproxy = await runtimeHaproxy();
    const { app, backend } = await appOn();
    await haproxy.start(app(silentTasks(1)));
    await haproxy.say(`add server ${backend}/stranger 127.0.0.1:9`, `enable server ${backend}/stranger`);
    expect((await haproxy.bring(app(silentTasks(1)))).kinds).toEqual(['remove']);
    expect(await haproxy.admin()).toEqual({ [silentName(1)]: 'ready' });
  });

  test('a server with another address is taken out, and added with its own', async () => {
    const haproxy = await runtimeHaproxy();
    const { app, backend } = await appOn();
    await haproxy.start(app(silentTasks(1)));
    await haproxy.say(`set server ${backend}/${silentName(1)} addr 127.0.0.9 port 9`);
    expect((await haproxy.bring(app(silentTasks(1)))).kinds).toEqual(['remove', 'add']);
    const [server] = await haproxy.states();
    expect(server).toMatchObject({ server: silentName(1), admin: 'ready' });
    expect(server?.address).not.toBe('127.0.0.9');
  });

  test('what only a reload can add keeps no server from being taken out', async () => {
    const haproxy = await runtimeHaproxy();
    const labels = { ...http, HAPROXY_0_BALANCE: 'static-rr' };
    const { app, backend } = await appOn({ labels });
    await haproxy.start(app(silentTasks(2)));
    const next = app([silentTask('/web', 1), silentTask('/web', 3)]);
    expect(await haproxy.attempt(next)).toMatchObject({
      kind: 'impossible',
      needReload: new Map([[backend, 'balance static-rr takes no server at runtime']]),
    });
    expect((await haproxy.states()).map(({ server }) => server)).toEqual([silentName(1)]);
  });
});

describe('a pass that is disturbed', () => {
  test.each(Array.from({ length: 9 }, (_, i) => i))(
    'and cut off after %i commands is finished by the next one',
    async (cutAfter) => {
      const haproxy = await runtimeHaproxy();
      const { app } = await appOn({ healthChecks: [aCheck()] });
      const [first, second, third, fourth] = silentTasks(4);
      await haproxy.start(app([first!, second!, third!]));
      const wanted = app([{ ...second!, leaving: true }, third!, fourth!]);
      haproxy.disturb({ cutAfter });
      await haproxy.attempt(wanted).catch(() => undefined);
      await haproxy.bring(wanted);
      expect(await haproxy.admin()).toEqual({
        ...{ [silentName(2)]: 'drain', [silentName(3)]: 'ready', [silentName(4)]: 'ready' },
      });
      expect((await haproxy.states()).every(({ checkEnabled }) => checkEnabled)).toBe(true);
      expect((await haproxy.bring(wanted)).commands).toEqual([]);
    },
  );

  test('or that believes HAProxy to have what it does not have finds out and mends it', async () => {
    const haproxy = await runtimeHaproxy();
    const { app, backend } = await appOn();
    const [first, second, third, fourth] = silentTasks(4);
    const before = app([first!, second!, third!]);
    await haproxy.start(before);
    await haproxy.say(
      ...[1, 3].map((n) => `set server ${backend}/${silentName(n)} state maint`),
      `del server ${backend}/${silentName(3)}`,
      `add server ${backend}/${silentName(4)} 127.1.0.4:31004`,
    );
    // It knows of none of this.
    const outcome = await haproxy.attemptFrom([before], [app([first!, second!, fourth!])]);
    expect(outcome.kind).toBe('done');
    expect(await haproxy.admin()).toEqual({
      ...{ [silentName(1)]: 'ready', [silentName(2)]: 'ready', [silentName(4)]: 'ready' },
    });
  });

  test('by a reload between reading and doing brings the new worker to what is desired', async () => {
    const haproxy = await runtimeHaproxy();
    const { app } = await appOn();
    const [first, second, third] = silentTasks(3);
    await haproxy.start(app([first!, second!]));
    await haproxy.bring(app([first!]));
    const wanted = app([{ ...first!, leaving: true }, third!]);
    haproxy.disturb({ first: () => haproxy.reload(app([first!, second!])) });
    await haproxy.bring(wanted);
    expect(await haproxy.admin()).toEqual({ [silentName(1)]: 'drain', [silentName(3)]: 'ready' });
  });
});

describe('many backends at once', () => {
  test('each has its servers, and those that are not asked for are left alone', async () => {
    const haproxy = await runtimeHaproxy();
    const ports = await freePorts(60);
    const services = await Promise.all(ports.map((port, i) => appOn({}, `/app-${i}`, port)));
    const apps = (count: number) => services.map(({ app }, i) => app(silentTasks(count, `/app-${i}`)));
    const [first, ...others] = apps(3);
    await haproxy.start(...apps(1));
    const { kinds } = await haproxy.bring(...others);
    expect(kinds).toEqual(Array.from({ length: 118 }, () => 'add'));
    const of = async (backend: string) =>
      (await haproxy.states()).filter((state) => state.backend === backend).length;
    expect(await of(services[0]!.backend)).toBe(1);
    expect(await of(services[1]!.backend)).toBe(3);
    await haproxy.bring(first!);
    expect((await haproxy.bring(first!, ...others)).commands).toEqual([]);
    await haproxy.bring(...apps(0));
    expect(await haproxy.states()).toEqual([]);
  });

  test('one that HAProxy does not have is told by its reason, and the others have what they can', async () => {
    const haproxy = await runtimeHaproxy();
    const [known, unknown] = [await appOn(), await appOn({}, '/other')];
    await haproxy.start(known.app([]));
    expect(
      await haproxy.attempt(known.app(silentTasks(1)), unknown.app(silentTasks(1, '/other'))),
    ).toMatchObject({ kind: 'impossible', reason: expect.stringMatching(/backend/i) as string });
    expect(await haproxy.attempt(unknown.app([]))).toMatchObject({ kind: 'impossible' });
  });
});

/** All that describes a server: without counters, times and what only differs from one process to the next. */
function described({ state, stat }: { state: Columns; stat: Columns }) {
  return { state: without(state, stateCounters), stat: without(stat, statCounters) };
}
// How many checks passed in a row; a server of the file begins with some even where it has no check.
const stateCounters = new Set(['srv_time_since_last_change', 'srv_check_health']);
const statCounters = new Set([
  ...['check_duration', 'lastchg', 'lastsess', 'downtime', 'pid', 'ssl_reused_sess', 'ssl_sess'],
  // The most idle connections that are kept: none where 2.6 adds a server. Pacer closes them after each response.
  'src_ilim',
]);
function without(columns: Columns, left: ReadonlySet<string>): Columns {
  return Object.fromEntries(
    Object.entries(columns).map(([server, cells]) => [
      server,
      Object.fromEntries(
        Object.entries(cells)
          .filter(([name]) => !left.has(name))
          .map(([name, cell]) => [name, betweenChecks(name, cell)]),
      ),
    ]),
  );
}

/** As it is while no check is under way: a star and a bit say that one is. */
function betweenChecks(name: string, cell: string): string {
  if (name === 'check_status') return cell.replace(/^\* /, '');
  return name === 'srv_check_state' ? String(Number(cell) & ~1) : cell;
}

describe('templates in labels', () => {
  const line = (words: string) =>
    `  server {serverName} {host}:{port} ${words}{healthCheckOptions}{otherOptions}`;

  test('a server added at runtime has what the server line and default-server say', async () => {
    const haproxy = await runtimeHaproxy();
    const labels = {
      ...http,
      HAPROXY_0_BACKEND_SERVER_OPTIONS: line('maxconn 7'),
      HAPROXY_0_BACKEND_HEAD:
        'backend {backend}\n  balance {balance}\n  mode {mode}\n  default-server maxconn 3 weight 20 check inter 60s',
    };
    const { app } = await appOn({ labels });
    const [one, two] = [silentTask('/web', 1), silentTask('/web', 2)];
    await haproxy.start(app([one]));
    const { commands } = await haproxy.bring(app([one, two]));
    expect(commands.filter((it) => it.startsWith('add server'))).toEqual([
      expect.stringMatching(/ maxconn 3 weight 20 check inter 60s maxconn 7$/) as string,
    ]);
    const slim = async (name: string) => {
      const row = await haproxy.stat(name);
      return { maxconn: row.value('slim'), weight: row.value('weight'), checks: row.value('check_status') };
    };
    await until(async () => (await slim(silentName(2))).checks !== '');
    const [fromFile, added] = [await slim(silentName(1)), await slim(silentName(2))];
    expect({ ...added, checks: '' }).toEqual({ ...fromFile, checks: '' });
    expect(added).toMatchObject({ maxconn: '7', weight: '20' });
    // And nothing is left to do.
    expect((await haproxy.bring(app([one, two]))).commands).toEqual([]);
  });

  test.each([
    ['init-addr last,none', 'init-addr'],
    ['ssl verify none crt /etc/ssl/certs/none.pem', 'crt'],
    ['redir http://a.example', 'redir'],
  ])('with %s a server takes a reload, whose reason says so', async (words, keyword) => {
    const haproxy = await runtimeHaproxy();
    const { app } = await appOn({ labels: http });
    await haproxy.start(app([]));
    const { version } = haproxy.control.capabilities();
    const labels = { ...http, HAPROXY_0_BACKEND_SERVER_OPTIONS: line(words) };
    expect(await haproxy.attempt(app([silentTask('/web', 1)], { labels }))).toMatchObject({
      kind: 'impossible',
      reason: `HAProxy ${version} adds no server with ${keyword} at runtime`,
    });
    expect(haproxy.takeCommands()).toEqual([]);
  });

  test.each(['source', 'uri', 'hdr(X-User)'])(
    'a replaced balance %s takes servers at runtime, unless the template wants it map-based',
    async (balance) => {
      const haproxy = await runtimeHaproxy();
      const head = `backend {backend}\n  balance ${balance}\n  mode {mode}\n`;
      const { app } = await appOn({ labels: { ...http, HAPROXY_0_BACKEND_HEAD: head } });
      await haproxy.start(app([]));
      const { kinds } = await haproxy.bring(app([silentTask('/web', 1)]));
      expect(kinds).toEqual(['add']);
      const labels = { ...http, HAPROXY_0_BACKEND_HEAD: `${head}  hash-type map-based\n` };
      expect(await haproxy.attempt(app([silentTask('/web', 2)], { labels }))).toMatchObject({
        kind: 'impossible',
        reason: `balance ${balance.replace(/\(.*/, '')} with hash-type map-based takes no server at runtime`,
      });
    },
  );

  test('words that add server refuses are those that Pacer does not send', async () => {
    const haproxy = await runtimeHaproxy();
    const { app, backend } = await appOn({ labels: http });
    await haproxy.start(app([]));
    const { refusedServerWords } = haproxy.control.capabilities();
    const values: Record<string, string> = {
      'init-addr': ' none',
      resolvers: ' x',
      'resolve-opts': ' allow-dup-ip',
      'resolve-prefer': ' ipv4',
      'resolve-net': ' 10.0.0.0/8',
      redir: ' http://a',
      namespace: ' x',
      'max-reuse': ' 1',
      'log-proto': ' legacy',
      cookie: ' x',
      'ca-file': ' /none',
      crt: ' /none ssl verify none',
      'crl-file': ' /none',
      shard: ' 1',
      guid: ' x',
      'hash-key': ' id',
      'set-proxy-v2-tlv-fmt': '(0x20) %[src]',
      'init-state': ' fully-up',
      'strict-maxconn': '',
      'no-check': '',
      enabled: '',
      slowstart: ' 5s',
      maxconn: ' 5',
      backup: '',
      'send-proxy-v2': '',
      'on-error': ' mark-down',
      ssl: ' verify none',
      agent: '-check agent-port 5',
    };
    const refused: string[] = [];
    let n = 1;
    for (const [word, value] of Object.entries(values)) {
      const command = `add server ${backend}/probe${n++} 127.0.0.1:1 ${word}${value}`;
      await haproxy.say(command).catch(() => refused.push(word));
    }
    expect(refused.sort()).toEqual([...refusedServerWords].sort());
  });
});
