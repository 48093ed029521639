/** `pacer run`: the daemon. */
import { runDaemon } from '../../daemon/start/lifecycle.ts';
import { createLogger } from '../../observe/log.ts';
import { environment } from '../../settings/environment.ts';
import { resolveSettings, type Settings } from '../../settings/settings.ts';
import { packageVersion } from '../../package.ts';
import { askSignals, stopSignal } from '../signals.ts';
import { fetchNow, printFiles, printSaid, renderApps, resolveHosts } from '../render-apps.ts';

export async function run({ config, ...flags }: Record<string, unknown>): Promise<number> {
  const signal = stopSignal({ stopUnread: false });
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

/** `--dry`: the configuration for what Marathon says now, printed. Touches neither HAProxy nor the state directory. */
async function dry(settings: Settings, notices: readonly string[]): Promise<number> {
  const decoded = await fetchNow(settings.clusters);
  const { files, said } = renderApps(settings, decoded, await resolveHosts(decoded.apps));
  printSaid([...notices.map((notice) => `notice: ${notice}`), ...said]);
  printFiles(files);
  return 0;
}
