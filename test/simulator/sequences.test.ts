/** The sequences of events of the reference (section 9), seen by a reader of the real stream. */
import { describe, expect, it } from 'vitest';
import type { Simulator, SimulatorOptions } from '../../src/simulator/simulator.ts';
import { attachedStream, call, eventually, simulate, transcript, type RawStream } from './support.ts';

/** The definition is visible well before an offer comes or a kill ends, so that the order is always the same. */
const slow = { offerMs: 60, startingMs: 5, runningMs: 15, killMs: 60 };

interface Scene {
  readonly simulator: Simulator;
  readonly stream: RawStream;
  /** The transcript of what `act` causes, up to and including `last`. */
  readonly during: (act: () => Promise<unknown>, last?: string) => Promise<readonly string[]>;
}

async function scene(options: SimulatorOptions = {}, apps: readonly object[] = []): Promise<Scene> {
  const simulator = await simulate({
    definitionDelayMs: 15,
    ...options,
    timings: { ...slow, ...options.timings },
  });
  for (const app of apps) await simulator.deploy(app);
  const stream = await attachedStream(simulator.url);
  let seen = 0;
  return {
    simulator,
    stream,
    during: async (act, last = 'deployment_success') => {
      await act();
      const later = (): readonly string[] => transcript(stream.events()).slice(seen);
      await eventually(() => later().includes(last), last);
      const all = later().slice(0, later().indexOf(last) + 1);
      seen += all.length;
      return all;
    },
  };
}

const plain = { id: '/web/front', cmd: 'x', instances: 1 };
const check = { protocol: 'HTTP', path: '/health', intervalSeconds: 1, gracePeriodSeconds: 0 };
const checked = { ...plain, healthChecks: [check] };

describe('sequence A, a new app', () => {
  it('is started, scaled and told as changed before its tasks come', async () => {
    const { simulator, during } = await scene();
    expect(await during(() => call(`${simulator.url}/v2/apps`, 'POST', plain))).toEqual([
      'deployment_info(StartApplication)',
      'deployment_step_success',
      'deployment_info(ScaleApplication)',
      'IC(Scheduled)',
      'group_change_success',
      'api_post_event',
      'IC(Provisioned)',
      'SU(TASK_STARTING)',
      'IC(Starting)',
      'SU(TASK_RUNNING)',
      'IC(Running)',
      'deployment_step_success',
      'deployment_success',
    ]);
  });

  it('with a check of Marathon ends when all instances are healthy', async () => {
    const { simulator, during } = await scene();
    const events = await during(() => call(`${simulator.url}/v2/apps`, 'POST', checked));
    expect(events.slice(0, 3)).toEqual([
      'deployment_info(StartApplication)',
      'add_health_check_event',
      'deployment_step_success',
    ]);
    expect(events.slice(-5)).toEqual([
      'IC(Running)',
      'HS(true)',
      'IH(true)',
      'deployment_step_success',
      'deployment_success',
    ]);
  });

  it('with a check of Mesos reports health in a second status update', async () => {
    const { simulator, during } = await scene();
    const mesos = { ...plain, healthChecks: [{ ...check, protocol: 'MESOS_HTTP', delaySeconds: 1 }] };
    const events = await during(() => call(`${simulator.url}/v2/apps`, 'POST', mesos), 'HS(true)');
    expect(events.slice(-5)).toEqual([
      'SU(TASK_RUNNING)',
      'IC(Running)',
      'SU(TASK_RUNNING)',
      'IH(true)',
      'HS(true)',
    ]);
  });

  it('shows the definition only at group_change_success', async () => {
    const { simulator, stream } = await scene({ definitionDelayMs: 300 });
    const posted = call(`${simulator.url}/v2/apps`, 'POST', plain);
    await stream.until(() => transcript(stream.events()).includes('deployment_info(ScaleApplication)'));
    expect((await call(`${simulator.url}/v2/apps//web/front`, 'GET')).status).toBe(404);
    await stream.until(() => transcript(stream.events()).includes('group_change_success'));
    expect((await call(`${simulator.url}/v2/apps//web/front`, 'GET')).status).toBe(200);
    expect((await posted).status).toBe(201);
  });
});

