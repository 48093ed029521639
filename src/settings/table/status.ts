/** The status server: where it listens, and who may use it for what. */
import { define } from '../spec.ts';
import { listenAddress, text } from '../values.ts';

/** Rows of the settings table. */
export const statusSettings = {
  statusListen: define({
    flag: 'status-listen',
    argument: 'address',
    schema: listenAddress,
    default: '127.0.0.1:9095',
    doc: 'the address of the status page, /status, /healthz, /readyz and /metrics',
  }),
  statusTokenFile: define({
    flag: 'status-token-file',
    argument: 'file',
    schema: text,
    doc: 'a file with tokens, one per line: needed to change something over the status server, and for every request if it listens on an address other than loopback',
  }),
  statusTlsCert: define({
    flag: 'status-tls-cert',
    argument: 'file',
    schema: text,
    doc: 'certificate of the status server, PEM: makes it HTTPS',
  }),
  statusTlsKey: define({
    flag: 'status-tls-key',
    argument: 'file',
    schema: text,
    doc: 'its private key, PEM (default: in the file of the certificate)',
  }),
  statusTlsClientCa: define({
    flag: 'status-tls-client-ca',
    argument: 'file',
    schema: text,
    doc: 'CA certificates; a client certificate from one of them is as good as a token, PEM',
  }),
} as const;
