/** Digests of files are among what a text is made of: made step by step, it is what it is when made from nothing. */
import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { nextDesired, nothingDesired } from '../../src/core/desired/desired.ts';
import type { Applied } from '../../src/daemon/decide/applied.ts';
import { createCandidates } from '../../src/daemon/pipeline/candidates.ts';
import type { Rejections } from '../../src/daemon/rejected/rejections.ts';
import { fixedHead } from '../../src/daemon/publish/machine-facts.ts';
import { loadFragments } from '../../src/render/fragments.ts';
import { renderer } from '../../src/render/render.ts';
import { resolveSettings } from '../../src/settings/settings.ts';
import { anApp, aPort, aTask } from '../support/apps.ts';
import { aContext } from '../support/context.ts';
import { changingHead } from '../support/changing-head.ts';

const fragments = loadFragments();
const { settings } = resolveSettings({
  flags: { groups: ['external'], stateDir: '/var/lib/pacer' },
  environment: {},
  file: undefined,
});
const newRender = () => renderer(fragments, fixedHead(settings)).render;

const apps = ['/a', '/b', '/c'].map((id, i) =>
  anApp(id, {
    labels: {
      HAPROXY_GROUP: 'external',
      HAPROXY_0_VHOST: `${id.slice(1)}.example`,
      HAPROXY_0_SSL_CERT: `/pem${id}`,
    },
    ports: [aPort(10_001 + i)],
    tasks: [aTask(id, 1)],
  }),
);
const desiredOf = (count: number) =>
  nextDesired(nothingDesired, { changed: apps.slice(0, count), removed: [] }, aContext());
const states = [1, 2, 3].map(desiredOf);

const digests = fc
  .array(fc.tuple(fc.constantFrom('/x', '/y', '/z'), fc.constantFrom('1', '2', '3')), { maxLength: 4 })
  .map((entries) => new Map(entries));
const step = fc.record({
  state: fc.constantFrom(...states),
  certificates: fc.constantFrom(['/x'], ['/x', '/y']),
  certificateDigests: digests,
  fileDigests: digests,
});

test.prop([fc.array(step, { minLength: 1, maxLength: 8 })], { numRuns: 100 })(
  'a text that is remembered is never one of other files',
  (steps) => {
    const { applied } = createCandidates({ rejections: {} as Rejections, render: newRender(), now: () => 0 });
    for (const { state, ...files } of steps) {
      const inputs = changingHead({ ...files, maxconn: 1000, maxpipes: 500 });
      const { rendering } = applied({ desired: state, served: state, inputs } as Applied);
      const fresh = newRender()(state, inputs);
      expect(rendering.hash).toBe(fresh.hash);
      expect(String(rendering.files.get('haproxy.cfg'))).toBe(String(fresh.files.get('haproxy.cfg')));
    }
  },
);
