import { describe, expect, it } from 'vitest';
import { servable, type HealthPolicy } from '../../../src/core/servers/health.ts';
import type { TaskState } from '../../../src/core/model/model.ts';
import { anApp, aTask } from '../../support/apps.ts';

const policy: HealthPolicy = { respectHealth: false, unreachable: 'keep', mode: 'all' };
const verdict = (parts: Parameters<typeof aTask>[2], with_: Partial<HealthPolicy> = {}) =>
  servable(anApp('/web'), aTask('/web', 1, parts), { ...policy, ...with_ });

describe('a task on an agent that Mesos has lost sight of', () => {
  it.each<TaskState>(['TASK_UNREACHABLE', 'TASK_LOST'])('%s serves on by default', (state) => {
    expect(verdict({ state })).toEqual({ kind: 'ready' });
  });
  it.each<TaskState>(['TASK_UNREACHABLE', 'TASK_LOST'])('%s is out where the policy is drop', (state) => {
    expect(verdict({ state }, { unreachable: 'drop' })).toMatchObject({ kind: 'out' });
  });
  it('says so with the setting that decides it', () => {
    expect(verdict({ state: 'TASK_UNREACHABLE' }, { unreachable: 'drop' })).toMatchObject({
      reason: expect.stringContaining('--unreachable') as string,
    });
  });
});

it('a task whose readiness check has not passed is out, whatever its health', () => {
  expect(verdict({ awaitsReadiness: true, alive: [true] })).toMatchObject({
    kind: 'out',
    reason: expect.stringContaining('readiness') as string,
  });
});
