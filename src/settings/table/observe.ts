/** What Pacer tells of itself. */
import { define } from '../spec.ts';
import { listenAddress, text } from '../values.ts';

export const observeSettings = {
  statusListen: define({
    flag: 'status-listen',
    argument: 'address',
    schema: listenAddress,
    default: '127.0.0.1:9095',
    doc: 'where /status, /healthz, /readyz and /metrics are',
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
