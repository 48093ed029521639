import { readFileSync } from 'node:fs';
import { createServer, type ServerOptions } from 'node:https';
import { describe, expect, it, onTestFinished } from 'vitest';
import { fetchApps } from '../../src/marathon/client/api.ts';
import { basicAuthorizer } from '../../src/marathon/http/authorizer.ts';
import { MarathonClient, type ClientOptions } from '../../src/marathon/client/client.ts';
import { Endpoints } from '../../src/marathon/http/endpoints.ts';
import { listen, sendJson } from './servers.ts';

const read = (name: string) => readFileSync(new URL(`fixtures/tls/${name}`, import.meta.url), 'utf8');

async function serveTls(options: ServerOptions = {}): Promise<URL> {
  const own = { key: read('server.key'), cert: read('server.crt') };
  const server = createServer({ ...own, ...options }, (_request, response) =>
    sendJson(response, { apps: [{ id: '/web' }] }),
  );
  const url = await listen(server);
  return new URL(`https://${url.host}`);
}

async function ask(endpoint: URL, options: Partial<ClientOptions>): Promise<number> {
  const client = new MarathonClient({ endpoints: [endpoint], ...options });
  onTestFinished(() => client.close());
  return (await fetchApps(client)).apps.length;
}

describe('a connection to Marathon over TLS', () => {
  it('is refused if the CA is unknown', async () => {
    const failed = ask(await serveTls(), {});
    await expect(failed).rejects.toMatchObject({ code: 'MARATHON_UNREACHABLE' });
    await expect(failed).rejects.toThrow(/self-signed certificate/);
  });

  it('is accepted if the CA is in the CA file', async () => {
    expect(await ask(await serveTls(), { ca: read('server.crt') })).toBe(1);
  });

  it('is accepted with any CA if the operator says so', async () => {
    expect(await ask(await serveTls(), { insecure: true })).toBe(1);
  });
});

describe('a Marathon that asks for a certificate', () => {
  const asking = { requestCert: true, rejectUnauthorized: true, ca: read('server.crt') };

  it("gets the operator's certificate", async () => {
    const clientCertificate = { cert: read('server.crt'), key: read('server.key') };
    expect(await ask(await serveTls(asking), { ca: read('server.crt'), clientCertificate })).toBe(1);
  });

  it('does not let in a client without one', async () => {
    const failed = ask(await serveTls(asking), { ca: read('server.crt') });
    await expect(failed).rejects.toMatchObject({ code: 'MARATHON_UNREACHABLE' });
  });
});

describe('credentials that were given for TLS', () => {
  const authorizer = basicAuthorizer({ user: 'operator', password: 'hunter2' });
  const secure = new URL('https://m1.example:8443');
  const other = new URL('https://m2.example:8443');

  it('are never sent to a leader that is announced over plain http', () => {
    const endpoints = new Endpoints({ endpoints: [secure], authorizer });
    expect(endpoints.learnLeader('http://m9.example:8080', secure)).toBeUndefined();
    expect(endpoints.authorizerFor(new URL('http://m9.example:8080'))).toBeUndefined();
  });

  it('are sent to the configured endpoint of the host that is announced over http', () => {
    const endpoints = new Endpoints({ endpoints: [secure, other], authorizer });
    expect(endpoints.learnLeader('http://m2.example:8080/v2/events', secure)?.href).toBe(other.href);
  });

  it('are sent to a leader announced over https', () => {
    const endpoints = new Endpoints({ endpoints: [secure], authorizer });
    const leader = endpoints.learnLeader('https://m9.example:8443', secure);
    expect(leader?.href).toBe('https://m9.example:8443/');
    expect(endpoints.authorizerFor(leader!)).toBe(authorizer);
  });
});