describe('sequence B, scaling up', () => {
  it('launches what is missing, and keeps the tasks there are', async () => {
    const { simulator, during } = await scene({}, [plain]);
    const [before] = simulator.tasks('/web/front');
    const events = await during(() => call(`${simulator.url}/v2/apps//web/front`, 'PUT', { instances: 2 }));
    expect(events).toEqual([
      'deployment_info(ScaleApplication)',
      'IC(Scheduled)',
      'group_change_success',
      'api_post_event',
      'IC(Provisioned)',
      'SU(TASK_STARTING)',
      'IC(Starting)',
      'SU(TASK_RUNNING)',
      'IC(Running)',
      'deployment_step_success',
      'deployment_success',
    ]);
    expect(simulator.tasks('/web/front')[0]).toEqual(before);
  });
});

describe('sequence C, scaling down', () => {
  it('changes the goal, kills the youngest and removes it', async () => {
    const { simulator, during } = await scene({}, [{ ...plain, instances: 2 }]);
    const [oldest] = simulator.tasks('/web/front');
    const events = await during(() => call(`${simulator.url}/v2/apps//web/front`, 'PUT', { instances: 1 }));
    expect(events).toEqual([
      'deployment_info(ScaleApplication)',
      'IC(Running)',
      'group_change_success',
      'api_post_event',
      'SU(TASK_KILLED)',
      'IC(Killed)',
      'deployment_step_success',
      'deployment_success',
    ]);
    expect(simulator.tasks('/web/front').map(({ id }) => id)).toEqual([oldest?.id]);
  });

  it('tells about the killing where that feature is on', async () => {
    const { simulator, during } = await scene({ taskKilling: true }, [{ ...plain, instances: 2 }]);
    const events = await during(() => simulator.scale('/web/front', 1));
    expect(events.filter((name) => /^(SU|IC)/.test(name))).toEqual([
      'IC(Running)',
      'SU(TASK_KILLING)',
      'IC(Killing)',
      'SU(TASK_KILLED)',
      'IC(Killed)',
    ]);
  });
});

describe('sequence D, a kill without scaling', () => {
  it('has no deployment; the instance comes back with its next incarnation', async () => {
    const { simulator, during } = await scene({}, [plain]);
    const [task] = simulator.tasks('/web/front');
    const url = `${simulator.url}/v2/apps//web/front/tasks/${task!.id}`;
    const events = await during(() => call(url, 'DELETE'), 'IC(Running)');
    expect(events).toEqual([
      'SU(TASK_KILLED)',
      'IC(Killed)',
      'IC(Provisioned)',
      'SU(TASK_STARTING)',
      'IC(Starting)',
      'SU(TASK_RUNNING)',
      'IC(Running)',
    ]);
    expect(task!.id).toMatch(/\._app\.1$/);
    expect(simulator.tasks('/web/front')[0]!.id).toBe(task!.id.replace(/1$/, '2'));
  });

  it('leaves the killed task in the list, without ports, until it is launched again', async () => {
    const { simulator, during } = await scene({ timings: { offerMs: 300 } }, [plain]);
    const { id } = simulator.tasks('/web/front')[0]!;
    await during(() => simulator.kill(id), 'IC(Killed)');
    const { body } = await call(`${simulator.url}/v2/apps//web/front`, 'GET');
    expect(body.app.tasks[0]).toMatchObject({ id, state: 'TASK_KILLED', ports: [] });
    expect(body.app.tasks[0]!.startedAt).toBeUndefined();
  });

  it('makes a new instance before version 1.8', async () => {
    const { simulator, during } = await scene({ version: '1.5' }, [plain]);
    const { id, instanceId } = simulator.tasks('/web/front')[0]!;
    const events = await during(() => simulator.kill(id), 'IC(Running)');
    expect(events.slice(0, 3)).toEqual(['SU(TASK_KILLED)', 'IC(Killed)', 'IC(Created)']);
    expect(simulator.tasks('/web/front')[0]!.instanceId).not.toBe(instanceId);
    expect(id).toMatch(/^web_front\.[0-9a-f-]{36}$/);
  });
});

