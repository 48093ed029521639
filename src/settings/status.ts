/** The settings of the status server, checked against each other. */
import { isIPv4 } from 'node:net';
import { PacerError } from '../errors.ts';
import type { SettingValues } from './table.ts';

/** Where the status server listens, and who may use it. */
export interface StatusServerSettings {
  readonly listen: { readonly host: string; readonly port: number };
  /** True if only this machine can connect. */
  readonly loopback: boolean;
  readonly tokenFile: string | undefined;
  readonly tls:
    { readonly cert: string; readonly key: string; readonly clientCa: string | undefined } | undefined;
}

/** @throws PacerError SETTINGS_INVALID */
export function statusServer(values: SettingValues, notices: string[]): StatusServerSettings {
  const { statusListen: listen, statusTokenFile: tokenFile, statusTlsCert: cert } = values;
  const { statusTlsKey: key, statusTlsClientCa: clientCa } = values;
  const lonely = Object.entries({ '--status-tls-key': key, '--status-tls-client-ca': clientCa }).find(
    ([, value]) => value !== undefined && cert === undefined,
  );
  if (lonely !== undefined) {
    const remedy = 'name the certificate of the status server as well';
    throw new PacerError('SETTINGS_INVALID', `${lonely[0]} needs --status-tls-cert`, remedy);
  }
  const loopback = isLoopback(listen.host);
  if (!loopback && tokenFile === undefined && clientCa === undefined) {
    throw new PacerError(
      'SETTINGS_INVALID',
      `--status-listen ${listen.host}:${listen.port} can be reached from other machines, but nothing says who may use it`,
      'add --status-token-file (made with: openssl rand -hex 32), or --status-tls-cert, --status-tls-key and --status-tls-client-ca, or listen on 127.0.0.1',
    );
  }
  if (!loopback && cert === undefined) {
    notices.push(
      `--status-listen ${listen.host}:${listen.port} without --status-tls-cert: tokens are sent unencrypted; use this only in a network you trust`,
    );
  }
  const tls = cert === undefined ? undefined : { cert, key: key ?? cert, clientCa };
  return { listen, loopback, tokenFile, tls };
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
