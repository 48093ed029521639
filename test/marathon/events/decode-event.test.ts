import { describe, expect, it } from 'vitest';
import { decodeEvent } from '../../../src/marathon/events/decode-event.ts';
import { describeEvent, type MarathonEvent } from '../../../src/marathon/decode/event-types.ts';

const timestamp = '2021-03-01T10:00:04.512Z';
const at = Date.parse(timestamp);
const version = '2021-03-01T10:00:00.100Z';
const instanceId = 'web_front.instance-8a2b6c1e-7a77-11eb-9d3c-0242ac110005';
const taskId = `${instanceId}._app.1`;
const oldTask = 'web_front.8a2b6c1e-7a77-11eb-9d3c-0242ac110005';
const appId = '/web/front';
const plan = {
  id: '0b5e',
  version: '2021-03-01T10:00:00.100000Z',
  steps: [
    {
      actions: [
        { action: 'StartApplication', app: '/web/front' },
        { action: 'StartPod', pod: '/web/pod' },
      ],
    },
    {
      actions: [
        { action: 'ScaleApplication', app: '/web/front' },
        { action: 'StopApplication', app: '/web/old' },
      ],
    },
  ],
};
const planVersion = Date.parse(version);

function decode(type: string, fields: object): MarathonEvent {
  const decoded = decodeEvent(type, JSON.stringify({ ...fields, eventType: type, timestamp }));
  if (decoded.kind !== 'event') throw new Error(JSON.stringify(decoded));
  return decoded.event;
}

describe('events of 1.4 and later', () => {
  it.each<[string, object, object, string]>([
    ['event_stream_attached', { remoteAddress: '10.0.0.9' }, { kind: 'attached' }, 'event_stream_attached'],
    [
      'status_update_event',
      {
        slaveId: 'S3',
        taskId,
        taskStatus: 'TASK_RUNNING',
        message: '',
        appId,
        host: 'agent3.example.net',
        ipAddresses: [{ ipAddress: '172.17.0.4', protocol: 'IPv4' }],
        ports: [31007],
        version,
      },
      {
        kind: 'status',
        appId,
        taskId,
        state: 'TASK_RUNNING',
        host: 'agent3.example.net',
        ports: [31007],
        ipAddresses: ['172.17.0.4'],
        version,
      },
      'status_update_event /web/front TASK_RUNNING',
    ],
    [
      'instance_changed_event',
      {
        instanceId,
        condition: 'Killed',
        runSpecId: appId,
        agentId: null,
        host: null,
        runSpecVersion: version,
      },
      { kind: 'instance', appId, condition: 'Killed', instance: { instanceId, taskId: undefined } },
      'instance_changed_event /web/front Killed',
    ],
    [
      'instance_health_changed_event',
      { instanceId, runSpecId: appId, healthy: null, runSpecVersion: version },
      { kind: 'health', of: 'aggregate', appId, alive: undefined },
      'instance_health_changed_event /web/front unknown',
    ],
    [
      'health_status_changed_event',
      { appId, instanceId, version, alive: true },
      { kind: 'health', of: 'check', appId, alive: true, instance: { instanceId, taskId: undefined } },
      'health_status_changed_event /web/front healthy',
    ],
    [
      'unhealthy_instance_kill_event',
      { appId, taskId, instanceId, version, reason: '500', host: 'agent3' },
      { kind: 'unhealthy-kill', appId, instance: { instanceId, taskId } },
      'unhealthy_instance_kill_event /web/front',
    ],
    [
      'unknown_instance_terminated_event',
      { instanceId, runSpecId: appId, condition: 'Killed' },
      { kind: 'unknown-terminated', appId, instance: { instanceId, taskId: undefined } },
      'unknown_instance_terminated_event /web/front',
    ],
    ['app_terminated_event', { appId }, { kind: 'app-terminated', appId }, 'app_terminated_event /web/front'],
    [
      'group_change_success',
      { groupId: '/web', version },
      { kind: 'group-changed', groupId: '/web', version: planVersion },
      'group_change_success /web',
    ],
    [
      'api_post_event',
      { clientIp: '10.0.0.7', uri: '/v2/apps//web/front', appDefinition: { id: appId, labels: {} } },
      { kind: 'api-post', appId },
      'api_post_event /web/front',
    ],
    [
      'pod_created_event',
      { clientIp: '10.0.0.7', uri: '/v2/pods' },
      { kind: 'pod-changed', appId: undefined },
      'pod_created_event',
    ],
    [
      'pod_updated_event',
      { clientIp: '10.0.0.7', uri: '/v2/pods//web/pod' },
      { kind: 'pod-changed', appId: '/web/pod' },
      'pod_updated_event /web/pod',
    ],
    [
      'pod_deleted_event',
      { clientIp: '10.0.0.7', uri: '/service/marathon/v2/pods/%2Fweb%2Fpod?force=true' },
      { kind: 'pod-changed', appId: '/web/pod' },
      'pod_deleted_event /web/pod',
    ],
    [
      'deployment_info',
      { plan, currentStep: plan.steps[0] },
      {
        kind: 'deployment',
        phase: 'progress',
        version: planVersion,
        apps: ['/web/front', '/web/pod', '/web/old'],
      },
      'deployment_info /web/front /web/pod /web/old',
    ],
    [
      'deployment_failed',
      { id: '0b5e', plan, reason: 'cancelled' },
      { kind: 'deployment', phase: 'end' },
      'deployment_failed /web/front /web/pod /web/old',
    ],
  ])('%s', (type, fields, expected, description) => {
    const event = decode(type, fields);
    expect(event).toMatchObject({ ...expected, type, at });
    expect(describeEvent(event)).toBe(description);
  });
});

