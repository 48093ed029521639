/** The status server's certificate, key and clients' authorities, which are read again when they change. */
import { readFileSync } from 'node:fs';
import type { Server } from 'node:https';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { messageOf, PacerError } from '../errors.ts';

export interface TlsPaths {
  readonly cert: string;
  /** May be the file of the certificate. */
  readonly key: string;
  /** Authorities whose client certificates are as good as a token. */
  readonly clientCa: string | undefined;
}

interface ServerContext extends SecureContextOptions {
  readonly requestCert: boolean;
  readonly rejectUnauthorized: boolean;
}

/** Milliseconds between looks at the files. */
const lookMs = 10_000;

/** @throws PacerError CERTIFICATE_INVALID */
export function tlsFiles(paths: TlsPaths, warn: (message: string) => void) {
  let current = load(paths);
  return {
    context: (): ServerContext => current,
    /** Gives the server what is in the files from now on. @returns how to stop */
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
    // Who has no certificate still gets what is open to everyone, and may have a token.
    return { ...files, requestCert: clientCa !== undefined, rejectUnauthorized: false };
  } catch (error) {
    throw new PacerError(
      'CERTIFICATE_INVALID',
      `the status server's certificate (${[cert, key, clientCa].filter((path) => path !== undefined).join(', ')}): ${messageOf(error)}`,
      'name PEM files that Pacer may read with --status-tls-cert, --status-tls-key and --status-tls-client-ca',
    );
  }
}
