/** Whether HAProxy can use a file, as far as its content tells. */
import { createPrivateKey } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { judgeFile, type FileKind } from '../../../src/daemon/files/judge.ts';
import { makeAuthority, makePem } from '../../support/certificate.ts';

let pem = '';
let cert = '';
let key = '';
let other = '';
let authority = '';

beforeAll(async () => {
  pem = await makePem('Site.Example', ['Site.Example', '*.Wild.Example']);
  [cert = '', key = ''] = pem.split(/(?=-----BEGIN [A-Z ]*PRIVATE)/);
  other = await makePem('other');
  authority = (await makeAuthority('authority')).cert;
});

const whyNot = (kind: FileKind, content: string): string | undefined => {
  const verdict = judgeFile(kind, content);
  return verdict.ok ? undefined : verdict.why;
};

describe('a certificate', () => {
  test('is accepted with its names and the length of its chain', () => {
    const verdict = judgeFile('certificate', `for people: our site\n${cert}${authority}\n${key}`);
    expect(verdict).toMatchObject({
      ok: true,
      certificate: { hosts: ['site.example', '.wild.example'], chainLength: 1 },
    });
  });

  test.each([
    ['empty', () => '', 'it is empty'],
    ['of something else', () => 'nonsense', 'it holds no certificate'],
    ['without a key', () => cert, 'it holds no private key'],
    ['with a key alone', () => key, 'it holds no certificate'],
    [
      'with the key of another one',
      () => cert + other.slice(other.indexOf('-----BEGIN', 1)),
      'its private key is not the one of the first certificate in it',
    ],
    [
      'behind the chain',
      () => authority + '\n' + pem,
      'its private key is not the one of the first certificate in it',
    ],
    ['cut off within the key', () => pem.slice(0, -80), /^it ends within a (EC )?PRIVATE KEY$/],
    ['cut off within the certificate', () => cert.slice(0, 300), 'it ends within a CERTIFICATE'],
    ['with a line lost', () => pem.replace(/\n[A-Za-z0-9+/]{64}\n/, '\n'), 'a CERTIFICATE in it is damaged'],
    ['with an encrypted key', () => cert + encrypted(), 'its private key is encrypted'],
  ])('is refused: %s', (_, content, why) => {
    expect(whyNot('certificate', content())).toMatch(why instanceof RegExp ? why : new RegExp(`^${why}$`));
  });

  test('that is cut off anywhere is never accepted as a shorter one, except between its parts', () => {
    const whole = `${cert.trim()}\n${key.trim()}\n${authority.trim()}\n`;
    const boundaries = new Set<number>();
    for (let end = 1; end < whole.length; end++)
      if (judgeFile('certificate', whole.slice(0, end)).ok) boundaries.add(end);
    const keyEnd = whole.indexOf('-----\n', whole.indexOf('-----END', whole.indexOf('PRIVATE'))) + 5;
    const chainEnd = whole.length - 1;
    // After the key: what is cut there waits until the writer is done, see the keeper.
    const nextBegin = whole.indexOf('\n', keyEnd + 1);
    for (const end of boundaries) expect(end >= chainEnd || (end >= keyEnd && end <= nextBegin)).toBe(true);
  });
});

const encrypted = () =>
  String(
    createPrivateKey(key).export({ type: 'pkcs8', format: 'pem', cipher: 'aes-128-cbc', passphrase: 'x' }),
  );

describe('a file other than a certificate', () => {
  test.each<[FileKind, () => string, string | undefined]>([
    ['authorities', () => authority, undefined],
    ['authorities', () => pem, undefined],
    ['authorities', () => key, 'it holds no certificate'],
    ['authorities', () => authority.slice(0, 200), 'it ends within a CERTIFICATE'],
    ['revocations', () => authority, 'it holds no revocation list'],
    ['ticket-keys', () => `${Buffer.alloc(48).toString('base64')}\n`.repeat(3), undefined],
    [
      'ticket-keys',
      () => `${Buffer.alloc(48).toString('base64')}\n`.repeat(2),
      'it holds fewer than three keys',
    ],
    [
      'ticket-keys',
      () => `${Buffer.alloc(47).toString('base64')}\n`.repeat(3),
      'a line of it is not a key of 48 or 80 bytes in base64',
    ],
  ])('is judged by its content: %s', (kind, content, why) => {
    expect(whyNot(kind, content())).toBe(why);
  });
});
