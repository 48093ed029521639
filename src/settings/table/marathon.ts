/** Where Marathon is and how Pacer talks to it. */
import { define } from '../spec.ts';
import { dnsServers, flag, marathonAddresses, seconds, text } from '../values.ts';

/** Rows of the settings table. */
export const marathonSettings = {
  marathon: define({
    flag: 'marathon',
    short: 'm',
    argument: 'url...',
    schema: marathonAddresses,
    default: 'http://master.mesos:8080',
    doc: 'where Marathon is: URLs, several for failover; srv://NAME for the SRV records of a name; zk://HOSTS/PATH for the leader in ZooKeeper',
  }),
  dnsServers: define({
    flag: 'marathon-dns',
    argument: 'address...',
    schema: dnsServers,
    doc: "DNS servers that know Marathon's names, such as Mesos-DNS, instead of the system's",
  }),
  auth: define({
    flag: 'auth-credentials',
    argument: 'user:password',
    schema: text,
    doc: 'basic auth for Marathon; better in the environment or a file',
    secret: true,
  }),
  authFile: define({
    flag: 'marathon-auth-credential-file',
    argument: 'path',
    schema: text,
    doc: 'a file that contains user:password for Marathon',
  }),
  dcosAuth: define({
    flag: 'dcos-auth-credentials',
    argument: 'json or path',
    schema: text,
    environment: 'DCOS_SERVICE_ACCOUNT_CREDENTIAL',
    doc: 'a DC/OS service account; better in the environment or a file',
    secret: true,
  }),
  marathonCa: define({
    flag: 'marathon-ca-cert',
    argument: 'path',
    schema: text,
    doc: "a PEM file with the CA certificates for Marathon's certificate, instead of the system's",
  }),
  marathonCert: define({
    flag: 'marathon-client-cert',
    argument: 'path',
    schema: text,
    doc: 'a PEM file with the certificate that Pacer shows to Marathon; it may also contain the key',
  }),
  marathonKey: define({
    flag: 'marathon-client-key',
    argument: 'path',
    schema: text,
    doc: 'a PEM file with the key of that certificate',
  }),
  marathonInsecure: define({
    flag: 'marathon-insecure',
    schema: flag,
    default: false,
    doc: "do not verify Marathon's certificate",
  }),
  poll: define({
    flag: 'poll',
    schema: flag,
    default: false,
    doc: 'poll Marathon instead of following its event stream; `pacer poll` does the same',
  }),
  pollInterval: define({
    flag: 'poll-interval',
    argument: 'seconds',
    schema: seconds,
    default: 60,
    environment: 'POLL_INTERVAL',
    doc: 'how often, with --poll',
  }),
  maxBackoff: define({
    flag: 'max-backoff',
    argument: 'seconds',
    schema: seconds,
    default: 10,
    doc: 'the longest pause before Marathon is asked again after a failure; more than 10 means 10',
  }),
  resyncSeconds: define({
    flag: 'resync-interval',
    argument: 'seconds',
    schema: seconds,
    doc: 'how often the whole state is compared with Marathon (default: 600; 60 with Marathon before 1.8, which may lose events)',
  }),
  requestTimeout: define({
    flag: 'marathon-timeout',
    argument: 'seconds',
    schema: seconds,
    default: 15,
    doc: 'after this time without an answer from a Marathon, the next one is asked',
  }),
  watchdogSeconds: define({
    flag: 'stream-timeout',
    argument: 'seconds',
    schema: seconds,
    default: 30,
    doc: 'after this time without a byte, the event stream counts as dead',
  }),
  maxConfirmationAge: define({
    flag: 'max-confirmation-age',
    argument: 'seconds',
    schema: seconds,
    default: 120,
    doc: '/readyz fails when Marathon has confirmed nothing for longer',
  }),
} as const;
