/** What HAProxy prints about a configuration it refuses, as Pacer reads it. */
import { parseMessages, type CheckMessage } from '../../../src/haproxy/files/messages.ts';
import type { Alert } from './configuration.ts';
import type { FakeProcesses } from './processes.ts';

/** Through the text that HAProxy would print, so that it is read as the real one is. */
export function readMessages(
  { disk }: FakeProcesses,
  alerts: readonly Alert[],
  file = disk.configFile,
): CheckMessage[] {
  const printed = alerts.map(({ line, text }) =>
    line === 0
      ? `[ALERT]    (1) : config : ${text}`
      : `[ALERT]    (1) : config : parsing [${file}:${line}] : ${text}`,
  );
  return parseMessages(printed.join('\n'));
}
