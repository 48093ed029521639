/** What is beyond a limit is cut off with a word, costs nobody else anything, and no memory that grows. */
import { describe, expect, it } from 'vitest';
import type { Diagnostic } from '../../../src/core/model/diagnostic.ts';
import { asAppId } from '../../../src/core/model/ids.ts';
import { readLabels } from '../../../src/core/labels/read.ts';
import { decodeApps, decodeOneApp } from '../../../src/marathon/decode/decode.ts';
import {
  appLimits,
  maxDiagnosticsOfApp,
  maxEventBytes,
  maxPartsOfTask,
} from '../../../src/marathon/bounds/limits.ts';
import { withStatus } from '../../../src/marathon/mirror/task-changes.ts';
import { podApp, readPodStatus } from '../../../src/marathon/pods/decode-pod.ts';
import { follow, mirroring, until, webApp } from '../mirroring.ts';
import { app, status, task } from '../mirror-build.ts';
import { sendJson, serve } from '../servers.ts';

const MiB = 1024 * 1024;
const numbered = <T>(count: number, make: (i: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(i));
const labels = (count: number, name: (i: number) => string) =>
  Object.fromEntries(numbered(count, (i) => [name(i), 'x']));
const reasons = (diagnostics: readonly Diagnostic[]) => diagnostics.map(({ reason }) => reason);

describe('an event that never ends', () => {
  /** Attaches, then sends one line without an end as fast as it is read. */
  async function endless() {
    const sent: number[] = [];
    const server = await serve((request, response) => {
      if (request.url?.startsWith('/v2/events') !== true) {
        sendJson(response, request.url?.includes('pods') === true ? [] : { apps: [{ id: '/web' }] });
        return;
      }
      const connection = sent.push(0) - 1;
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('event: event_stream_attached\r\ndata: {"eventType":"event_stream_attached"}\r\n\r\n');
      response.write('event: status_update_event\r\ndata: ');
      const chunk = Buffer.alloc(256 * 1024, 'x');
      const more = () => {
        while (!response.destroyed && response.write(chunk)) sent[connection]! += chunk.length;
      };
      response.on('drain', more);
      more();
    });
    return { server, sent };
  }

  it('ends the connection at the limit, with a message; memory stays bounded, and the list is followed', async () => {
    const { server, sent } = await endless();
    const before = process.memoryUsage().rss;
    let most = before;
    const look = setInterval(() => (most = Math.max(most, process.memoryUsage().rss)), 5);
    const said: string[] = [];
    const { source } = follow({
      endpoints: [server.url],
      maxBackoffMs: 10,
      log: ({ detail }) => said.push(JSON.stringify(detail)),
    });
    try {
      // Again and again: what one connection has held must not add up.
      await until(() => expect(sent.length).toBeGreaterThan(6));
    } finally {
      clearInterval(look);
    }
    expect(said.join()).toContain('an event is larger than 64 MiB');
    expect(source.status().lastError?.message).toContain('an event is larger than 64 MiB');
    expect(source.status().apps).toBe(1);
    for (const bytes of sent) expect(bytes).toBeLessThan(maxEventBytes + 16 * MiB);
    // Without a limit this had 1.2 GB after one connection.
    expect((most - before) / MiB).toBeLessThan(600);
  });

  it('is told from many events on one connection', async () => {
    const both = await mirroring({ heartbeatMs: 30 });
    for (let i = 0; i < 5; i++) both.marathon.faults.bigPlan(20 * MiB);
    await both.marathon.deploy({ ...webApp, instances: 1 });
    await until(() => expect(both.apps().has('/team/web')).toBe(true));
    expect(both.source.status()).toMatchObject({ reconnects: 0, connected: true });
  });
});

describe('an app that exceeds a limit', () => {
  it('keeps the labels that mean something, those of the whole app first, and reports what it left out', () => {
    const given = {
      ...labels(2_000, (i) => `other-${i}`),
      ...labels(10_000, (i) => `HAPROXY_${i % 20}_NOTHING_${i}`),
      HAPROXY_GROUP: 'external',
      HAPROXY_0_VHOST: 'web.example',
    };
    const { apps, diagnostics } = decodeOneApp({ app: { id: '/web', labels: given } });
    const kept = Object.keys(apps[0]!.labels);
    expect(kept).toHaveLength(appLimits.labels);
    expect(apps[0]!.labels).toMatchObject({ HAPROXY_GROUP: 'external', HAPROXY_0_VHOST: 'web.example' });
    expect(kept.every((name) => name.startsWith('HAPROXY_'))).toBe(true);
    expect(diagnostics).toMatchObject([
      {
        ...{ code: 'DEFINITION_TOO_LARGE', appId: '/web', severity: 'warning' },
        reason: 'the app has 12002 labels, and Pacer takes 1000 of one app: 11002 are left out',
      },
    ]);
    // Whatever the order in which Marathon writes them.
    const turned = Object.fromEntries(Object.entries(given).reverse());
    expect(decodeOneApp({ app: { id: '/web', labels: turned } }).apps[0]!.labels).toEqual(apps[0]!.labels);
  });

  it('keeps the tasks that run, and an event adds none beyond the limit', () => {
    const tasks = numbered(appLimits.tasks + 1, (i) => ({
      id: `web.instance-${String(i).padStart(6, '0')}._app.1`,
      state: i === 0 ? 'TASK_STAGING' : 'TASK_RUNNING',
    }));
    const { apps, diagnostics } = decodeOneApp({ app: { id: '/web', tasks } });
    expect(apps[0]!.tasks).toHaveLength(appLimits.tasks);
    expect(apps[0]!.tasks.every(({ state }) => state === 'TASK_RUNNING')).toBe(true);
    expect(reasons(diagnostics)).toEqual([
      'the app has 40001 tasks, and Pacer takes 40000 of one app: 1 are left out',
    ]);
    const event = status('new', 'TASK_RUNNING', 1);
    if (event.kind !== 'status') throw new Error('it is a status');
    expect(withStatus(apps[0]!, event)).toBe(apps[0]);
    expect(withStatus(app([task('a'), task('z')]), event).tasks.map(({ id }) => String(id))).toEqual([
      'web.instance-a._app.1',
      'web.instance-new._app.1',
      'web.instance-z._app.1',
    ]);
  });

  it('keeps the first of its ports, health checks and deployments, and of the parts of a task', () => {
    const { apps, diagnostics } = decodeOneApp({
      app: {
        id: '/web',
        portDefinitions: numbered(1_500, (i) => ({ port: 10_000 + i })),
        healthChecks: numbered(150, () => ({ protocol: 'TCP' })),
        deployments: numbered(150, (i) => ({ id: `d${i}` })),
        tasks: [
          {
            id: 'web.1',
            ports: numbered(5_000, (i) => i + 1),
            ipAddresses: numbered(5_000, () => ({ ipAddress: 'x' })),
          },
          { id: 'web.2', ports: [1] },
        ],
      },
    });
    const [read] = apps;
    expect([read!.ports.length, read!.healthChecks.length, read!.deployments.length]).toEqual([
      1_000, 100, 100,
    ]);
    expect(read!.ports[999]?.servicePort).toBe(10_999);
    expect(read!.tasks.map(({ ports, ipAddresses }) => [ports.length, ipAddresses.length])).toEqual([
      [maxPartsOfTask, maxPartsOfTask],
      [1, 0],
    ]);
    expect(diagnostics).toHaveLength(4);
    expect(reasons(diagnostics).join()).toContain('1 tasks have more than 1000 ports');
  });

  it('has few diagnostics, however much is wrong, and the last one counts the others', () => {
    const { diagnostics } = decodeOneApp({
      app: {
        id: '/web',
        labels: Object.fromEntries(numbered(900, (i) => [`HAPROXY_${i}`, { not: 'text' }])),
      },
    });
    expect(diagnostics).toHaveLength(maxDiagnosticsOfApp);
    expect(diagnostics.at(-1)?.reason).toBe(
      "881 more parts of Marathon's definition are not as they should be",
    );
  });

  it('does not affect the other apps of the answer', () => {
    const { apps, diagnostics } = decodeApps({
      apps: [
        { id: '/large', labels: labels(10_000, (i) => `HAPROXY_${i}`) },
        { id: '/web', labels: { a: 'b' } },
      ],
    });
    expect(apps.find(({ id }) => id === '/web')?.labels).toEqual({ a: 'b' });
    expect(diagnostics.map(({ appId }) => appId)).toEqual(['/large']);
  });

  it('has few diagnostics of its labels as well, and errors are never left out', () => {
    const unknown = labels(900, (i) => `HAPROXY_0_NOTHING_${i}`);
    const read = readLabels(asAppId('/web'), { ...unknown, HAPROXY_0_MODE: 'neither' }, 1);
    expect(read.diagnostics).toHaveLength(21);
    expect(read.diagnostics.filter(({ severity }) => severity === 'error')).toHaveLength(1);
    expect(read.diagnostics.at(-1)?.reason).toBe('881 more labels have no effect');
  });

  it('may be a pod', () => {
    const read = readPodStatus(
      {
        id: '/pod',
        spec: {
          id: '/pod',
          labels: labels(5_000, (i) => `HAPROXY_0_X${i}`),
          containers: [{ name: 'c', endpoints: numbered(1_500, (i) => ({ name: `e${i}` })) }],
        },
      },
      'pods[0]',
    );
    if (!('spec' in read)) throw new Error('it is a pod');
    const { app: pod, diagnostics } = podApp(read, () => undefined);
    expect([Object.keys(pod.labels).length, pod.ports.length]).toEqual([1_000, 1_000]);
    expect(reasons(diagnostics)).toEqual([
      'the app has 5000 labels, and Pacer takes 1000 of one app: 4000 are left out',
      'the app has 1500 ports, and Pacer takes 1000 of one app: 500 are left out',
    ]);
  });
});
