/** Flags of marathon-lb that have no effect here. Each one says why when it is set. */
import { define } from '../spec.ts';
import { flag, integer } from '../values.ts';

/** Rows of the settings table. */
export const compatibilitySettings = {
  sse: define({
    flag: 'sse',
    short: 's',
    schema: flag,
    doc: 'follow the event stream',
    withoutEffect: 'Pacer follows the event stream unless --poll is set',
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
  skipConfigCleanup: define({
    flag: 'skip-config-cleanup',
    schema: flag,
    doc: 'do not look for the bad app',
    withoutEffect: 'Pacer finds a bad app without trying every one',
  }),
  skipValidation: define({
    flag: 'skip-validation',
    schema: flag,
    doc: 'no haproxy -c',
    withoutEffect:
      'Pacer never gives HAProxy a configuration that haproxy -c has not accepted; changes of servers, hosts and certificates need no check, so they do not wait for it',
  }),
} as const;
