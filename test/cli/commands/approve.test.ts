/** `pacer approve` on what the route really answers. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { approve } from '../../../src/cli/commands/approve.ts';
import { approveRoute } from '../../../src/daemon/status/approve-route.ts';
import { messageOf } from '../../../src/errors.ts';

afterEach(() => vi.restoreAllMocks());

type Parts = Parameters<typeof approveRoute>;
const loss = (servers: number, apps: number) => ({
  ...{ servers, apps, of: { servers: 2006, apps: 40 }, cause: 'snapshot', since: 0, confirmable: true },
});

async function said(guard: Partial<Parts[0]>, pipeline: Partial<Parts[1]> = {}): Promise<string> {
  const nothing = () => undefined;
  const route = approveRoute(
    { approve: nothing, incomplete: () => [], ...guard },
    { approve: nothing, ...pipeline },
  );
  const server = createServer((_, response) => {
    void Promise.resolve(
      route.answer({ rest: '', query: new URLSearchParams(), body: '', trusted: true }),
    ).then((answer) => {
      response.writeHead(answer?.status ?? 500, { 'content-type': 'application/json' });
      response.end(JSON.stringify(answer?.body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  let text = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    text += String(chunk);
    return true;
  });
  try {
    await approve({ status: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
  } finally {
    server.close();
  }
  return text;
}

test("Marathon's removal says how many servers and apps go", async () => {
  expect(await said({ approve: () => loss(2000, 39) })).toBe(
    'approved: 2000 of 2,006 servers go, all those of 39 apps (snapshot)\n',
  );
});

test('a withheld change says so too, and no app where none goes as a whole', async () => {
  expect(await said({}, { approve: () => loss(1, 0) })).toBe('approved: 1 of 2,006 servers go (snapshot)\n');
});

test('a cluster of which nothing is known is given up without a number', async () => {
  expect(await said({ incomplete: () => ['east'] })).toBe('approved: nothing was known of cluster east\n');
});

test('what was thrown is shown, whatever it is', () => {
  const circle: Record<string, unknown> = {};
  circle['own'] = circle;
  const shown = [{ code: 'X' }, { message: 'gone' }, 'text', 7, null, undefined, circle, new Error('e')].map(
    messageOf,
  );
  expect(shown).toEqual(['{"code":"X"}', 'gone', 'text', '7', 'null', 'undefined', expect.any(String), 'e']);
  expect(shown.join()).not.toContain('[object');
});
