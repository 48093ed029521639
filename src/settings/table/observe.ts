/** What Pacer reports about itself. */
import { define } from '../spec.ts';
import { flag, text } from '../values.ts';

/** Rows of the settings table. */
export const observeSettings = {
  getconfigSecrets: define({
    flag: 'getconfig-secrets',
    schema: flag,
    default: false,
    doc: '/_haproxy_getconfig also shows passwords, to everyone who can reach the statistics port',
  }),
  logFormat: define({
    flag: 'log-format',
    argument: 'json|pretty',
    schema: text,
    default: 'json',
    doc: 'the format of log lines',
  }),
  logLevel: define({
    flag: 'log-level',
    argument: 'level',
    schema: text,
    default: 'info',
    doc: 'debug, info, warn or error',
  }),
} as const;
