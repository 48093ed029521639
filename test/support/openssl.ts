/** An authority whose certificates can be revoked, and whose intermediates can be issued anew, made by openssl(1). */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface OpensslAuthority {
  /** PEM of the authority's own certificate. */
  readonly cert: string;
  readonly issue: (name: string) => { readonly cert: string; readonly key: string };
  /** PEM of a revocation list with these certificates. */
  readonly revoke: (...certs: readonly string[]) => string;
  /** An intermediate of this name; each call makes another certificate with the same name and key. */
  readonly intermediate: (name: string) => string;
  /** What the last intermediate's key signs. */
  readonly issueBelow: (name: string) => { readonly cert: string; readonly key: string };
}

/** @param directory that belongs to the authority alone */
export function opensslAuthority(directory: string, name: string): OpensslAuthority {
  mkdirSync(directory, { recursive: true });
  const at = (file: string) => join(directory, file);
  const run = (...args: string[]) =>
    execFileSync('openssl', args, { cwd: directory, stdio: ['ignore', 'ignore', 'pipe'] });
  const read = (file: string) => readFileSync(at(file), 'utf8');
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  run(
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-subj',
    `/CN=${name}`,
    '-days',
    '30',
  );
  writeFileSync(at('index'), '');
  writeFileSync(at('crlnumber'), '01\n');
  writeFileSync(
    at('ca.cnf'),
    '[ca]\ndefault_ca=own\n[own]\ndatabase=index\ncrlnumber=crlnumber\ndefault_md=sha256\ndefault_crl_days=30\n',
  );
  writeFileSync(at('ca.ext'), 'basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign,cRLSign\n');
  let serial = 1000;
  const sign = (request: string, out: string, by: string, more: string[] = []) =>
    run(
      ...['x509', '-req', '-in', request, '-CA', `${by}.pem`, '-CAkey', `${by}.key`, '-days', '20'],
      ...['-set_serial', String(serial++), '-out', out, ...more],
    );
  const issueBy = (by: string) => (subject: string) => {
    const file = `leaf-${serial}`;
    run('req', ...newKey, '-keyout', `${file}.key`, '-out', `${file}.csr`, '-subj', `/CN=${subject}`);
    sign(`${file}.csr`, `${file}.pem`, by);
    return { cert: read(`${file}.pem`), key: read(`${file}.key`) };
  };
  let hasIntermediate = false;
  return {
    cert: read('ca.pem'),
    issue: issueBy('ca'),
    issueBelow: issueBy('middle'),
    revoke: (...certs) => {
      for (const [i, cert] of certs.entries()) {
        writeFileSync(at(`revoked-${i}.pem`), cert);
        run(
          'ca',
          '-config',
          'ca.cnf',
          '-keyfile',
          'ca.key',
          '-cert',
          'ca.pem',
          '-revoke',
          `revoked-${i}.pem`,
        );
      }
      run('ca', '-config', 'ca.cnf', '-keyfile', 'ca.key', '-cert', 'ca.pem', '-gencrl', '-out', 'crl.pem');
      return read('crl.pem');
    },
    intermediate: (subject) => {
      if (!hasIntermediate)
        run('req', ...newKey, '-keyout', 'middle.key', '-out', 'middle.csr', '-subj', `/CN=${subject}`);
      hasIntermediate = true;
      sign('middle.csr', 'middle.pem', 'ca', ['-extfile', 'ca.ext']);
      return read('middle.pem');
    },
  };
}

/** A whole certificate whose key is too short for OpenSSL's usual security level. */
export function weakPem(directory: string): string {
  const [key, cert] = [join(directory, 'weak.key'), join(directory, 'weak.crt')];
  const subject = ['-subj', '/CN=weak.example', '-days', '30'];
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'rsa:1024', '-nodes', '-keyout', key, '-out', cert, ...subject],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  return readFileSync(cert, 'utf8') + readFileSync(key, 'utf8');
}
