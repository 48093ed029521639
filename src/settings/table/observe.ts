/** What Pacer tells of itself. */
import { define } from '../spec.ts';
import { text } from '../values.ts';

export const observeSettings = {
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
