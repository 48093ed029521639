/** Which apps and tasks are served. */
import { define } from '../spec.ts';
import { flag, list, oneOf } from '../values.ts';

export const exposureSettings = {
  groups: define({
    flag: 'group',
    argument: 'name...',
    schema: list,
    doc: 'expose the apps whose HAPROXY_GROUP names one of these; * for every app',
  }),
  healthCheck: define({
    flag: 'health-check',
    short: 'H',
    schema: flag,
    default: false,
    doc: 'serve only tasks that Marathon calls healthy, where the app has health checks',
  }),
  healthMode: define({
    flag: 'health-mode',
    argument: 'all|any',
    schema: oneOf('all', 'any'),
    default: 'all',
    doc: 'a task with several checks is healthy when all, or any, of them are',
  }),
  strictMode: define({
    flag: 'strict-mode',
    schema: flag,
    default: false,
    doc: 'expose only ports with HAPROXY_<n>_ENABLED=true',
  }),
  servicePorts: define({
    flag: 'service-ports',
    argument: 'all|none',
    schema: oneOf('all', 'none'),
    default: 'all',
    doc: 'whether every service listens on its service port',
  }),
} as const;
