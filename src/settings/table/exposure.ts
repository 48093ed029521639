/** Which apps and tasks are served. */
import { define } from '../spec.ts';
import { flag, integer, list, oneOf, port, seconds, text } from '../values.ts';

/** Rows of the settings table. */
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
    doc: 'a task with several checks is healthy if all, or any, of them pass',
  }),
  unreachable: define({
    flag: 'unreachable',
    argument: 'keep|drop',
    schema: oneOf('keep', 'drop'),
    default: 'keep',
    doc: "tasks on agents that Mesos cannot reach: keep serves them while HAProxy's own check passes and Marathon lists them",
  }),
  maxRemoval: define({
    flag: 'max-removal',
    argument: 'percent',
    schema: integer(0, 100),
    default: 50,
    doc: 'withhold a snapshot or a burst that removes more than this share of the servers, or of the apps, until it is confirmed; 100 withholds nothing',
  }),
  maxRemovalFloor: define({
    flag: 'max-removal-floor',
    argument: 'n',
    schema: integer(0),
    default: 10,
    doc: 'this many servers may always be removed at once, except by a snapshot that leaves none',
  }),
  removalPause: define({
    flag: 'removal-pause',
    argument: 'seconds',
    schema: seconds,
    default: 30,
    doc: 'a withheld removal is applied if a snapshot this much later still shows it',
  }),
  strictMode: define({
    flag: 'strict-mode',
    schema: flag,
    default: false,
    doc: 'expose only ports with HAPROXY_<n>_ENABLED=true',
  }),
  ownApp: define({
    flag: 'own-app',
    argument: 'app id',
    schema: text,
    environment: 'FRAMEWORK_NAME',
    doc: 'the app that runs this load balancer, which is never exposed',
  }),
  dry: define({
    flag: 'dry',
    short: 'd',
    schema: flag,
    default: false,
    doc: 'print the configuration for the present state of Marathon, and exit',
  }),
  servicePorts: define({
    flag: 'service-ports',
    argument: 'all|none',
    schema: oneOf('all', 'none'),
    default: 'all',
    doc: 'whether every service listens on its service port',
  }),
  minServPort: define({
    flag: 'min-serv-port-ip-per-task',
    argument: 'port',
    schema: port,
    default: 10050,
    doc: 'first service port for apps to which Marathon 1.4 and older gave none',
  }),
  maxServPort: define({
    flag: 'max-serv-port-ip-per-task',
    argument: 'port',
    schema: port,
    default: 10100,
    doc: 'last service port for apps to which Marathon 1.4 and older gave none',
  }),
} as const;
