/** The status server: where it listens, and who may ask it for what. */
import { define } from '../spec.ts';
import { listenAddress, text } from '../values.ts';

export const statusSettings = {
  statusListen: define({
    flag: 'status-listen',
    argument: 'address',
    schema: listenAddress,
    default: '127.0.0.1:9095',
    doc: 'where the status page, /status, /healthz, /readyz and /metrics are',
  }),
  statusTokenFile: define({
    flag: 'status-token-file',
    argument: 'file',
    schema: text,
    doc: 'tokens, one a line: needed to change something over the status server, and for all of it where it listens on other than loopback addresses',
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
    doc: 'authorities whose client certificates are as good as a token, PEM',
  }),
} as const;
