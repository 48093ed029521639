/** The answers to "why" read as sentences, and name the winner. */
import { describe, expect, test } from 'vitest';
import { nextDesired, nothingDesired } from '../../src/core/desired/desired.ts';
import { explain } from '../../src/core/explain/explain.ts';
import { parseQuestion } from '../../src/core/explain/question.ts';
import { anApp, aCheck, aPort, aTask } from '../support/apps.ts';
import { aContext } from '../support/context.ts';

const labelled = (labels: Record<string, string>) => ({ HAPROXY_GROUP: 'external', ...labels });

const apps = [
  anApp('/api', {
    labels: labelled({ HAPROXY_0_VHOST: 'shop.example', HAPROXY_0_PATH: '/api' }),
    ports: [aPort(10_001)],
    healthChecks: [aCheck()],
    tasks: [
      aTask('/api', 1, { alive: [true] }),
      aTask('/api', 2, { alive: [false] }),
      aTask('/api', 3, { alive: [true], leaving: true }),
    ],
  }),
  anApp('/api-v2', {
    labels: labelled({ HAPROXY_0_VHOST: 'shop.example', HAPROXY_0_PATH: '/api/v2' }),
    ports: [aPort(10_002)],
    tasks: [aTask('/api-v2', 1)],
  }),
  anApp('/api-v3', {
    labels: labelled({ HAPROXY_0_VHOST: 'shop.example', HAPROXY_0_PATH: '/api' }),
    ports: [aPort(10_003)],
  }),
  anApp('/asleep', { labels: labelled({ HAPROXY_0_VHOST: 'asleep.example' }), ports: [aPort(10_004)] }),
  anApp('/hidden', {
    labels: { HAPROXY_GROUP: 'internal', HAPROXY_0_VHOST: 'hidden.example' },
    ports: [aPort(10_005)],
  }),
  anApp('/taken', { ports: [aPort(10_001)] }),
  anApp('/web', {
    labels: labelled({ HAPROXY_0_VHOST: 'shop.example,*.wild.example', HAPROXY_0_REDIRECT_TO_HTTPS: 'true' }),
    ports: [aPort(10_006)],
    tasks: [aTask('/web', 1)],
  }),
  anApp('/wrong', { labels: labelled({ HAPROXY_0_VHOST: 'wrong.example', HAPROXY_0_PORT: '70000' }) }),
];
const desired = nextDesired(
  nothingDesired,
  { changed: apps, removed: [] },
  aContext({ health: { respectHealth: true, mode: 'all', unreachable: 'keep' } }),
);
const context = {
  ownPorts: new Map([[80, "Pacer's own HTTP port"]]),
  httpPort: 80,
  httpsPort: 443,
  malformed: [],
};

function ask(what: string) {
  const question = parseQuestion(what, desired);
  if (question === undefined) throw new Error(`${what} is no question`);
  return explain(desired, question, context);
}

const standings = (what: string) =>
  ask(what).candidates.map(({ appId, verdict, reason }) => `${appId} ${verdict}: ${reason}`);

describe('a request', () => {
  test('has the service with the longest path, and every other that fits says why it does not', () => {
    expect(ask('https://shop.example/api/v2/items?x=1').answer).toBe(
      '/api-v2 port 0 serves it, with 1 server',
    );
    expect(standings('shop.example/api/v2/items')).toEqual([
      '/api-v2 wins: a path that begins so; weight 1',
      '/api loses: shorter: the longest path wins',
      '/api-v3 loses: shorter: the longest path wins',
      '/web loses: the host, weight 0: /api-v2 has 1, and the larger comes first',
    ]);
  });

  test('that two claim alike has the first by app id', () => {
    expect(standings('SHOP.example:80/api')[1]).toBe(
      '/api-v3 loses: /api port 0 claims the same, and had it first',
    );
  });

  test('over http is a redirect where the service asks for one', () => {
    expect(ask('http://a.wild.example/x').answer).toBe('301 to https://a.wild.example/x, by /web port 0');
    expect(ask('https://a.wild.example/x').answer).toBe('/web port 0 serves it, with 1 server');
  });

  test('without a server is a 503 and says why', () => {
    expect(ask('asleep.example')).toMatchObject({
      answer: '503: /asleep port 0 has it, and no server: it has no task',
      served: false,
    });
  });

  test('to a host that nobody has names who would, were it exposed or its labels right', () => {
    expect(standings('hidden.example')).toEqual([
      '/hidden not-exposed: its group is internal; this load balancer is external',
    ]);
    expect(standings('wrong.example')).toEqual([expect.stringMatching(/^\/wrong not-exposed: .*70000/)]);
    expect(ask('wrong.example').diagnostics).toMatchObject([{ code: 'LABEL_INVALID' }]);
    expect(ask('shop.exmaple')).toMatchObject({
      answer: '404: no service has shop.exmaple/',
      hints: ['did you mean shop.example?'],
    });
  });
});

