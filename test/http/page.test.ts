/** The status page under its own strict policy. What it looks like is for people; what it may not do is here. */
import { expect, test } from 'vitest';
import { pageRoutes } from '../../src/http/page.ts';
import { startStatusServer } from '../../src/http/server.ts';
import { ask } from '../support/ask.ts';

async function page(): Promise<Map<string, Awaited<ReturnType<typeof ask>>>> {
  const server = await startStatusServer({
    ...{ listen: { host: '127.0.0.1', port: 0 }, loopback: false, tokenFile: undefined, tls: undefined },
    routes: pageRoutes(),
    warn: () => undefined,
  });
  const answers = new Map(
    await Promise.all(
      pageRoutes().map(async ({ path }) => [path, await ask(`${server.address}${path}`)] as const),
    ),
  );
  await server.close();
  return answers;
}

test('the status page needs nothing that its content policy forbids', async () => {
  const answers = await page();
  const html = answers.get('/')!;
  const policy = String(html.headers['content-security-policy']);
  expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
  expect(policy).not.toContain('unsafe');
  expect(html.text).not.toMatch(
    /<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=|javascript:|https?:\/\/(?!shop\.example)/,
  );
  expect(answers.get('/page/page.js')!.text).not.toMatch(
    /innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|\.style\b/,
  );
});

test('everything that the status page and its script request exists, and is open to clients without a token', async () => {
  const answers = await page();
  const html = answers.get('/')!.text;
  const loaded = [...html.matchAll(/(?:src|href)="(\/page\/[^"]+)"/g)].map(([, path]) => path ?? '');
  expect(loaded.length).toBeGreaterThan(2);
  for (const path of loaded) expect([path, answers.get(path)?.status]).toEqual([path, 200]);
  const named = [...answers.get('/page/page.js')!.text.matchAll(/byId\('([\w-]+)'\)/g)].map(([, id]) => id);
  for (const id of named) expect(html).toContain(`id="${id}"`);
});
