/** What the process is told from outside. */
import { EventEmitter } from 'node:events';
import { onUnread } from './output.ts';
import type { OperatorSignals } from '../daemon/start/operator-signals.ts';

/**
 * Ctrl-C and the service manager's stop as an AbortSignal.
 * @param stopUnread for what is of no use once nobody reads its output; the daemon serves on
 */
export function stopSignal({ stopUnread = true } = {}): AbortSignal {
  const controller = new AbortController();
  if (stopUnread) onUnread(() => controller.abort());
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      // A second one means "now".
      if (controller.signal.aborted) process.exit(130);
      controller.abort();
    });
  }
  return controller.signal;
}

/** marathon-lb's signals: SIGHUP fetches and applies, SIGUSR1 reloads. Node would start its debugger for the latter. */
export function askSignals(): OperatorSignals {
  const asks: OperatorSignals = new EventEmitter();
  process.on('SIGHUP', () => asks.emit('refetch', 'SIGHUP'));
  process.on('SIGUSR1', () => asks.emit('reload', 'SIGUSR1'));
  return asks;
}
