/** Flags of marathon-lb that have no effect here; each says why when it is set. */
import { define } from '../spec.ts';
import { flag, integer, port, seconds, text } from '../values.ts';

const later = 'it is accepted, but its function comes in a later version of Pacer';

export const compatibilitySettings = {
  sse: define({
    flag: 'sse',
    short: 's',
    schema: flag,
    doc: 'follow the event stream',
    withoutEffect: 'Pacer always follows the event stream',
  }),
  haproxyMap: define({
    flag: 'haproxy-map',
    schema: flag,
    doc: 'route by maps',
    withoutEffect: 'Pacer always routes by maps',
  }),
  lruCacheCapacity: define({
    flag: 'lru-cache-capacity',
    argument: 'n',
    schema: integer(0),
    doc: 'size of the health cache',
    withoutEffect: 'Pacer remembers the health of every task',
  }),
  maxBackoff: define({
    flag: 'max-backoff',
    argument: 'seconds',
    schema: seconds,
    doc: 'longest wait before a reconnect',
    withoutEffect: 'Pacer waits 10 seconds at most',
  }),
  skipConfigCleanup: define({
    flag: 'skip-config-cleanup',
    schema: flag,
    doc: 'do not look for the bad app',
    withoutEffect: 'Pacer finds a bad app without trying every one',
  }),
  haproxyConfig: define({
    flag: 'haproxy-config',
    argument: 'path',
    schema: text,
    doc: 'the configuration file',
    withoutEffect: 'Pacer writes current/haproxy.cfg in the state directory; point HAProxy there',
  }),
  groupHttpsByVhost: define({
    flag: 'group-https-by-vhost',
    schema: flag,
    doc: 'a TLS frontend for each vhost',
    withoutEffect: later,
  }),
  skipValidation: define({
    flag: 'skip-validation',
    schema: flag,
    doc: 'no haproxy -c',
    withoutEffect: 'Pacer never publishes what haproxy -c has not accepted',
  }),
  dry: define({
    flag: 'dry',
    short: 'd',
    schema: flag,
    doc: 'print the configuration and end',
    withoutEffect: 'use `pacer render`',
  }),
  minServPort: define({
    flag: 'min-serv-port-ip-per-task',
    argument: 'port',
    schema: port,
    doc: 'first assigned service port',
    withoutEffect: later,
  }),
  maxServPort: define({
    flag: 'max-serv-port-ip-per-task',
    argument: 'port',
    schema: port,
    doc: 'last assigned service port',
    withoutEffect: later,
  }),
} as const;
