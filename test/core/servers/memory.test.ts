/** What is remembered of an object must not keep the objects before it alive. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { nextDesired, nothingDesired, type Desired } from '../../../src/core/desired/desired.ts';
import { anApp, aPort, aTask } from '../../support/apps.ts';
import { aContext } from '../../support/context.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

test('versions of an app are forgotten, though each shares a task with the next', async () => {
  const context = aContext();
  const labels = { HAPROXY_GROUP: 'external', HAPROXY_0_VHOST: 'web.example' };
  const all = Array.from({ length: 30 }, (_, n) => aTask('/web', n + 1, { startedAt: n + 1 }));
  // As the mirror has it: what has not changed is the same object.
  const ports = [aPort(10_000)];
  const versions: WeakRef<object>[] = [];
  const step = (state: Desired): Desired => {
    // One of the two tasks lives on in the next version.
    const app = anApp('/web', { labels, ports, tasks: all.splice(0, 1).concat(all.slice(0, 1)) });
    versions.push(new WeakRef(app));
    return nextDesired(state, { changed: [app], removed: [] }, context);
  };
  let state = nothingDesired;
  for (let n = 1; n <= 20; n++) state = step(state);
  await new Promise((resolve) => setTimeout(resolve, 0));
  collectGarbage();
  const alive = versions.filter((version) => version.deref() !== undefined).length;
  expect(state.services.size).toBe(1);
  expect(alive).toBeLessThan(4);
});