test('a port has its service, and the one that came too late', () => {
  expect(ask(':10001').answer).toBe('/api port 0 serves it, with 2 servers');
  expect(standings(':10001')[1]).toBe('/taken rejected: rejected: service port 10001 belongs to /api port 0');
  expect(ask('http://any.example:10002/').answer).toBe('/api-v2 port 0 serves it, with 1 server');
  expect(ask(':80').answer).toBe("port 80 is Pacer's own HTTP port");
  expect(ask(':9').answer).toBe('no service listens on port 9');
});

test('an app has its tasks, each with its reason', () => {
  const answer = ask('/api');
  expect(answer.answer).toBe('/api is served, with 2 servers');
  expect(answer.services[0]?.tasks.map(({ admin: admin, reason }) => `${admin}: ${reason}`).sort()).toEqual([
    'drain: Marathon is about to end the task',
    'out: Marathon calls the task unhealthy',
    'ready: the task serves',
  ]);
  expect(answer.services[0]?.routes).toEqual([{ claim: 'shop.example/api', weight: 1, owner: '/api' }]);
  expect(ask('/api-v3').services[0]?.routes).toEqual([
    { claim: 'shop.example/api', weight: 1, owner: '/api' },
  ]);
  expect(ask('/taken').answer).toBe('/taken is not served: service port 10001 belongs to /api port 0');
  expect(ask('/apy')).toMatchObject({ answer: 'Marathon has no app /apy', hints: ['did you mean /api?'] });
});

test('a task is in or out, by its id, its instance or, once gone, its app', () => {
  expect(ask('api.instance-2._app.1').answer).toBe(
    'the task of /api is out: Marathon calls the task unhealthy',
  );
  expect(ask('api.instance-1').answer).toBe('the task of /api is in: the task serves');
  expect(ask('api.instance-9._app.1').answer).toBe(
    'Marathon does not list the task any more; /api has 3 other tasks',
  );
});

test('a backend is its app', () => {
  expect(ask('web_10006')).toMatchObject({ kind: 'app', subject: '/web' });
});

test.each(['', ' ', 'a b', ':70000', 'ftp://x/', 'http://'])('%j is no question', (text) => {
  expect(parseQuestion(text, desired)).toBeUndefined();
});

test('a request that rules of templates decide names the services and their rules, in the order in which they are tried', () => {
  const canary = anApp('/canary', {
    labels: labelled({
      HAPROXY_0_VHOST: 'ruled.example',
      HAPROXY_0_HTTP_FRONTEND_ACL:
        '  acl canary hdr(X-Canary) -m found\n  use_backend {backend} if canary {{ hdr(host) {hostname} }}\n',
      HAPROXY_0_BACKEND_WEIGHT: '5',
    }),
    ports: [aPort(10_021)],
    tasks: [aTask('/canary', 1)],
  });
  const usual = anApp('/usual', {
    labels: labelled({ HAPROXY_0_VHOST: 'ruled.example' }),
    ports: [aPort(10_022)],
    tasks: [aTask('/usual', 1)],
  });
  const both = nextDesired(nothingDesired, { changed: [canary, usual], removed: [] }, aContext());
  const question = parseQuestion('ruled.example/', both);
  if (question === undefined) throw new Error('no question');
  const { answer, candidates, served, hints } = explain(both, question, context);
  expect(served).toBe(true);
  expect(candidates.map(({ appId, verdict }) => [appId, verdict])[0]).toEqual(['/canary', 'depends']);
  expect(candidates[0]?.reason).toContain('use_backend canary_10021 if');
  expect([answer, ...hints].join()).toMatch(/rules/);
});
