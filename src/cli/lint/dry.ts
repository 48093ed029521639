/** `--dry`: the configuration for what Marathon says now, printed. Touches neither HAProxy nor the state directory. */
import type { Settings } from '../../settings/settings.ts';
import { fetchNow, printFiles, printSaid, renderApps, resolveHosts } from '../render-apps.ts';

export async function dry(settings: Settings, notices: readonly string[]): Promise<number> {
  const decoded = await fetchNow(settings.clusters);
  const { files, said } = renderApps(settings, decoded, await resolveHosts(decoded.apps));
  printSaid([...notices.map((notice) => `notice: ${notice}`), ...said]);
  printFiles(files);
  return 0;
}
