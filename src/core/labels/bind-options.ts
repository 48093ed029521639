/** Options of a bind line, judged word by word: what is not known here does not reach the configuration. */
import type { BindOptions } from '../model/label-values.ts';
import { certificatePath, words } from './parsers.ts';
import { parsed, rejected, shown, type Parser } from './parsed.ts';

export const noBindOptions: BindOptions = { words: [], certificates: [], files: [], namesProtocols: false };

/** What may follow a keyword. */
interface Argument {
  readonly form: RegExp;
  readonly example: string;
}

const number: Argument = { form: /^\d{1,9}$/, example: '1000' };
const time: Argument = { form: /^\d{1,9}(?:us|ms|s|m|h|d)?$/, example: '30s' };
const list: Argument = { form: /^[A-Za-z0-9!+@_.:,=/-]{1,1000}$/, example: 'h2,http/1.1' };
const name: Argument = { form: /^[A-Za-z0-9_.:-]{1,64}$/, example: 'eth0' };
const file: Argument = { form: /^\//, example: '/etc/ssl/file.pem' };
const tlsVersion: Argument = { form: /^TLSv1\.[0-3]$/, example: 'TLSv1.2' };
const verification: Argument = { form: /^(?:none|optional|required)$/, example: 'required' };
const errorList: Argument = { form: /^(?:all|[A-Za-z0-9_,]{1,500})$/, example: 'all' };

/**
 * Those that concern one listener and nobody else. Left out: what gives rights on sockets (`level`, `uid`, `mode`,
 * `expose-fd`), what takes ids and threads from others, and certificates made on the fly.
 * [haproxy] configuration.txt 5.1 "Bind options"
 */
const keywords: Readonly<Record<string, Argument | undefined>> = {
  'accept-netscaler-cip': number,
  'accept-proxy': undefined,
  'allow-0rtt': undefined,
  alpn: list,
  backlog: number,
  'ca-file': file,
  'ca-ignore-err': errorList,
  'ca-verify-file': file,
  ciphers: list,
  ciphersuites: list,
  'crl-file': file,
  crt: file,
  'crt-ignore-err': errorList,
  'crt-list': file,
  curves: list,
  'defer-accept': undefined,
  ecdhe: name,
  'force-tlsv12': undefined,
  'force-tlsv13': undefined,
  interface: name,
  maxconn: number,
  mss: { form: /^-?\d{1,5}$/, example: '1460' },
  name,
  nice: { form: /^-?\d{1,4}$/, example: '10' },
  'no-alpn': undefined,
  'no-ca-names': undefined,
  'no-sslv3': undefined,
  'no-tls-tickets': undefined,
  'no-tlsv10': undefined,
  'no-tlsv11': undefined,
  'no-tlsv12': undefined,
  'no-tlsv13': undefined,
  npn: list,
  'prefer-client-ciphers': undefined,
  proto: { form: /^(?:h1|h2|none)$/, example: 'h2' },
  sigalgs: list,
  ssl: undefined,
  'ssl-max-ver': tlsVersion,
  'ssl-min-ver': tlsVersion,
  'strict-sni': undefined,
  'tcp-ut': time,
  tfo: undefined,
  'tls-ticket-keys': file,
  transparent: undefined,
  v4v6: undefined,
  v6only: undefined,
  verify: verification,
};

/** What concerns the socket of the service port, and not TLS. */
const ofSocket = new Set([
  ...[
    'accept-netscaler-cip',
    'accept-proxy',
    'backlog',
    'defer-accept',
    'interface',
    'maxconn',
    'mss',
    'name',
  ],
  ...['nice', 'tcp-ut', 'tfo', 'transparent', 'v4v6', 'v6only'],
]);

/** The words that say how TLS is spoken on any socket; `ssl` itself and the certificates left out. */
export function tlsWords({ words: all }: BindOptions): string[] {
  const kept: string[] = [];
  for (let i = 0; i < all.length; i++) {
    const keyword = all[i] ?? '';
    const option = keywords[keyword] === undefined ? [keyword] : [keyword, all[++i] ?? ''];
    if (!ofSocket.has(keyword) && keyword !== 'ssl' && keyword !== 'crt') kept.push(...option);
  }
  return kept;
}

export const bindOptions: Parser<BindOptions> = (text) => {
  const all = words(text);
  const certificates: string[] = [];
  const files: string[] = [];
  for (let i = 0; i < all.length; i++) {
    const keyword = all[i] ?? '';
    if (!Object.hasOwn(keywords, keyword)) {
      return rejected(
        `${shown(keyword)} is not a bind option that a label may set`,
        `write options of HAProxy's bind line, such as accept-proxy or ssl-min-ver TLSv1.3`,
      );
    }
    const argument = keywords[keyword];
    if (argument === undefined) continue;
    const value = all[++i];
    if (value === undefined)
      return rejected(`${keyword} lacks its argument`, `write it like ${keyword} ${argument.example}`);
    if (!argument.form.test(value)) {
      return rejected(
        `${shown(value)} is not an argument of ${keyword}`,
        `write it like ${keyword} ${argument.example}`,
      );
    }
    if (argument !== file) continue;
    const path = certificatePath(value);
    if (!path.ok) return path;
    (keyword === 'crt' ? certificates : files).push(path.value);
  }
  const speaksTls = all.includes('ssl');
  if (!speaksTls && certificates.length > 0)
    return rejected('crt names a certificate, but ssl is not said', 'write ssl crt /path');
  return parsed({
    words: all,
    certificates,
    files,
    namesProtocols: ['alpn', 'no-alpn', 'npn'].some((word) => all.includes(word)),
  });
};
