/**
 * The status server's certificate and key, and the CA certificates for its clients. They are read again when they
 * change.
 */
import { readFileSync } from 'node:fs';
import type { Server } from 'node:https';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { messageOf, PacerError } from '../errors.ts';

/** Paths of the files. */
export interface TlsPaths {
  readonly cert: string;
  /** May be the same file as the certificate. */
  readonly key: string;
  /** CA certificates; a client certificate from one of them is as good as a token. */
  readonly clientCa: string | undefined;
}

interface ServerContext extends SecureContextOptions {
  readonly requestCert: boolean;
  readonly rejectUnauthorized: boolean;
}

/** Milliseconds between two checks of the files. */
const lookMs = 10_000;

/** Reads the files. @throws PacerError CERTIFICATE_INVALID */
export function tlsFiles(paths: TlsPaths, warn: (message: string) => void) {
  let current = load(paths);
  return {
    context: (): ServerContext => current,
    /** Keeps the server up to date with the files. @returns a function that ends this */
    follow: (server: Server): (() => void) => {
      let told = '';
      const timer = setInterval(() => {
        try {
          const next = load(paths);
          told = '';
          if (JSON.stringify(next) === JSON.stringify(current)) return;
          current = next;
          server.setSecureContext(next);
        } catch (error) {
          const message = `the status server keeps its old certificate: ${messageOf(error)}`;
          if (message !== told) warn((told = message));
        }
      }, lookMs).unref();
      return () => clearInterval(timer);
    },
  };
}

function load({ cert, key, clientCa }: TlsPaths): ServerContext {
  try {
    const files = {
      minVersion: 'TLSv1.2',
      cert: readFileSync(cert, 'utf8'),
      key: readFileSync(key, 'utf8'),
      ...(clientCa === undefined ? {} : { ca: readFileSync(clientCa, 'utf8') }),
    } as const;
    createSecureContext(files);
    // A client without a certificate still gets what is open to everybody, and may have a token.
    return { ...files, requestCert: clientCa !== undefined, rejectUnauthorized: false };
  } catch (error) {
    throw new PacerError(
      'CERTIFICATE_INVALID',
      `the status server's certificate (${[cert, key, clientCa].filter((path) => path !== undefined).join(', ')}): ${messageOf(error)}`,
      'name PEM files that Pacer may read with --status-tls-cert, --status-tls-key and --status-tls-client-ca',
    );
  }
}
