/** Secrets of Marathon that are replaced in their files while Pacer runs. */
import { mkdtempSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { createServer, type ServerOptions } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { MarathonAccess } from '../../src/core/model/marathon-access.ts';
import { fetchApps } from '../../src/marathon/client/api.ts';
import { MarathonClient } from '../../src/marathon/client/client.ts';
import { resolveSettings } from '../../src/settings/settings.ts';
import { makeAuthority, type Authority } from '../support/certificate.ts';
import { follow, until } from './mirroring.ts';
import { listen, sendJson, serve } from './servers.ts';

let directory: string;
let oldAuthority: Authority;
let newAuthority: Authority;
beforeAll(async () => {
  [oldAuthority, newAuthority] = await Promise.all([makeAuthority('old'), makeAuthority('new')]);
});
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'pacer-rotation-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const put = (name: string, text: string): string => {
  writeFileSync(join(directory, name), text);
  return join(directory, name);
};
const apps = { apps: [{ id: '/web' }] };
const basic = (password: string) => `Basic ${Buffer.from(`pacer:${password}`).toString('base64')}`;

function accessOf(url: URL, flags: Record<string, unknown>): MarathonAccess {
  const { settings } = resolveSettings({
    flags: { groups: ['external'], marathon: url.href, ...flags },
    environment: {},
    file: undefined,
  });
  return settings.clusters[0].access;
}

function clientOf(url: URL, flags: Record<string, unknown>) {
  const problems: (string | undefined)[] = [];
  const client = new MarathonClient({
    ...accessOf(url, flags),
    requestTimeoutMs: 5_000,
    onSecrets: (problem) => problems.push(problem),
  });
  onTestFinished(() => client.close());
  return { client, problems, ask: async () => (await fetchApps(client)).apps.map(({ id }) => String(id)) };
}

/** A Marathon whose password can be changed. */
async function guarded() {
  const state = { password: 'old', refused: 0 };
  const check = (authorization: string | undefined, response: ServerResponse, answer: () => void) => {
    if (authorization === basic(state.password)) {
      answer();
      return;
    }
    state.refused++;
    response.writeHead(401).end();
  };
  const server = await serve((request, response) =>
    check(request.headers.authorization, response, () => {
      if (request.url?.startsWith('/v2/events') !== true)
        sendJson(response, request.url?.includes('pods') === true ? [] : apps);
      else {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write('event: event_stream_attached\r\ndata: {"eventType":"event_stream_attached"}\r\n\r\n');
        streams.add(response);
      }
    }),
  );
  const streams = new Set<ServerResponse>();
  return { server, state, streams };
}

describe('a password file', () => {
  it('is read again when Marathon refuses the password, and the request succeeds', async () => {
    const { server, state } = await guarded();
    const file = put('credentials', 'pacer:old\n');
    const { ask, problems } = clientOf(server.url, { authFile: file });
    expect(await ask()).toEqual(['/web']);
    state.password = 'new';
    put('credentials', 'pacer:new\n');
    expect(await ask()).toEqual(['/web']);
    expect(state.refused).toBe(1);
    expect(problems).toEqual([undefined]);
    expect(await ask()).toEqual(['/web']);
    expect(state.refused).toBe(1);
  });

  it('may be a link that is replaced', async () => {
    const { server, state } = await guarded();
    put('one', 'pacer:old');
    put('two', 'pacer:new');
    const link = join(directory, 'credentials');
    symlinkSync('one', link);
    const { ask } = clientOf(server.url, { authFile: link });
    expect(await ask()).toEqual(['/web']);
    state.password = 'new';
    unlinkSync(link);
    symlinkSync('two', link);
    expect(await ask()).toEqual(['/web']);
  });

  it('changes nothing if it is broken or missing, with one warning; the next good one is used', async () => {
    const { server, state } = await guarded();
    const file = put('credentials', 'pacer:old');
    const { ask, client, problems } = clientOf(server.url, { authFile: file });
    await ask();
    put('credentials', 'no colon');
    await client.transport.refresh(true);
    await client.transport.refresh(true);
    expect(problems).toEqual([expect.stringContaining('is not user:password')]);
    expect(client.rotation?.problem).toContain('is not user:password');
    expect(await ask()).toEqual(['/web']);
    unlinkSync(file);
    await client.transport.refresh(true);
    expect(problems.at(-1)).toContain('ENOENT');
    expect(await ask()).toEqual(['/web']);
    state.password = 'new';
    put('credentials', 'pacer:new');
    expect(await ask()).toEqual(['/web']);
    expect(client.rotation?.problem).toBeUndefined();
  });

  it('also applies to the event stream, and at once when a full fetch is requested', async () => {
    const { server, state, streams } = await guarded();
    const file = put('credentials', 'pacer:old');
    const said: string[] = [];
    const { source } = follow({
      ...accessOf(server.url, { authFile: file }),
      maxBackoffMs: 20,
      log: ({ message }) => said.push(message),
    });
    await until(() => expect(source.status().connected).toBe(true));
    put('credentials', 'broken');
    source.resync('SIGHUP');
    await until(() => expect(source.status().secretsProblem).toContain('is not user:password'));
    expect(source.status().connected).toBe(true);
    put('credentials', 'pacer:new');
    source.resync('SIGHUP');
    await until(() => expect(said.join()).toContain('have changed; Pacer uses the new ones'));
    expect(source.status().secretsProblem).toBeUndefined();
    state.password = 'new';
    for (const stream of streams) stream.destroy();
    await until(() => expect(source.status()).toMatchObject({ connected: true, reconnects: 1 }));
  });
});

