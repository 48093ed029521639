/** Large documents and events are read in pieces, and say the same as read whole. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeEvent } from '../../src/marathon/events/decode-event.ts';
import { decodeApps, decodeAppsInPieces } from '../../src/marathon/decode/decode.ts';
import { jsonElements } from '../../src/marathon/decode/json-elements.ts';

const bytes = (value: unknown, indent = 0) => Buffer.from(JSON.stringify(value, null, indent));
const elements = (text: Buffer, key = 'apps') =>
  [...jsonElements(text, key)].map((element) => JSON.parse(element.toString()) as unknown);

describe('the elements of a list', () => {
  it('are the same as those found by JSON.parse, whatever the list and its neighbours contain', () => {
    const neighbours = fc.dictionary(fc.string(), fc.jsonValue());
    fc.assert(
      fc.property(neighbours, fc.array(fc.jsonValue()), fc.nat({ max: 3 }), (others, list, indent) => {
        const { apps: _apps, ...before } = others;
        // As it arrives: -0 is 0 there, and __proto__ a key like any other.
        const text = bytes({ ...before, apps: list }, indent);
        expect(elements(text)).toEqual((JSON.parse(text.toString()) as { apps: unknown[] }).apps);
      }),
    );
  });

  it('are refused wherever the document is cut off', () => {
    const text = bytes({ x: [1, { a: '}"\\' }], apps: [{ id: '/a"\\', n: -1.5e3 }, [], 'é', null], y: true });
    for (let length = 0; length < text.length; length++)
      expect(() => elements(text.subarray(0, length))).toThrow();
    expect(elements(text)).toHaveLength(4);
  });

  it.each(['<html>', '[]', '{"apps":[1,]}', '{"apps":[1]}x', '{"apps":[1] "b":2}', '{apps:[]}', ''])(
    'are refused in %s',
    (text) => {
      expect(() => elements(Buffer.from(text))).toThrow(SyntaxError);
    },
  );

  it('are none if the list has another key, or the value is not a list', () => {
    expect(elements(bytes({ groups: [1], apps: { apps: [2] } }))).toEqual([]);
  });
});

describe('the apps of an answer', () => {
  const fixture = (name: string) => readFileSync(new URL(`fixtures/${name}.json`, import.meta.url));

  it.each(['decode/modern', 'decode/v1.4', 'zdd-apps', 'real-group-155-100'])(
    'are read in pieces the same as at once: %s',
    async (name) => {
      const text = fixture(name);
      expect(await decodeAppsInPieces(text)).toEqual(decodeApps(JSON.parse(text.toString())));
    },
  );

  it('are none, with the same reason, if the answer has none', async () => {
    expect(await decodeAppsInPieces(bytes({ apps: [] }))).toMatchObject({ apps: [] });
    await expect(decodeAppsInPieces(bytes({ message: 'no leader' }))).rejects.toThrow('no leader');
  });

  it('let other work run in between', async () => {
    const tasks = Array.from({ length: 5 }, (_, i) => ({
      id: `t.instance-${i}._app.1`,
      host: 'a',
      ports: [1],
    }));
    const text = bytes({ apps: Array.from({ length: 5_000 }, (_, i) => ({ id: `/app-${i}`, tasks })) });
    let turns = 0;
    const turn = setInterval(() => turns++, 0);
    expect((await decodeAppsInPieces(text)).apps).toHaveLength(5_000);
    clearInterval(turn);
    expect(turns).toBeGreaterThan(5);
  });
});

describe('a large event', () => {
  const group = {
    id: '/',
    apps: [{ id: '/x', labels: { trap: '"steps":[],"version":"1970-01-01T00:00:00.000Z"' } }],
  };
  const filler = { ...group, groups: Array.from({ length: 2_000 }, (_, i) => ({ ...group, id: `/g${i}` })) };
  const plan = {
    id: 'p',
    original: filler,
    target: filler,
    steps: [
      { actions: [{ action: 'StartApplication', app: '/a' }] },
      {
        actions: [
          { action: 'ScaleApplication', app: '/a' },
          { action: 'StartPod', pod: '/p' },
        ],
      },
    ],
    version: '2021-03-01T10:00:00.100Z',
  };
  const common = { eventType: 'deployment_info', timestamp: '2021-03-01T10:00:01.000Z' };
  const currentStep = plan.steps[0];

  it.each([
    ['with its own fields last', { plan, currentStep, ...common }],
    ['with its own fields first', { ...common, plan }],
    [
      'in another order than ever was',
      { ...common, plan: { version: plan.version, steps: plan.steps, original: filler } },
    ],
  ])('of a deployment that contains all groups, %s, means the same as without them', (_, heavy) => {
    const light = { ...common, plan: { steps: plan.steps, version: plan.version }, currentStep };
    const data = JSON.stringify(heavy);
    expect(data.length).toBeGreaterThan(65_536);
    const decoded = decodeEvent('deployment_info', data);
    expect(decoded.kind).toBe('event');
    expect(decoded).toEqual(decodeEvent('deployment_info', JSON.stringify(light)));
  });

  it('that nobody follows is not even parsed', () => {
    const data = `{${'x'.repeat(100_000)}`;
    expect(decodeEvent('framework_message_event', data)).toEqual({
      kind: 'ignored',
      type: 'framework_message_event',
    });
    expect(decodeEvent('status_update_event', data).kind).toBe('malformed');
  });
});
