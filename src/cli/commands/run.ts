/** `pacer run`: the daemon. */
import { runDaemon } from '../../daemon/start/lifecycle.ts';
import { createLogger } from '../../observe/log.ts';
import { environment } from '../../settings/environment.ts';
import { resolveSettings } from '../../settings/settings.ts';
import { dry } from '../lint/dry.ts';
import { packageVersion } from '../package.ts';
import { askSignals, stopSignal } from '../signals.ts';

export async function run({ config, ...flags }: Record<string, unknown>): Promise<number> {
  const signal = stopSignal();
  const asks = askSignals();
  const file = typeof config === 'string' ? config : undefined;
  const { settings, notices } = resolveSettings({ flags, environment: environment(), file });
  if (settings.dry) return dry(settings, notices);
  const log = await createLogger({ format: settings.logFormat, level: settings.logLevel });
  await runDaemon({
    settings,
    notices,
    version: packageVersion(),
    searchPath: environment()['PATH'] ?? '',
    log,
    signal,
    asks,
  });
  return 0;
}
