/** The faults of the fake HAProxy: they hit the calls they are meant for, and no control throws where it must not. */
import { test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { always, fakeHaproxy, scripted, someFaults } from '../support/fake-haproxy/fake-haproxy.ts';

describe('a fault of the fake HAProxy', () => {
  test('hits the call that it is scripted for, and no later one', async () => {
    const fake = fakeHaproxy();
    const control = fake.control();
    fake.faults = scripted([{ kind: 'fail' }], ({ kind }) => kind === 'runtime');
    await expect(control.runtime(['show info'])).rejects.toThrow();
    fake.faults = always({ kind: 'fail' }, 'runtime');
    await expect(control.runtime(['show info'])).rejects.toThrow();
    await expect(control.runtime(['show info'])).rejects.toThrow();
  });

  test.prop([someFaults(10)], { numRuns: 100 })(
    'never makes the question what runs throw',
    async (faults) => {
      const fake = fakeHaproxy();
      const control = fake.control();
      fake.faults = scripted(faults);
      for (let i = 0; i < 10; i++) {
        let answer: string | undefined;
        void control.running().then(({ kind }) => (answer = kind));
        expect(await fake.clock.until(() => answer !== undefined, 120_000)).toBe(true);
        expect(['running', 'absent', 'silent', 'blind']).toContain(answer);
      }
    },
  );
});