describe('sequence D with wipe', () => {
  it('forgets the instance before its task has ended, and starts another', async () => {
    const { simulator, during } = await scene({}, [plain]);
    const { id, instanceId } = simulator.tasks('/web/front')[0]!;
    const url = `${simulator.url}/v2/apps//web/front/tasks/${id}?wipe=true`;
    const events = await during(() => call(url, 'DELETE'), 'unknown_instance_terminated_event');
    expect(events.slice(0, 3)).toEqual(['IC(Running)', 'IC(Killed)', 'IC(Scheduled)']);
    await simulator.running('/web/front', 1);
    expect(simulator.tasks('/web/front')[0]!.instanceId).not.toBe(instanceId);
  });
});

describe('sequence E, a task that fails', () => {
  it('comes back after the backoff', async () => {
    const { simulator, during } = await scene({}, [plain]);
    simulator.failTask(simulator.tasks('/web/front')[0]!.id);
    const events = await during(() => Promise.resolve(), 'IC(Running)');
    expect(events.slice(0, 3)).toEqual(['SU(TASK_FAILED)', 'IC(Failed)', 'IC(Provisioned)']);
    const { body } = await call(`${simulator.url}/v2/apps//web/front`, 'GET');
    expect(body.app.lastTaskFailure.state).toBe('TASK_FAILED');
  });
});

describe('sequence F, deleting an app', () => {
  it('takes it from GET before its tasks have ended, and tells no api_post_event', async () => {
    const { simulator, during, stream } = await scene({ timings: { killMs: 300 } }, [checked]);
    const deleting = during(() => call(`${simulator.url}/v2/apps//web/front`, 'DELETE'));
    await stream.until(() => transcript(stream.events()).includes('group_change_success'));
    expect((await call(`${simulator.url}/v2/apps//web/front`, 'GET')).status).toBe(404);
    expect(simulator.tasks('/web/front')).toHaveLength(1);
    expect(await deleting).toEqual([
      'deployment_info(StopApplication)',
      'remove_health_check_event',
      'IC(Running)',
      'group_change_success',
      'SU(TASK_KILLED)',
      'IC(Killed)',
      'app_terminated_event',
      'deployment_step_success',
      'deployment_success',
    ]);
  });
});

describe('sequence G, replacing all tasks', () => {
  it('starts new ones up to the capacity and ends an old one for each that is ready', async () => {
    const { simulator, during } = await scene({}, [{ ...plain, instances: 1 }]);
    const [old] = simulator.tasks('/web/front');
    const events = await during(() => call(`${simulator.url}/v2/apps//web/front/restart`, 'POST'));
    expect(events).toEqual([
      'deployment_info(RestartApplication)',
      'IC(Scheduled)',
      'group_change_success',
      'IC(Provisioned)',
      'SU(TASK_STARTING)',
      'IC(Starting)',
      'SU(TASK_RUNNING)',
      'IC(Running)',
      'IC(Running)',
      'SU(TASK_KILLED)',
      'IC(Killed)',
      'deployment_step_success',
      'deployment_success',
    ]);
    expect(simulator.tasks('/web/front').map(({ id }) => id)).not.toContain(old!.id);
  });

  it('never has fewer ready tasks than the minimum, nor more tasks than the maximum', async () => {
    const upgradeStrategy = { minimumHealthCapacity: 0.5, maximumOverCapacity: 0.25 };
    const { simulator, during } = await scene({ timings: { offerMs: 5, killMs: 10 } }, [
      { ...checked, instances: 4, upgradeStrategy },
    ]);
    const counts: { ready: number; all: number }[] = [];
    simulator.onEvent(() => {
      const tasks = simulator.tasks('/web/front');
      const ready = tasks.filter(({ state, healthy }) => state === 'TASK_RUNNING' && healthy === true);
      counts.push({ ready: ready.length, all: tasks.length });
    });
    await during(() => simulator.update('/web/front', { labels: { changed: 'yes' } }));
    expect(Math.min(...counts.map(({ ready }) => ready))).toBe(2);
    expect(Math.max(...counts.map(({ all }) => all))).toBeLessThanOrEqual(5);
    const versions = new Set(simulator.tasks('/web/front').map(({ version }) => version));
    expect(versions.size).toBe(1);
  });

  it('runs one more than allowed where the strategy leaves no room', async () => {
    const upgradeStrategy = { minimumHealthCapacity: 1, maximumOverCapacity: 0 };
    const { simulator, during } = await scene({}, [{ ...plain, instances: 2, upgradeStrategy }]);
    let most = 0;
    simulator.onEvent(() => (most = Math.max(most, simulator.tasks('/web/front').length)));
    await during(() => simulator.restart('/web/front'));
    expect(most).toBe(3);
    expect(simulator.tasks('/web/front')).toHaveLength(2);
  });
});

