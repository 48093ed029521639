import { readFileSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { fetchApps } from '../../src/marathon/client/api.ts';
import { MarathonClient, type ClientOptions } from '../../src/marathon/client/client.ts';
import { PacerError } from '../../src/errors.ts';
import { startDcos, type Dcos, type DcosOptions } from '../support/dcos.ts';
import { follow, simulate, until, webApp } from './mirroring.ts';
import { serve } from './servers.ts';

async function dcos(options: DcosOptions = {}): Promise<Dcos> {
  const started = await startDcos(options);
  onTestFinished(() => started.close());
  return started;
}

function client(of: Dcos, options: Partial<ClientOptions> = {}): MarathonClient {
  const made = new MarathonClient({ endpoints: [of.url], credentials: of.account, ...options });
  onTestFinished(() => made.close());
  return made;
}

async function failure(promise: Promise<unknown>): Promise<PacerError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof PacerError) return error;
  }
  throw new Error('it did not fail as expected');
}

describe('a service account', () => {
  it.each(['body', 'cookie'] as const)(
    'logs in with a signed claim and finds its token in the %s',
    async (answers) => {
      const server = await dcos({ answers });
      await fetchApps(client(server));
      expect(server.claims).toMatchObject([{ uid: 'pacer-account', algorithm: 'RS256' }]);
      expect(server.claims[0]!.expiresIn).toBeGreaterThan(0);
      expect(server.claims[0]!.expiresIn).toBeLessThanOrEqual(60);
      expect(server.counts).toEqual({ logins: 1, letIn: 1, refused: 0 });
    },
  );

  it('logs in once, however many requests wait for the token', async () => {
    const server = await dcos();
    const marathon = client(server);
    await Promise.all(Array.from({ length: 10 }, () => fetchApps(marathon)));
    await fetchApps(marathon);
    expect(server.counts).toEqual({ logins: 1, letIn: 11, refused: 0 });
  });

  it('gets the next token shortly before the first expires, and nobody waits for it', async () => {
    let ahead = 0;
    const server = await dcos({ lifetimeSeconds: 3600 });
    const marathon = client(server, { now: () => Date.now() + ahead });
    await fetchApps(marathon);
    ahead = 3_500_000;
    await fetchApps(marathon);
    expect(server.counts.logins).toBe(1);
    ahead = 3_545_000;
    server.failLogins(503);
    await fetchApps(marathon);
    await until(() => expect(server.counts.logins).toBe(2));
    expect(server.counts.letIn).toBe(3);
    server.failLogins(undefined);
    await until(async () => {
      // The login that fails may still be under way, and one is tried again only after a pause.
      ahead += 5_000;
      await fetchApps(marathon);
      expect(server.tokens).toHaveLength(2);
    });
  });

  it('logs in again when its token is refused', async () => {
    let ahead = 0;
    const server = await dcos();
    const marathon = client(server, { now: () => Date.now() + ahead });
    await fetchApps(marathon);
    ahead = 60_000;
    server.revoke();
    await fetchApps(marathon);
    expect(server.counts).toEqual({ logins: 2, letIn: 2, refused: 1 });
  });

  it('does so once, not in a loop', async () => {
    let ahead = 0;
    const server = await dcos();
    const marathon = client(server, { now: () => Date.now() + ahead });
    await fetchApps(marathon);
    ahead = 60_000;
    server.refuseAll(true);
    for (let i = 0; i < 5; i++)
      expect((await failure(fetchApps(marathon))).message).toContain('refuses the credentials (401)');
    expect(server.counts.logins).toBe(2);
  });

  it('whose login fails reports that without its key, and does not retry too often', async () => {
    const server = await dcos();
    server.failLogins(401);
    const marathon = client(server);
    for (let i = 0; i < 5; i++) {
      const error = await failure(fetchApps(marathon));
      expect(error.code).toBe('MARATHON_REFUSED');
      expect(error.message).toContain('the login of pacer-account at http://127.0.0.1:');
      expect(error.message).toContain('was answered with 401');
      expect(`${error.message}${error.remedy}${error.stack ?? ''}`).not.toContain('PRIVATE');
    }
    expect(server.counts.logins).toBe(1);
  });

  it('whose login gives no token reports that', async () => {
    const server = await dcos();
    const empty = await serve((_request, response) => response.end('{}'));
    const account = { ...server.account, loginEndpoint: empty.url };
    const error = await failure(fetchApps(client(server, { credentials: account })));
    expect(error.message).toContain('was answered without a token');
  });

  it("logs in over TLS with Marathon's CA certificate, and not without it", async () => {
    const read = (name: string) => readFileSync(new URL(`fixtures/tls/${name}`, import.meta.url), 'utf8');
    const server = await dcos({ tls: { key: read('server.key'), cert: read('server.crt') } });
    await fetchApps(client(server, { ca: read('server.crt') }));
    expect((await failure(fetchApps(client(server)))).message).toContain('self-signed certificate');
    expect(server.counts.logins).toBe(1);
  });

  it('authenticates a mirror, and also a stream that is opened after a revocation', async () => {
    let ahead = 0;
    const marathon = await simulate();
    await marathon.deploy(webApp);
    const server = await dcos({ marathon: () => marathon.url });
    const { source } = follow({
      endpoints: [server.url],
      credentials: server.account,
      now: () => Date.now() + ahead,
    });
    await until(() => expect(source.status()).toMatchObject({ connected: true, tasks: 3 }));
    ahead = 60_000;
    server.revoke();
    marathon.faults.cutStreams();
    await until(() => expect(source.status()).toMatchObject({ connected: true, reconnects: 1 }));
    await marathon.scale('/team/web', 4);
    await until(() => expect(source.status().tasks).toBe(4));
    expect(server.counts.logins).toBe(2);
  });
});
