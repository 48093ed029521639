/** What Pacer tells of itself. */
import { define } from '../spec.ts';
import { flag, text } from '../values.ts';

export const observeSettings = {
  getconfigSecrets: define({
    flag: 'getconfig-secrets',
    schema: flag,
    default: false,
    doc: '/_haproxy_getconfig shows passwords too, to whoever reaches the statistics port',
  }),
  logFormat: define({
    flag: 'log-format',
    argument: 'json|pretty',
    schema: text,
    default: 'json',
    doc: 'how log lines look',
  }),
  logLevel: define({
    flag: 'log-level',
    argument: 'level',
    schema: text,
    default: 'info',
    doc: 'debug, info, warn or error',
  }),
} as const;
