import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { asAppId } from '../../../src/core/model/ids.ts';
import { Backoff, jittered } from '../../../src/marathon/bounds/backoff.ts';
import { Refetch, type Cause, type Target } from '../../../src/marathon/sync/refetch.ts';

interface Request {
  readonly target: Target;
  readonly cause: Cause;
  readonly done: () => void;
  readonly fail: (error: unknown) => void;
}

function refetch() {
  const requests: Request[] = [];
  const seen = { tooMany: 0, since: [] as number[], failures: [] as unknown[], now: 0 };
  const made = new Refetch({
    fetch: (target, cause) => new Promise((done, fail) => void requests.push({ target, cause, done, fail })),
    onTooMany: (since) => {
      seen.tooMany++;
      seen.since.push(since.now);
    },
    moment: () => ({ now: seen.now, elapsed: seen.now }),
    onFailed: (error) => seen.failures.push(error),
    maxBackoffMs: 20,
  });
  onTestFinished(() => made.close());
  return { requests, seen, made };
}

const cause = (text: string): Cause => ({ text, receivedAt: 0, eventTime: undefined });
const apps = (...ids: string[]) => ({ apps: ids.map(asAppId), groups: [] });
const settled = () => new Promise((resolve) => setImmediate(resolve));

it('an app that is named again while it is fetched is fetched once more, with its first cause', async () => {
  const { requests, made } = refetch();
  for (const text of ['first', 'second', 'third']) made.wish(apps('/a'), cause(text));
  expect(requests).toHaveLength(1);
  requests[0]?.done();
  await settled();
  expect(requests.map((request) => request.cause.text)).toEqual(['first', 'second']);
  expect(made.idle).toBe(false);
  requests[1]?.done();
  await settled();
  expect(requests).toHaveLength(2);
  expect(made.idle).toBe(true);
});

it('few requests are under way at once, and a busy app does not delay the others', async () => {
  const { requests, made } = refetch();
  made.wish(apps('/a'), cause('x'));
  made.wish(apps('/a', '/b', '/c', '/d', '/e', '/f'), cause('x'));
  expect(requests.map(({ target }) => target.id)).toEqual(['/a', '/b', '/c', '/d']);
  requests[1]?.done();
  await settled();
  expect(requests.map(({ target }) => target.id).slice(4)).toEqual(['/e']);
});

it('one list of all apps replaces requests for too many apps', () => {
  const { requests, seen, made } = refetch();
  made.wish(apps(...Array.from({ length: 60 }, (_, i) => `/app${i}`)), cause('x'));
  expect([requests.length, seen.tooMany]).toEqual([0, 1]);
});

it('the root group means a list of all apps, another group means a request', () => {
  const { requests, seen, made } = refetch();
  made.wish({ apps: [], groups: ['/team'] }, cause('x'));
  made.wish({ apps: [], groups: ['/'] }, cause('x'));
  expect(requests.map(({ target }) => target)).toEqual([{ kind: 'group', id: '/team' }]);
  expect(seen.tooMany).toBe(1);
});

describe('a request that failed', () => {
  it('is repeated until it succeeds, and stays pending since the app was first named', async () => {
    const { requests, seen, made } = refetch();
    seen.now = 100;
    made.wish(apps('/a'), cause('first'));
    expect(made.pending).toEqual([{ kind: 'app', id: '/a', since: 100 }]);
    seen.now = 200;
    made.wish(apps('/a'), cause('second'));
    requests[0]?.fail(new Error('HTTP 500'));
    await settled();
    expect(seen.failures).toHaveLength(1);
    expect(made.pending).toEqual([{ kind: 'app', id: '/a', since: 100, lastError: 'HTTP 500' }]);
    seen.now = 300;
    await vi.waitFor(() => expect(requests).toHaveLength(2));
    expect(requests[1]?.cause.text).toBe('first');
    requests[1]?.done();
    await settled();
    expect(made.pending).toEqual([]);
    expect(made.idle).toBe(true);
  });

  it('is not repeated after a list arrived that was requested later', async () => {
    const { requests, seen, made } = refetch();
    made.wish(apps('/a', '/b'), cause('x'));
    requests[0]?.fail(new Error('HTTP 500'));
    await settled();
    seen.now = 1_000;
    made.wish(apps('/c'), cause('later'));
    made.covered(500);
    // The other one is still under way and fails only now: the list covers it too.
    requests[1]?.fail(new Error('HTTP 500'));
    await settled();
    expect(made.pending.map(({ id }) => id)).toEqual(['/c']);
  });

  it('is repeated although a list arrived, if the app was named again after that list was requested', async () => {
    const { requests, seen, made } = refetch();
    const fails = async (index: number) => {
      requests[index]?.fail(new Error('cut'));
      await settled();
    };
    made.wish(apps('/waits', '/fails-later'), cause('x'));
    await fails(0);
    made.wish(apps('/waits'), cause('x'));
    await fails(2);
    seen.now = 2;
    made.wish(apps('/waits', '/fails-later'), cause('y'));
    made.covered(1);
    expect(made.pending.find(({ id }) => id === '/waits')).toMatchObject({ since: 2 });
    await fails(1);
    seen.now = 1_000;
    made.wish(apps('/other'), cause('z'));
    const ids = requests.slice(3).map(({ target }) => target.id);
    expect(ids).toEqual(expect.arrayContaining(['/waits', '/fails-later']));
  });

  it('passes on since when it is pending if a list replaces too many requests', async () => {
    const { requests, seen, made } = refetch();
    seen.now = 7;
    made.wish(apps('/first'), cause('x'));
    requests[0]?.fail(new Error('no'));
    await settled();
    seen.now = 900;
    made.wish(apps(...Array.from({ length: 60 }, (_, i) => `/app${i}`)), cause('x'));
    expect(seen).toMatchObject({ tooMany: 1, since: [7] });
  });
});

it('retries of a request come at once, then after growing pauses of up to ten seconds, until it succeeds', () => {
  const backoff = new Backoff(undefined, () => 1);
  expect(Array.from({ length: 8 }, () => backoff.next())).toEqual([
    0, 500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000,
  ]);
  backoff.reset();
  expect(backoff.next()).toBe(0);
  const least = new Backoff(undefined, () => 0);
  expect([least.next(), least.next()]).toEqual([0, 250]);
  expect([jittered(100, () => 0), jittered(100, () => 0.5)]).toEqual([80, 100]);
});
