/** The table reads as documentation: what HAProxy has, what is desired, what is sent. */
import { describe, expect, test } from 'vitest';
import { nextDesired, nothingDesired } from '../../../src/core/desired/desired.ts';
import type { BackendName } from '../../../src/core/model/ids.ts';
import type { App, Task } from '../../../src/core/model/model.ts';
import { planServers } from '../../../src/core/plan/server-plan.ts';
import type { RunningServer } from '../../../src/core/plan/server-step.ts';
import { fixedHead } from '../../../src/daemon/publish/machine-facts.ts';
import { commandsFor } from '../../../src/haproxy/cli/server-commands.ts';
import { loadFragments } from '../../../src/render/fragments.ts';
import { renderer } from '../../../src/render/render.ts';
import { resolveSettings } from '../../../src/settings/settings.ts';
import { aCheck, anApp, aTask } from '../../support/apps.ts';
import { aContext } from '../../support/context.ts';

const { settings } = resolveSettings({ flags: { groups: ['external'] }, environment: {}, file: undefined });
const { serverLine } = renderer(loadFragments(), fixedHead(settings));
const old = { version: '2.6.12', addServerCookie: false, refusedServerWords: new Set<string>() };
const modern = { version: '3.0.11', addServerCookie: true, refusedServerWords: new Set<string>() };

function serviceOf(app: App, stickySlots: number) {
  return nextDesired(nothingDesired, { changed: [app], removed: [] }, aContext({ stickySlots })).services.get(
    'web_10001' as BackendName,
  )!;
}

const running = (n: number, parts: Partial<RunningServer> = {}): RunningServer => ({
  name: `10_0_0_${n}_${31000 + n}`,
  address: `10.0.0.${n}`,
  port: 31000 + n,
  admin: 'ready',
  weight: 1,
  ...parts,
});

/** What is sent to HAProxy, or why only a reload helps. */
function sent(have: RunningServer[], app: App, capabilities = old, slots = 0): string[] | string {
  const plan = planServers(serviceOf(app, slots), have, capabilities);
  return plan.kind === 'reload' ? plan.reason : plan.steps.flatMap((step) => commandsFor(step, serverLine));
}

const labels = (more: Record<string, string>) => ({ HAPROXY_GROUP: 'external', ...more });
const [one, two] = [aTask('/web', 1), aTask('/web', 2)];
const leaving = { ...two, leaving: true };

describe('the commands for a backend', () => {
  test.each<[string, RunningServer[], App, string[]]>([
    ['nothing, where HAProxy has what is desired', [running(1)], anApp('/web', { tasks: [one] }), []],
    [
      'a server that comes',
      [running(1)],
      anApp('/web', { tasks: [one, two] }),
      [
        'add server web_10001/10_0_0_2_31002 10.0.0.2:31002 id 6390',
        'set server web_10001/10_0_0_2_31002 state ready',
      ],
    ],
    [
      'a server that comes, checked as the file would check it',
      [],
      anApp('/web', {
        healthChecks: [aCheck({ intervalSeconds: 7, maxConsecutiveFailures: 2 })],
        tasks: [one],
      }),
      [
        'add server web_10001/10_0_0_1_31001 10.0.0.1:31001 id 26814 check inter 7s fall 3',
        'enable health web_10001/10_0_0_1_31001',
        'set server web_10001/10_0_0_1_31001 state ready',
      ],
    ],
    [
      'a server that comes with an HTTPS check on a port of its own',
      [],
      anApp('/web', { healthChecks: [aCheck({ protocol: 'HTTPS', port: 9000 })], tasks: [one] }),
      [
        'add server web_10001/10_0_0_1_31001 10.0.0.1:31001 id 26814 check inter 5s fall 4 port 9000 check-ssl verify none',
        'enable health web_10001/10_0_0_1_31001',
        'set server web_10001/10_0_0_1_31001 state ready',
      ],
    ],
    [
      'a server that goes',
      [running(1), running(2)],
      anApp('/web', { tasks: [one] }),
      ['set server web_10001/10_0_0_2_31002 state maint'],
    ],
    [
      'a server that has gone and takes no sessions any more',
      [running(1), running(2, { admin: 'maint' })],
      anApp('/web', { tasks: [one] }),
      ['del server web_10001/10_0_0_2_31002'],
    ],
    [
      'a task that is about to end',
      [running(1), running(2)],
      anApp('/web', { tasks: [one, leaving] }),
      ['set server web_10001/10_0_0_2_31002 state drain'],
    ],
    [
      'a drained server that is still wanted so',
      [running(1), running(2, { admin: 'drain' })],
      anApp('/web', { tasks: [one, leaving] }),
      [],
    ],
    [
      'one that the file drained by its weight',
      [running(1), running(2, { weight: 0 })],
      anApp('/web', { tasks: [one, leaving] }),
      [],
    ],
    [
      'a task that comes back while it drains',
      [running(1), running(2, { admin: 'drain' })],
      anApp('/web', { tasks: [one, two] }),
      ['set server web_10001/10_0_0_2_31002 weight 1', 'set server web_10001/10_0_0_2_31002 state ready'],
    ],
    [
      'a server that somebody put into maintenance',
      [running(1, { admin: 'maint' })],
      anApp('/web', { tasks: [one] }),
      ['set server web_10001/10_0_0_1_31001 weight 1', 'set server web_10001/10_0_0_1_31001 state ready'],
    ],
  ])('%s', (_, have, app, commands) => {
    expect(sent(have, app)).toEqual(commands);
  });
});

