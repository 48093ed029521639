import { expect, test } from 'vitest';
import { testHaproxy } from '../../support/haproxy.ts';

test('the running HAProxy can do exactly what its capabilities say', async () => {
  const { control, publish } = await testHaproxy();
  const { hash, file } = await publish(
    1,
    'one',
    'backend b\n  cookie S insert dynamic\n  dynamic-cookie-key k\ndefaults named\n  mode http\n',
  );
  await control.start(file, hash);
  const can = async (command: string) => (await control.runtime([command]))[0]?.kind === 'ok';
  const { addServerCookie, initState, addBackend, waitSrvRemovable } = control.capabilities();
  expect({
    addServerCookie: await can('add server b/cookie 127.0.0.1:1 cookie x'),
    initState: await can('add server b/init 127.0.0.1:1 check init-state fully-down'),
    addBackend: await can('add backend dynamic from named'),
    waitSrvRemovable: await can('wait 1ms'),
  }).toEqual({ addServerCookie, initState, addBackend, waitSrvRemovable });
});