interface TlsMarathon {
  readonly url: URL;
  /** From now on, for new connections; the old ones are cut. */
  readonly use: (options: ServerOptions) => Promise<void>;
}

async function tlsMarathon(options: ServerOptions): Promise<TlsMarathon> {
  const server = createServer(options, (_request, response) => sendJson(response, apps));
  const url = await listen(server);
  return {
    url: new URL(`https://localhost:${url.port}`),
    use: async (next) => {
      server.setSecureContext(next);
      server.closeAllConnections();
      // What the client had open is closed there too by then.
      await new Promise((resolve) => setTimeout(resolve, 50));
    },
  };
}

describe('a file with CA certificates', () => {
  it('is read again when the certificate of Marathon is not trusted, and the request succeeds', async () => {
    const marathon = await tlsMarathon(await oldAuthority.issue('localhost'));
    const file = put('ca.pem', oldAuthority.cert);
    const { ask, problems } = clientOf(marathon.url, { marathonCa: file });
    expect(await ask()).toEqual(['/web']);
    await marathon.use(await newAuthority.issue('localhost'));
    await expect(ask()).rejects.toThrow(/not trusted .*--marathon-ca-cert/);
    put('ca.pem', newAuthority.cert);
    expect(await ask()).toEqual(['/web']);
    expect(problems).toEqual([undefined]);
  });

  it('changes nothing if it contains none', async () => {
    const own = await oldAuthority.issue('localhost');
    const marathon = await tlsMarathon(own);
    const file = put('ca.pem', oldAuthority.cert);
    const { ask, client, problems } = clientOf(marathon.url, { marathonCa: file });
    await ask();
    put('ca.pem', '');
    await client.transport.refresh(true);
    expect(problems).toEqual([expect.stringContaining('--marathon-ca-cert holds no certificate')]);
    await marathon.use(own);
    expect(await ask()).toEqual(['/web']);
  });
});

describe('a client certificate', () => {
  const asking = (ca: string): ServerOptions => ({ requestCert: true, rejectUnauthorized: true, ca });

  it('is read again when Marathon refuses it, together with its key', async () => {
    const own = await oldAuthority.issue('localhost');
    const marathon = await tlsMarathon({ ...own, ...asking(oldAuthority.cert) });
    const before = await oldAuthority.issue('pacer');
    const flags = {
      marathonCa: put('ca.pem', oldAuthority.cert),
      marathonCert: put('client.pem', before.cert),
      marathonKey: put('client.key', before.key),
    };
    const { ask, client, problems } = clientOf(marathon.url, flags);
    expect(await ask()).toEqual(['/web']);
    await marathon.use({ ...own, ...asking(newAuthority.cert) });
    await expect(ask()).rejects.toThrow(/refuses the client certificate of --marathon-client-cert/);
    // Half of it is there: the key is still that of the old one.
    const after = await newAuthority.issue('pacer');
    put('client.pem', after.cert);
    await client.transport.refresh(true);
    expect(problems.at(-1)).toContain('--marathon-client-cert and its key cannot be used together');
    put('client.key', after.key);
    expect(await ask()).toEqual(['/web']);
    expect(problems.at(-1)).toBeUndefined();
  });

  it.each(['TLSv1.3', 'TLSv1.2'] as const)(
    'is named by the error if Marathon asks for it and none is given, over %s',
    async (maxVersion) => {
      const own = await oldAuthority.issue('localhost');
      const marathon = await tlsMarathon({ ...own, ...asking(oldAuthority.cert), maxVersion });
      const { ask, client } = clientOf(marathon.url, { marathonCa: put('ca.pem', oldAuthority.cert) });
      await expect(ask()).rejects.toThrow(/asks for a client certificate.*--marathon-client-cert/);
      const { source } = follow({
        ...accessOf(marathon.url, { marathonCa: join(directory, 'ca.pem') }),
        maxBackoffMs: 20,
      });
      await until(() =>
        expect(source.status().lastError?.message).toMatch(
          /asks for a client certificate.*--marathon-client-cert/,
        ),
      );
      await client.close();
    },
  );
});
