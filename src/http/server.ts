/** The status server over node:http or node:https, with limits. Knows nothing of the content of the answers. */
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { PacerError } from '../errors.ts';
import { createGuard } from './guard.ts';
import { responder } from './respond.ts';
import type { Route } from './route.ts';
import { tlsFiles, type TlsPaths } from './tls-files.ts';
import { tokenFile } from './token-file.ts';

/** Where it listens, and who may use it. */
export interface StatusServerOptions {
  readonly listen: { readonly host: string; readonly port: number };
  /** True if only this machine can reach `listen`. */
  readonly loopback: boolean;
  readonly tokenFile: string | undefined;
  readonly tls: TlsPaths | undefined;
  readonly routes: readonly Route[];
  readonly warn: (message: string) => void;
}

/** The running server. */
export interface StatusServer {
  readonly address: string;
  /** Replaces the routes. */
  readonly serve: (routes: readonly Route[]) => void;
  readonly close: () => Promise<void>;
}

/** Limits for slow and idle clients, and for large requests. */
const limits = {
  requestTimeout: 10_000,
  headersTimeout: 5000,
  keepAliveTimeout: 5000,
  connectionsCheckingInterval: 1000,
  maxHeaderSize: 16_384,
};

/** @throws PacerError PORT_IN_USE, FILE_UNREADABLE, FILE_MALFORMED, CERTIFICATE_INVALID */
export async function startStatusServer(options: StatusServerOptions): Promise<StatusServer> {
  const { listen, loopback, warn } = options;
  let { routes } = options;
  const tls = options.tls === undefined ? undefined : tlsFiles(options.tls, warn);
  const respond = responder(
    () => routes,
    createGuard({
      ...{ loopback, host: listen.host, now: Date.now },
      tokens: options.tokenFile === undefined ? undefined : tokenFile(options.tokenFile, warn),
      clientCertificates: options.tls?.clientCa !== undefined,
    }),
  );
  const listener: Parameters<typeof createServer>[1] = (request, response) => void respond(request, response);
  const secure =
    tls === undefined
      ? undefined
      : createTlsServer({ ...limits, handshakeTimeout: 5000, ...tls.context() }, listener);
  const server = secure ?? createServer(limits, listener);
  server.maxConnections = 256;
  server.maxRequestsPerSocket = 1000;
  server.setTimeout(30_000);
  const stopFollowing = secure === undefined ? undefined : tls?.follow(secure);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(cannotListen(listen, error)));
    server.listen(listen, resolve);
  }).catch((error: unknown) => {
    stopFollowing?.();
    throw error;
  });
  const { address, port, family } = server.address() as AddressInfo;
  return {
    address: `http${tls === undefined ? '' : 's'}://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    serve: (all) => {
      routes = all;
    },
    close: () =>
      new Promise((resolve) => {
        stopFollowing?.();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function cannotListen(listen: { host: string; port: number }, cause: Error): PacerError {
  const place = `${listen.host}:${listen.port}`;
  const inUse = 'code' in cause && cause.code === 'EADDRINUSE';
  return new PacerError(
    'PORT_IN_USE',
    inUse ? `the status address ${place} is in use` : `the status address ${place} cannot be bound`,
    'stop what listens there, or choose another address with --status-listen',
    { cause },
  );
}