describe('events of 1.3, which knows no instances', () => {
  it.each<[string, object, object]>([
    [
      'health_status_changed_event',
      { appId, taskId: oldTask, version, alive: false },
      { kind: 'health', alive: false },
    ],
    [
      'unhealthy_task_kill_event',
      { appId, taskId: oldTask, version, reason: '500' },
      { kind: 'unhealthy-kill' },
    ],
    ['unknown_task_terminated_event', { taskId: oldTask, runSpecId: appId }, { kind: 'unknown-terminated' }],
  ])('%s names the task', (type, fields, expected) => {
    expect(decode(type, fields)).toMatchObject({
      ...expected,
      appId,
      instance: { taskId: oldTask, instanceId: oldTask },
    });
  });

  it('status_update_event comes without addresses', () => {
    const event = decode('status_update_event', {
      slaveId: '',
      taskId: oldTask,
      taskStatus: 'TASK_STAGING',
      appId: '/web',
      host: 'unknown',
      ports: [],
    });
    expect(event).toMatchObject({ ipAddresses: [], host: '', version: '' });
  });
});

describe('a frame', () => {
  it('is identified by its data rather than by its name', () => {
    expect(
      decodeEvent('message', JSON.stringify({ eventType: 'app_terminated_event', appId })),
    ).toMatchObject({
      kind: 'event',
      event: { kind: 'app-terminated', at: undefined },
    });
    expect(decodeEvent('app_terminated_event', JSON.stringify({ appId }))).toMatchObject({ kind: 'event' });
  });

  it('of a type that is not followed is ignored whatever it contains', () => {
    expect(decodeEvent('framework_message_event', '{"message":[104,105]}')).toEqual({
      kind: 'ignored',
      type: 'framework_message_event',
    });
  });

  it.each([
    ['status_update_event', 'no JSON'],
    ['status_update_event', '17'],
    ['status_update_event', '{}'],
    ['status_update_event', `{"appId":"/web","taskId":"t","taskStatus":"TASK_DANCING"}`],
    ['group_change_success', '{"groupId":"/","version":"yesterday"}'],
    ['deployment_info', '{"plan":{}}'],
    ['health_status_changed_event', '{"appId":"/web","alive":true}'],
    ['health_status_changed_event', '{"instanceId":"x","alive":true}'],
  ])('%s with %s is malformed', (name, data) => {
    const decoded = decodeEvent(name, data);
    expect(decoded.kind).toBe('malformed');
    expect(decoded).toHaveProperty('reason', expect.stringContaining(name));
  });

  it('has the same version in a plan and in a group change, however many decimals are written', () => {
    const versionOf = (text: string) => decode('group_change_success', { groupId: '/', version: text });
    const written = [
      '2021-03-01T10:00:00.100Z',
      '2021-03-01T10:00:00.1Z',
      '2021-03-01T10:00:00.100999Z',
      '2021-03-01T11:00:00.1+01:00',
    ];
    expect(new Set(written.map((text) => (versionOf(text) as { version: number }).version))).toEqual(
      new Set([planVersion]),
    );
  });
});