describe('the commands for a sticky service with slots, since 2.6 adds no server with a cookie', () => {
  const app = (...tasks: Task[]) =>
    anApp('/web', { labels: labels({ HAPROXY_0_MODE: 'http', HAPROXY_0_STICKY: 'true' }), tasks });
  const slot = (n: number, parts: Partial<RunningServer> = {}): RunningServer => ({
    ...{ name: `pacer_slot${n}`, address: '127.0.0.1', port: 1, admin: 'maint', weight: 1 },
    ...parts,
  });
  const ready = { address: '10.0.0.2', port: 31002, admin: 'ready' } as const;
  test.each<[string, RunningServer[], App, string[]]>([
    ['nothing, where the server is in a slot', [running(1), slot(1, ready)], app(one, two), []],
    [
      'a server that comes takes the first free slot',
      [running(1), slot(1, { ...ready, port: 9, admin: 'drain' }), slot(2)],
      app(one, two),
      [
        'set server web_10001/pacer_slot1 state maint',
        'set server web_10001/pacer_slot2 addr 10.0.0.2 port 31002',
        'set server web_10001/pacer_slot2 state ready',
      ],
    ],
    [
      'a server that goes leaves its slot, for another to take',
      [running(1), slot(1, ready)],
      app(one),
      ['set server web_10001/pacer_slot1 state maint'],
    ],
    [
      'a server in a slot that is on its way out',
      [running(1), slot(1, ready)],
      app(one, leaving),
      ['set server web_10001/pacer_slot1 state drain'],
    ],
    [
      'a server of the file that goes is deleted, slots or none',
      [running(1), running(2, { admin: 'maint' }), slot(1)],
      app(one),
      ['del server web_10001/10_0_0_2_31002'],
    ],
  ])('%s', (_, have, wanted, commands) => {
    expect(sent(have, wanted, old, 2)).toEqual(commands);
  });

  test('where no slot is free it takes a reload, which says so', () => {
    const taken = slot(1, { ...ready, address: '10.0.0.9' });
    expect(sent([taken], app(aTask('/web', 9), one, two), old, 1)).toBe(
      'HAProxy 2.6.12 adds no server with a cookie at runtime, and no slot is free',
    );
  });
});

describe('only a reload helps', () => {
  test('a sticky service on 2.6, which adds no server with a cookie; 3.0 does', () => {
    const app = anApp('/web', {
      labels: labels({ HAPROXY_0_MODE: 'http', HAPROXY_0_STICKY: 'true' }),
      tasks: [one],
    });
    expect(sent([], app)).toBe('HAProxy 2.6.12 adds no server with a cookie at runtime');
    expect(sent([], app, modern)).toContain('set server web_10001/10_0_0_1_31001 state ready');
    expect(String(sent([], app, modern))).toContain(' cookie ');
  });

  test('a server that goes from a sticky service does not need one', () => {
    const app = anApp('/web', {
      labels: labels({ HAPROXY_0_MODE: 'http', HAPROXY_0_STICKY: 'true' }),
      tasks: [one],
    });
    expect(sent([running(1), running(2)], app)).toEqual(['set server web_10001/10_0_0_2_31002 state maint']);
  });

  test('balance static-rr, which takes no server at runtime', () => {
    const app = anApp('/web', { labels: labels({ HAPROXY_0_BALANCE: 'static-rr' }), tasks: [one] });
    expect(sent([], app)).toBe('balance static-rr takes no server at runtime');
  });

  test('a server of this name with another address', () => {
    expect(sent([running(1, { port: 9 })], anApp('/web', { tasks: [one] }))).toBe(
      'server 10_0_0_1_31001 has another address',
    );
  });
});
