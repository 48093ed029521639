/**
 * marathon-lb's environment variables, as data: what Pacer does with each. Variables that equal one setting are named
 * in the settings table; the others are read here.
 */
import { PacerError } from '../errors.ts';
import type { SettingSpec } from './spec.ts';
import { settingKeys, settingsTable } from './table.ts';

/** Environment variables, by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A variable of marathon-lb's, for the documentation. */
export interface Variable {
  readonly name: string;
  /** The setting it stands for; '' if there is none. */
  readonly flag: string;
  readonly doc: string;
  /** False if Pacer does not need it. */
  readonly needed?: boolean;
  /** True where somebody has to say in another way what it said. */
  readonly byHand?: boolean;
}

/** Variables that are not simply one setting. */
const others: readonly Variable[] = [
  {
    name: 'MARATHON_USER, MARATHON_PASSWORD',
    flag: 'auth-credentials',
    doc: 'basic auth for Marathon; without MARATHON_PASSWORD it has no effect',
  },
  {
    name: 'HAPROXY_SSL_CERT, HAPROXY_SSL_CERT0 ... HAPROXY_SSL_CERT100',
    flag: 'ssl-certs',
    doc: 'PEM text, certificate and key: stored as cert.pem, cert0.pem ... in the state directory, linked from /etc/ssl if possible, and used for HTTPS unless --ssl-certs names others',
  },
  {
    name: 'HAPROXY_SYSCTL_PARAMS',
    flag: '',
    doc: 'kernel parameters like `net.core.somaxconn=10000`, separated by blanks; set at the start if Pacer may do that',
  },
  {
    name: 'HAPROXY_SYSCTL_NONSTRICT',
    flag: '',
    needed: false,
    doc: 'not needed; a kernel parameter that cannot be set is logged, and Pacer starts all the same',
  },
  {
    name: 'HAPROXY_SYSLOGD',
    flag: 'syslog-socket',
    byHand: true,
    doc: 'not read; there is no syslog daemon in the image: name a socket or an address with --syslog-socket',
  },
  {
    name: 'HAPROXY_RELOAD_SIGTERM_DELAY',
    flag: 'hard-stop-after',
    doc: 'how long a replaced HAProxy finishes its connections, as `sleep` takes it; without a unit in seconds',
  },
  {
    name: 'HAPROXY_<TEMPLATE>',
    flag: 'templates',
    doc: "a template instead of Pacer's own, with marathon-lb's placeholders; `\\n` stands for a new line",
  },
  {
    name: 'MESOS_SANDBOX',
    flag: 'templates',
    doc: 'the files of its templates/ are used, after those of --templates and before those of /marathon-lb/templates',
  },
  {
    name: 'PORTS',
    flag: '',
    needed: false,
    doc: 'not needed; marathon-lb dropped SYN packets to these ports during a reload, and a reload of Pacer loses none',
  },
];

/** All variables: those in the settings table, and the others. */
export function marathonLbVariables(): readonly Variable[] {
  const named = settingKeys.flatMap((key): Variable[] => {
    const { environment: name, flag, doc }: SettingSpec = settingsTable[key];
    return name === undefined ? [] : [{ name, flag, doc }];
  });
  return [...named, ...others];
}

/** Of old images; better known as `--hard-stop-after`. */
export const sigtermDelay = {
  name: 'HAPROXY_RELOAD_SIGTERM_DELAY',
  /** `5m` of `5m`, `5s` of `5`; undefined for what is no duration of HAProxy's. */
  read: (value: string): string | undefined =>
    /^[1-9]\d{0,8}[smhd]?$/.test(value) ? value.replace(/\d$/, '$&s') : undefined,
};

/** `user:password`; undefined where there are not both. */
export function userAndPassword({ MARATHON_USER: user, MARATHON_PASSWORD: password }: Environment) {
  return user === undefined || user === '' || password === undefined ? undefined : `${user}:${password}`;
}

/** A certificate from the environment. */
export interface GivenCertificate {
  /** The variable. */
  readonly source: string;
  /** The file name in marathon-lb's image: `cert.pem`, `cert0.pem`, ... */
  readonly name: string;
  readonly pem: string;
}

const mostCertificates = 100;

/** @throws PacerError CERTIFICATE_INVALID */
export function givenCertificates(environment: Environment): GivenCertificate[] {
  const indices = ['', ...Array.from({ length: mostCertificates + 1 }, (_, i) => String(i))];
  return indices.flatMap((index): GivenCertificate[] => {
    const source = `HAPROXY_SSL_CERT${index}`;
    const value = environment[source];
    if (value === undefined || value.trim() === '') return [];
    // Marathon's variables are often written in one line.
    const pem = `${value.replaceAll('\\n', '\n').trim()}\n`;
    if (!pem.includes('-----BEGIN CERTIFICATE-----') || !pem.includes('PRIVATE KEY-----')) {
      throw new PacerError(
        'CERTIFICATE_INVALID',
        `${source} does not hold a certificate and its private key`,
        'give it the text of both in PEM; `\\n` stands for a new line',
      );
    }
    return [{ source, name: `cert${index}.pem`, pem }];
  });
}

/** A kernel parameter to set. */
export interface KernelParameter {
  /** `net.ipv4.tcp_tw_reuse` */
  readonly name: string;
  readonly value: string;
}

/** In the notation of `sysctl -w`. @throws PacerError SETTINGS_INVALID */
export function kernelParameters({ HAPROXY_SYSCTL_PARAMS: text = '' }: Environment): KernelParameter[] {
  const words = text.split(/\s+/).filter((word) => word !== '');
  return words.map((word) => {
    const match = /^([a-z][\w-]*(?:[./][\w-]+)+)=(\S+)$/.exec(word);
    if (match?.[1] !== undefined && match[2] !== undefined) return { name: match[1], value: match[2] };
    throw new PacerError(
      'SETTINGS_INVALID',
      `HAPROXY_SYSCTL_PARAMS: ${JSON.stringify(word)} is not a kernel parameter`,
      'write them like net.core.somaxconn=10000, separated by blanks',
    );
  });
}
