/** Parsers of label values that several labels share. */
import type { AuthScope, BasicAuth } from '../model/label-values.ts';
import { hasUnprintable } from '../model/config-token.ts';
import { isCidr, isIp } from './address.ts';
import { readList, type Item } from './list.ts';
import { parsed, rejected, shown, type Parser } from './parsed.ts';

/** `true`, `t`, `yes` and `y` in any case are true; anything else is false, as marathon-lb reads it. */
export const boolean: Parser<boolean> = (text) => parsed(/^(?:true|t|yes|y)$/i.test(text.trim()));

export function integer(from: number, to: number, what: string): Parser<number> {
  return (text) => {
    const trimmed = text.trim();
    const value = /^[+-]?\d{1,10}$/.test(trimmed) ? Number(trimmed) : NaN;
    if (value >= from && value <= to) return parsed(value);
    return rejected(`${shown(text)} is not ${what}`, `write a whole number from ${from} to ${to}`);
  };
}

export const port: Parser<number> = integer(1, 65535, 'a port');

export const plainText: Parser<string> = (text) => parsed(text.trim());

/** The entries of a list with commas; blanks around them and empty entries do not count. */
export const entriesOf = (text: string): string[] =>
  text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');

/** Names with commas between. */
export const nameList: Parser<readonly string[]> = (text) =>
  readList(
    entriesOf(text).map((item): Item<string> => {
      if (!hasUnprintable(item)) return { value: item };
      const reason = `${shown(item)} has a line break or another control character`;
      return { wrong: { item, reason, remedy: 'write names with commas between' } };
    }),
  );

export const words = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '');

export const mode: Parser<'http' | 'tcp'> = (text) => {
  const value = text.trim().toLowerCase();
  return value === 'http' || value === 'tcp'
    ? parsed(value)
    : rejected(`${shown(text)} is not a mode`, 'write http or tcp');
};

export const authScope: Parser<AuthScope> = (text) => {
  const value = text.trim().toLowerCase();
  return value === 'host' || value === 'service'
    ? parsed(value)
    : rejected(`${shown(text)} is not a scope`, 'write host or service');
};

export const bindAddress: Parser<string> = (text) => {
  const value = text.trim().replace(/^\[(.*)\]$/, '$1');
  return value === '*' || isIp(value)
    ? parsed(value)
    : rejected(`${shown(text)} is not an address to bind`, 'write *, an IPv4 or an IPv6 address');
};

export const cidrList: Parser<readonly string[]> = (text) => {
  const entries = words(text.replaceAll(',', ' '));
  if (entries.length === 0)
    return rejected('no network is named', 'write addresses or networks, or drop the label');
  const remedy = 'write addresses or networks like 10.0.0.0/8, with blanks between';
  return readList(
    entries.map((item): Item<string> =>
      isCidr(item) ? { value: item } : { wrong: { item, reason: `${shown(item)} is not a network`, remedy } },
    ),
  );
};

export const certificatePath: Parser<string> = (text) => {
  const value = text.trim();
  return /^\/[\x21-\x7e]*$/.test(value) && !/(?:^|\/)\.\.(?:\/|$)/.test(value)
    ? parsed(value)
    : rejected(
        `${shown(text)} is not a certificate's path`,
        'write an absolute path without blanks and without ..',
      );
};

/** A path of URLs, e.g. for a rewrite or a redirect. */
export const urlPath: Parser<string> = (text) => {
  const value = text.trim();
  return /^\/[A-Za-z0-9._~!$&'()*+,;=:@%/?#-]*$/.test(value)
    ? parsed(value)
    : rejected(`${shown(text)} is not a path`, 'write a path that begins with /, as it stands in a URL');
};

export const basicAuth: Parser<BasicAuth> = (text) => {
  const [realm = '', user = '', passwordHash = '', ...rest] = text.trim().split(':');
  const remedy = 'write realm:user:hash, with a hash as `mkpasswd -m sha-512` prints it';
  // The value is a secret, so it is never shown.
  if (rest.length > 0 || realm === '' || user === '' || passwordHash === '') {
    return rejected('the value does not have the three parts realm, user and hash', remedy);
  }
  if (!/^[\x20-\x7e]{1,64}$/.test(realm))
    return rejected('the realm has characters that no realm may have', remedy);
  if (!/^[\x21-\x7e]{1,64}$/.test(user))
    return rejected('the user has characters that no user may have', remedy);
  if (!/^[./0-9A-Za-z$,=_-]{2,255}$/.test(passwordHash))
    return rejected('the hash is not one that crypt(3) makes', remedy);
  return parsed({ realm, user, passwordHash });
};
