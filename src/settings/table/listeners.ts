/** Where HAProxy listens, and with which options. */
import { define } from '../spec.ts';
import { address, cidrs, flag, list, port } from '../values.ts';

/** Rows of the settings table. */
export const listenersSettings = {
  httpPort: define({
    flag: 'http-port',
    argument: 'port',
    schema: port,
    default: 80,
    doc: 'HTTP by host name',
  }),
  httpsPort: define({
    flag: 'https-port',
    argument: 'port',
    schema: port,
    default: 443,
    doc: 'HTTPS by host name',
  }),
  redirectHttpsPort: define({
    flag: 'redirect-https-port',
    argument: 'port',
    schema: port,
    doc: 'the port in redirects to https, where clients see another one than the listener has: a load balancer or a port mapping before Pacer (default: --https-port)',
  }),
  appidPort: define({
    flag: 'appid-port',
    argument: 'port',
    schema: port,
    default: 9091,
    doc: 'HTTP by the header X-Marathon-App-Id',
  }),
  statsPort: define({
    flag: 'stats-port',
    argument: 'port',
    schema: port,
    default: 9090,
    doc: "HAProxy's statistics, metrics and health check",
  }),
  bindAddress: define({
    flag: 'bind-addr',
    argument: 'address',
    schema: address,
    default: '*',
    doc: 'the address that listeners bind',
  }),
  dontBindHttpHttps: define({
    flag: 'dont-bind-http-https',
    schema: flag,
    default: false,
    doc: 'no HTTP and HTTPS listeners',
  }),
  sslCerts: define({
    flag: 'ssl-certs',
    argument: 'path...',
    schema: list,
    doc: 'certificates of the HTTPS listener, files or directories (default: /etc/ssl/cert.pem, else a self-signed one)',
  }),
  groupHttpsByVhost: define({
    flag: 'group-https-by-vhost',
    schema: flag,
    default: false,
    doc: 'routes HTTPS by SNI to TLS frontends: one for each service with its own certificate or bind options, and one for all others',
  }),
  signalNetworks: define({
    flag: 'signal-networks',
    argument: 'cidr...',
    schema: cidrs,
    default: '',
    doc: 'networks, in addition to this machine, that may use /_mlb_signal/hup and /_mlb_signal/usr1',
  }),
  trustedProxies: define({
    flag: 'trusted-proxies',
    argument: 'cidr...',
    schema: cidrs,
    default: '',
    doc: 'networks whose X-Forwarded, X-Real-IP and Forwarded headers are trusted',
  }),
} as const;
