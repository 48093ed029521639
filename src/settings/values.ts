/** The kinds of values that settings have: each turns text, or a YAML value, into its type. */
import { z } from 'zod';
import { isCidr, isIp } from '../core/labels/address.ts';
import { parseMarathonAddress } from '../core/model/marathon-address.ts';

const trueWords = ['true', 't', 'yes', 'y', '1', 'on'];
const falseWords = ['false', 'f', 'no', 'n', '0', 'off', ''];

/** Any text; numbers and booleans from YAML become text. */
export const text = z.union([z.string(), z.number(), z.boolean()], 'expected a text').transform(String);

/** True or false. A flag without a value is true. */
export const flag = z.union([z.boolean(), z.string(), z.number()]).transform((value, context) => {
  const word = String(value).toLowerCase();
  if (trueWords.includes(word)) return true;
  if (falseWords.includes(word)) return false;
  context.addIssue({ code: 'custom', message: 'expected true or false' });
  return z.NEVER;
});

/** A whole number from `min` to `max`. */
export function integer(min: number, max = 2_000_000_000) {
  return z.union([z.number(), z.string()]).transform((value, context) => {
    const number = typeof value === 'number' ? value : /^\d{1,10}$/.test(value.trim()) ? Number(value) : NaN;
    if (Number.isInteger(number) && number >= min && number <= max) return number;
    context.addIssue({ code: 'custom', message: `expected a whole number from ${min} to ${max}` });
    return z.NEVER;
  });
}

/** A TCP port. */
export const port = integer(1, 65535);

/** Seconds, with three decimals. */
export const seconds = z.union([z.number(), z.string()]).transform((value, context) => {
  const number =
    typeof value === 'number' ? value : /^\d+(?:\.\d+)?$/.test(value.trim()) ? Number(value) : NaN;
  if (number >= 0 && number <= 10_000_000) return number;
  context.addIssue({ code: 'custom', message: 'expected a number of seconds' });
  return z.NEVER;
});

/** Seconds, or `never`. */
export const secondsOrNever = z.union([z.literal('never').transform(() => Infinity), seconds]);

/** A duration as HAProxy writes it: `500ms`, `30s`, `10m`, `1h`, `1d`. */
export const duration = text.pipe(
  z.string().regex(/^[1-9]\d{0,8}(?:us|ms|s|m|h|d)$/, 'expected a duration like 30s, 10m or 1h'),
);

/** A list: from YAML a sequence or one value; from flags repeated, or with commas. */
export const list = z
  .union([z.array(text), text.transform((value) => [value])], 'expected a list')
  .transform((entries) =>
    entries
      .flatMap((entry) => entry.split(','))
      .map((entry) => entry.trim())
      .filter((entry) => entry !== ''),
  );

const addressExample =
  'expected a URL like http://marathon:8080, srv://_marathon._tcp.marathon.mesos or zk://zk1:2181,zk2:2181/marathon';

/** Addresses of Marathons. From flags several values, or separated by commas, because marathon-lb accepts both. */
export const marathonAddresses = list.transform((entries, context) => {
  const parsed = entries.reduce(joinEnsembles, []).map(parseMarathonAddress);
  if (parsed.length > 0 && parsed.every((address) => address !== undefined)) return parsed;
  context.addIssue({ code: 'custom', message: addressExample });
  return z.NEVER;
});

/** Commas between the servers of one ZooKeeper do not separate two addresses. */
function joinEnsembles(entries: string[], entry: string): string[] {
  const last = entries.at(-1);
  const isPart = last !== undefined && /^zk(?:\+\w+)?:\/\/[^/]*$/.test(last) && !entry.includes('://');
  return isPart ? [...entries.slice(0, -1), `${last},${entry}`] : [...entries, entry];
}

/** `10.0.0.2` or `10.0.0.2:8600`, `[::1]:53`. */
export const dnsServers = list.pipe(
  z.array(
    z
      .string()
      .refine(
        (server) => isIp(server) || isIp(server.replace(/:\d{1,5}$/, '').replace(/^\[(.*)\]$/, '$1')),
        'expected addresses like 10.0.0.2 or 10.0.0.2:8600',
      ),
  ),
);

/** `127.0.0.1:9095`, `[::1]:9095` or `:9095`. */
export const listenAddress = text.transform((value, context) => {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([\w.-]*)):(\d{1,5})$/.exec(value.trim());
  const number = Number(match?.[3] ?? NaN);
  if (match !== null && number <= 65535)
    return { host: match[1] ?? (match[2] === '' ? '0.0.0.0' : (match[2] ?? '')), port: number };
  context.addIssue({ code: 'custom', message: 'expected an address and port like 127.0.0.1:9095' });
  return z.NEVER;
});

/** One of these words, in upper or lower case. */
export function oneOf<const T extends readonly [string, ...string[]]>(...words: T) {
  return text
    .transform((value) => value.toLowerCase())
    .pipe(z.enum(words, `expected one of ${words.join(', ')}`));
}

/** Where a listener binds: `*`, an IPv4 or an IPv6 address. */
export const address = text.pipe(
  z.string().refine((value) => value === '*' || isIp(value), 'expected *, an IPv4 or an IPv6 address'),
);

/** Networks like `10.0.0.0/8`; 60 at most, because they are one line of HAProxy's configuration. */
export const cidrs = list.pipe(
  z
    .array(z.string().refine(isCidr, 'expected networks like 10.0.0.0/8'))
    .max(60, 'expected at most 60 networks'),
);

/** Words after `option` in a section of HAProxy's configuration, such as `redispatch` or `redispatch 1`. */
export const options = list.pipe(
  z.array(
    z.string().regex(/^[a-z][a-z0-9-]*(?: [\w.-]+)*$/, 'expected names of options, like http-server-close'),
  ),
);
