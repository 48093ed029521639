import { expect, test } from 'vitest';
import { execSync } from 'node:child_process';
import { readMaster, sendReload } from '../../src/haproxy/master-socket.ts';
import { testHaproxy } from '../support/haproxy.ts';
test('zz', async () => {
  const { control, publish, masterSocket, events, stateDir } = await testHaproxy();
  const many = Array.from({ length: 1500 }, (_, n) => `backend b${n}\n  server s 127.0.0.1:9\n`).join('');
  const first = await publish(1, 'one', many);
  await control.start(first.file, first.hash);
  const next = await publish(2, 'two', many);
  const foreign = sendReload(masterSocket, 20_000);
  const t = performance.now();
  setTimeout(async () => console.log(await readMaster(masterSocket).catch((e) => e), events), 5000).unref();
  console.log(await control.reload(next.hash), events, performance.now() - t);
  console.log(await readMaster(masterSocket).catch((e) => e));
  console.log(await foreign);
  console.log(execSync(`grep -v "Proxy b" ${stateDir}/haproxy.log; pgrep -a haproxy`).toString());
  expect(1).toBe(1);
});
