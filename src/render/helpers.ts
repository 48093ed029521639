/** The helpers of Handlebars fragments, beside Handlebars' own `if`, `unless`, `each`, `with` and `lookup`. */
import { configToken } from '../core/model/config-token.ts';

type Helper = (...args: unknown[]) => unknown;

/** Name → what it does. Handlebars passes its options as the last argument. */
export const helpers: Readonly<Record<string, { readonly run: Helper; readonly doc: string }>> = {
  eq: { run: (a, b) => a === b, doc: '`{{#if (eq mode "tcp")}}`: both are the same' },
  not: {
    run: (a) => a === false || a === undefined || a === '',
    doc: '`{{#if (not sslCert)}}`: there is none',
  },
  and: {
    run: (...args) => args.slice(0, -1).every(Boolean),
    doc: '`{{#if (and isHttp sslCert)}}`: all are there',
  },
  or: { run: (...args) => args.slice(0, -1).some(Boolean), doc: '`{{#if (or a b)}}`: one is there' },
  join: {
    run: (list, separator) =>
      Array.isArray(list) ? list.join(typeof separator === 'string' ? separator : ' ') : '',
    doc: '`{{join certificates " "}}`: the entries of a list, with something between',
  },
  quote: {
    run: (text) => configToken(String(text)),
    doc: '`{{quote "two words"}}`: a text as one word of configuration',
  },
};
