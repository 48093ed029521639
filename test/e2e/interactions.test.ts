/** Labels that interact, every three of them, with real requests on both ports. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterEach, expect, test } from 'vitest';
import { makePem } from '../support/certificate.ts';
import { expectedOf, requests, type Expected } from '../support/expected.ts';
import {
  checksOf,
  describeInteraction,
  hostsOf,
  interactions,
  labelsOf,
  neighbourLabels,
} from '../support/interactions.ts';
import { secretHash } from '../support/password.ts';
import { httpApp, startStack, type Answer, type Stack } from '../support/stack.ts';

const credentials = { Authorization: `Basic ${Buffer.from('alice:secret').toString('base64')}` };

let stack: Stack;
afterEach(() => stack.close());

const rows = interactions(3);

async function start(flags: readonly string[]): Promise<void> {
  stack = await startStack({
    start: false,
    simulator: { tasks: 'shared' },
    flags: ['--service-ports', 'none', ...flags],
  });
  const certificate = join(stack.directory, 'own.pem');
  await writeFile(certificate, await makePem('own'));
  const apps = rows.flatMap((it) => [
    httpApp(`/r${it.n}`, 0, {
      labels: labelsOf(it, { passwordHash: secretHash, certificate }),
      healthChecks: checksOf(it),
    }),
    ...(it.neighbour ? [httpApp(`/s${it.n}`, 0, { labels: neighbourLabels(it) })] : []),
  ]);
  await Promise.all(apps.map((app) => stack.marathon.deploy(app)));
  stack.startPacer(['--label-certificates', stack.directory]);
  for (const { id } of apps) await stack.inStep(id);
}

/** An answer in the words of what is expected. */
function seen({ status, headers, json }: Answer): Expected | { readonly status: number } {
  if (status === 404) return { kind: 'nobody' };
  if (status === 403) return { kind: 'denied' };
  if (status === 401) return { kind: 'asked for a user' };
  if (json === undefined && status >= 300 && status < 400)
    return { kind: 'redirect', to: String(headers['location']) };
  if (json === undefined) return { status };
  return {
    ...({ kind: 'served', by: json.app, path: json.path } as const),
    hsts: headers['strict-transport-security'] !== undefined,
    cookie: String(headers['set-cookie']).includes('mesosphere_server_id='),
    location: headers['location'] === undefined ? undefined : String(headers['location']),
    marks: [
      ...(headers['x-own'] === 'yes' ? ['x-own'] : []),
      ...(json.headers['x-rule'] === 'yes' ? ['x-rule'] : []),
    ],
  };
}

test.each([
  ['plain HTTPS', []],
  ['HTTPS grouped by vhost', ['--group-https-by-vhost']],
])('%s: each request comes to what the labels say', { timeout: 240_000 }, async (_, flags) => {
  await start(flags);
  const { diagnostics } = await stack.status();
  expect(diagnostics.filter(({ severity }) => severity !== 'notice')).toEqual([]);
  const asks = rows.flatMap((it) =>
    hostsOf(it).names.flatMap((host) =>
      requests.flatMap((one) => [false, true].map((tls) => ({ it, host, request: { ...one, tls } }))),
    ),
  );
  expect(asks.length).toBeGreaterThan(2000);
  const wrong: string[] = [];
  const judge = async ({ it, host, request }: (typeof asks)[number]) => {
    const { path, tls, asAlice } = request;
    const is = seen(await stack.ask({ host, path, tls, headers: asAlice ? credentials : {} }));
    const should = expectedOf(it, request, host, stack.ports.https);
    if (!isDeepStrictEqual(defined(is), defined(should)))
      wrong.push(
        [
          describeInteraction(it),
          `${host} ${JSON.stringify(request)}`,
          `is ${JSON.stringify(is)}, should be ${JSON.stringify(should)}`,
        ].join('\n  '),
      );
  };
  for (let from = 0; from < asks.length; from += 20)
    await Promise.all(asks.slice(from, from + 20).map(judge));
  expect(wrong.slice(0, 20)).toEqual([]);
});

const defined = (value: object): unknown => JSON.parse(JSON.stringify(value));
