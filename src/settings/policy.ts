/** Reads the policy file: YAML with prefixes of app ids, and what is allowed below each. */
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { asAppId } from '../core/model/ids.ts';
import { nearest } from '../core/collections/nearest.ts';
import type { Policy, PolicyEntry, PortSpan } from '../core/policy/policy.ts';
import { PacerError } from '../errors.ts';
import { readNamed } from './read-named.ts';

const host = z
  .string()
  .transform((text) => text.toLowerCase())
  .pipe(
    z
      .string()
      .regex(
        /^(?:\*|(?:\*\.)?[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?)$/,
        'expected hosts like shop.example.com, *.shop.example.com or *',
      ),
  );

const span = z.union([z.number(), z.string()]).transform((value, context): PortSpan => {
  const [, first = '', last = first] = /^(\d{1,5})(?:\s*-\s*(\d{1,5}))?$/.exec(String(value).trim()) ?? [];
  const [from, to] = [Number(first), Number(last)];
  if (first !== '' && from >= 1 && from <= to && to <= 65535) return { from, to };
  context.addIssue({ code: 'custom', message: 'expected ports like 8080 or 10000-10999' });
  return z.NEVER;
});

const path = z.string().regex(/^\/(?!.*(?:^|\/)\.\.(?:\/|$))/, 'expected an absolute path without ..');
const count = z.int('expected a whole number').min(0, 'expected 0 or more');

/** YAML reads an unquoted `off` as false. */
const labelTemplates = z
  .union([z.literal(false).transform(() => 'off'), z.string()])
  .pipe(z.enum(['off', 'own-section', 'trusted'], 'expected off, own-section or trusted'));

const group = z
  .string()
  .regex(/^\/?[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)*$/, 'expected deployment groups like web or /shop/web')
  .transform(asAppId);

const keys = {
  vhosts: z.array(host),
  ports: z.array(span),
  modes: z.array(z.enum(['http', 'tcp'], 'expected http or tcp')),
  'label-templates': labelTemplates,
  certificates: z.array(path),
  groups: z.array(group),
  'max-services': count,
  'max-servers': count,
};
const entrySchema = z.strictObject(keys).partial();

/** The settings about the policy. */
export interface PolicySettings {
  /** The path of the file; undefined: nothing is forbidden. */
  readonly policy?: string | undefined;
  readonly labelCertificates?: readonly string[] | undefined;
}

/** The text of the policy file. @throws PacerError FILE_UNREADABLE */
export const policyText = ({ policy: file }: PolicySettings): string =>
  file === undefined ? '' : readNamed(file, '--policy');

/** @param text of the file. @throws PacerError FILE_UNREADABLE, FILE_MALFORMED with the file, the prefix and the key */
export function policyOf(settings: PolicySettings, text = policyText(settings)): Policy {
  const { policy: file, labelCertificates: certificates } = settings;
  const entries = file === undefined ? [] : parsePolicy(text, file);
  return certificates === undefined ? entries : [...entries, { prefix: '/', certificates }];
}

/** @throws PacerError FILE_MALFORMED */
export function parsePolicy(text: string, file: string): Policy {
  const document = parseDocument(text);
  const [problem] = document.errors;
  if (problem !== undefined) throw malformed(file, problem.message);
  const content: unknown = document.toJS() ?? {};
  if (typeof content !== 'object' || content === null || Array.isArray(content))
    throw malformed(file, 'it is not a mapping of prefixes');
  return Object.entries(content)
    .map(([prefix, entry]) => entryOf(file, prefix, entry))
    .sort((a, b) => b.prefix.length - a.prefix.length);
}

function entryOf(file: string, prefix: string, entry: unknown): PolicyEntry {
  if (!/^\/(?:[a-z0-9.-]+(?:\/[a-z0-9.-]+)*\/?)?$/.test(prefix))
    throw malformed(file, `${JSON.stringify(prefix)} is not a prefix of app ids`);
  const parsed = entrySchema.safeParse(entry ?? {});
  if (!parsed.success) throw malformed(file, `${prefix}: ${parsed.error.issues.map(told).join('; ')}`);
  const { data } = parsed;
  const { vhosts, ports, modes, certificates, groups } = data;
  const own = {
    ...{ vhosts, ports, modes, certificates, groups, labelTemplates: data['label-templates'] },
    ...{ maxServices: data['max-services'], maxServers: data['max-servers'] },
  };
  return {
    prefix: prefix === '/' ? prefix : prefix.replace(/\/$/, ''),
    ...Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined)),
  };
}

function told(issue: z.core.$ZodIssue): string {
  if (issue.code !== 'unrecognized_keys') return `${issue.path.join('.')}: ${issue.message}`;
  return issue.keys
    .map((key) => {
      const guess = nearest(key, Object.keys(keys));
      return `${key} is not a key of a policy${guess === undefined ? '' : `, did you mean ${guess}?`}`;
    })
    .join('; ');
}

const malformed = (file: string, why: string): PacerError =>
  new PacerError(
    'FILE_MALFORMED',
    `--policy ${file}: ${why}`,
    'write it as docs/policy.md shows: a prefix like /shop, and below it vhosts, ports, modes, label-templates, certificates, groups, max-services, max-servers',
  );
