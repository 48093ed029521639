import { expect, test } from 'vitest';
import { networkNotice } from '../../../src/daemon/publish/network-notice.ts';
import type { MachineFacts } from '../../../src/daemon/decide/pipeline-state.ts';
import type { RunningAnswer } from '../../../src/haproxy/control/control.ts';
import type { Network } from '../../../src/haproxy/machine/network.ts';

const unknown: Network = { kind: 'unknown', reason: 'nothing of it is visible here' };
const inNetwork = (network: Network) =>
  ({ ports: { ours: {}, ourRights: false, network } }) as unknown as MachineFacts;

test('a notice that ports cannot be seen is logged once HAProxy runs, and again only after they could be seen', async () => {
  const said: unknown[] = [];
  let answer: RunningAnswer = { kind: 'absent' };
  const noticed = networkNotice({ running: () => Promise.resolve(answer) }, {
    warn: (details: unknown) => said.push(details),
  } as never);
  await noticed(inNetwork(unknown));
  expect(said).toEqual([]);
  answer = { kind: 'running', running: {} } as RunningAnswer;
  await noticed(inNetwork(unknown));
  await noticed(inNetwork(unknown));
  expect(said).toEqual([{ reason: 'nothing of it is visible here' }]);
  await noticed(inNetwork({ kind: 'shared', of: 'self' }));
  await noticed(inNetwork(unknown));
  expect(said).toHaveLength(2);
});