describe('sequence H, health that changes', () => {
  it('flips, and recovers', async () => {
    const { simulator, during } = await scene({}, [
      { ...checked, healthChecks: [{ ...check, maxConsecutiveFailures: 0 }] },
    ]);
    const { id } = simulator.tasks('/web/front')[0]!;
    simulator.setHealthy(id, false);
    const ill = await during(() => Promise.resolve(), 'IH(false)');
    expect(ill.slice(0, 3)).toEqual(['failed_health_check_event', 'HS(false)', 'IH(false)']);
    simulator.setHealthy(id, true);
    const well = await during(() => Promise.resolve(), 'IH(true)');
    expect(well.filter((name) => name !== 'failed_health_check_event')).toEqual(['HS(true)', 'IH(true)']);
  });

  it('ends in a kill at the limit, and the instance comes back', async () => {
    const { simulator, during } = await scene({}, [
      { ...checked, healthChecks: [{ ...check, maxConsecutiveFailures: 2 }] },
    ]);
    simulator.setHealthy(simulator.tasks('/web/front')[0]!.id, false);
    const events = await during(() => Promise.resolve(), 'IC(Provisioned)');
    expect(events).toEqual([
      'failed_health_check_event',
      'HS(false)',
      'IH(false)',
      'failed_health_check_event',
      'failed_health_check_event',
      'unhealthy_instance_kill_event',
      'SU(TASK_KILLED)',
      'IC(Killed)',
      'IC(Provisioned)',
    ]);
  });

  it('does not count failures in the grace period', async () => {
    const { simulator } = await scene({ timings: { healthScale: 0.02 } });
    const app = { ...checked, healthChecks: [{ ...check, path: '/?status=500', gracePeriodSeconds: 600 }] };
    const failures: unknown[] = [];
    simulator.onEvent(({ eventType }) => {
      if (eventType === 'failed_health_check_event') failures.push(eventType);
    });
    void simulator.deploy(app).catch(() => undefined);
    await eventually(() => simulator.tasks('/web/front')[0]?.state === 'TASK_RUNNING');
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(failures).toEqual([]);
    expect(simulator.tasks('/web/front')[0]!.healthy).toBeUndefined();
  });
});

