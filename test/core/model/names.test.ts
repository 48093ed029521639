import { expect, test } from 'vitest';
import { asAppId, instanceIdOf } from '../../../src/core/model/ids.ts';
import { backendName, serverCookie, serverName } from '../../../src/core/model/names.ts';
import { digests } from '../../support/context.ts';

test('a backend is named by the app id and the service port', () => {
  expect(backendName(asAppId('/team/web'), 10001)).toBe('team_web_10001');
});

test('a server is named by host, address and port, the host left out where it is the address', () => {
  expect(serverName('agent1', '192.0.2.1', 1234)).toBe('agent1_192_0_2_1_1234');
  expect(serverName('10.0.6.25', '10.0.6.25', 23336)).toBe('10_0_6_25_23336');
  expect(serverName('a.b-c', '2001:db8::1', 80)).toBe('a_b-c_2001_db8__1_80');
});

test('a cookie is the beginning of the SHA-1 of the server name', () => {
  expect(serverCookie('10_0_6_25_23336', digests)).toBe(digests.sha1('10_0_6_25_23336').slice(0, 10));
});

test.each([
  [
    'web_front.instance-8a2b6c1e-7a77-11eb-9d3c-0242ac110005._app.1',
    'web_front.instance-8a2b6c1e-7a77-11eb-9d3c-0242ac110005',
  ],
  [
    'web_front.instance-8a2b6c1e-7a77-11eb-9d3c-0242ac110005._app',
    'web_front.instance-8a2b6c1e-7a77-11eb-9d3c-0242ac110005',
  ],
  [
    'pod.instance-8a2b6c1e-7a77-11eb-9d3c-0242ac110005.nginx.3',
    'pod.instance-8a2b6c1e-7a77-11eb-9d3c-0242ac110005',
  ],
  ['web_front.8a2b6c1e-7a77-11eb-9d3c-0242ac110005', 'web_front.8a2b6c1e-7a77-11eb-9d3c-0242ac110005'],
])('the instance of task %s is %s', (task, instance) => {
  expect(instanceIdOf(task)).toBe(instance);
});