describe('sequence I, an agent that is lost', () => {
  it('by default forgets its tasks at once and starts others', async () => {
    const { simulator, during } = await scene({}, [plain]);
    const { id, host } = simulator.tasks('/web/front')[0]!;
    simulator.loseAgent(host);
    const events = await during(() => Promise.resolve(), 'IC(Running)');
    expect(events.slice(0, 4)).toEqual([
      'SU(TASK_UNREACHABLE)',
      'IC(UnreachableInactive)',
      'IC(Scheduled)',
      'IC(Provisioned)',
    ]);
    const [task] = simulator.tasks('/web/front');
    expect(task!.id).not.toBe(id);
    expect(task!.host).not.toBe(host);
  });

  it('keeps the task, with its ports, where the strategy waits; both run until one is surplus', async () => {
    const unreachableStrategy = { inactiveAfterSeconds: 0.3, expungeAfterSeconds: 60 };
    const { simulator, during } = await scene({}, [{ ...plain, unreachableStrategy }]);
    const { id, host, ports } = simulator.tasks('/web/front')[0]!;
    simulator.loseAgent(host);
    const { body } = await call(`${simulator.url}/v2/apps//web/front`, 'GET');
    expect(body.app.tasks[0]).toMatchObject({ id, state: 'TASK_UNREACHABLE', ports });
    const events = await during(() => Promise.resolve(), 'IC(Running)');
    expect(events.slice(0, 4)).toEqual([
      'SU(TASK_UNREACHABLE)',
      'IC(Unreachable)',
      'SU(TASK_UNREACHABLE)',
      'IC(UnreachableInactive)',
    ]);
    await simulator.recoverAgent(host);
    await eventually(() => simulator.tasks('/web/front').length === 1);
  });
});

describe('sequence J, deployments that meet', () => {
  it('are refused with 409 and told as failed', async () => {
    const { simulator, stream } = await scene({ timings: { offerMs: 300 } }, [plain]);
    void simulator.scale('/web/front', 3).catch(() => undefined);
    await stream.until(() => transcript(stream.events()).includes('group_change_success'));
    const answer = await call(`${simulator.url}/v2/apps//web/front`, 'PUT', { instances: 5 });
    expect(answer.status).toBe(409);
    expect(answer.body.message).toMatch(/^App is locked by one or more deployments/);
    expect(answer.body.deployments).toHaveLength(1);
    await stream.until(() => transcript(stream.events()).includes('deployment_failed'));
    expect(transcript(stream.events())).toContain('group_change_failed');
  });

  it('are cancelled by force', async () => {
    const { simulator, stream } = await scene({ timings: { offerMs: 300 } }, [plain]);
    const first = simulator.scale('/web/front', 3);
    first.catch(() => undefined);
    await stream.until(() => transcript(stream.events()).includes('group_change_success'));
    const answer = await call(`${simulator.url}/v2/apps//web/front?force=true`, 'PUT', { instances: 2 });
    expect(answer.status).toBe(200);
    await expect(first).rejects.toThrow('has failed');
    await stream.until(() => transcript(stream.events()).includes('deployment_success'));
    const failed = stream.events().find(({ eventType }) => eventType === 'deployment_failed');
    expect(failed?.['reason']).toBe('The upgrade has been cancelled');
    await simulator.running('/web/front', 2);
  });
});

describe('sequence K, a change of nothing', () => {
  it('is a deployment without steps', async () => {
    const { simulator, during, stream } = await scene({}, [plain]);
    const events = await during(
      () => call(`${simulator.url}/v2/apps//web/front`, 'PUT', { instances: 1 }),
      'api_post_event',
    );
    expect(events).toEqual(['deployment_success', 'group_change_success', 'api_post_event']);
    const [success] = stream.events().filter(({ eventType }) => eventType === 'deployment_success');
    expect(success?.['plan']).toMatchObject({ steps: [] });
  });
});

describe('sequence L, another leader', () => {
  it('closes all streams and forgets health, which comes back with the next checks', async () => {
    const { simulator, stream } = await scene({ timings: { healthScale: 0.4 } }, [checked]);
    expect(simulator.tasks('/web/front')[0]!.healthy).toBe(true);
    simulator.failover();
    await stream.closed;
    const { body } = await call(`${simulator.url}/v2/apps//web/front`, 'GET');
    expect(body.app.tasks[0]!.healthCheckResults).toEqual([]);
    await simulator.running('/web/front', 1);
  });
});
