/** `pacer render`: configuration and maps for a saved answer of Marathon. Needs neither Marathon nor HAProxy. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { App } from '../../core/model/model.ts';
import { messageOf, PacerError } from '../../errors.ts';
import { decodeApps } from '../../marathon/decode/decode.ts';
import { environment } from '../../settings/environment.ts';
import { resolveSettings } from '../../settings/settings.ts';
import { readNamed } from '../input.ts';
import { printFiles, printSaid, renderApps, resolveHosts } from '../render-apps.ts';

export async function render(options: Record<string, unknown>): Promise<number> {
  const { config, apps: file, out, hosts, ...flags } = options;
  const text = (value: unknown) => (typeof value === 'string' ? value : undefined);
  const { settings } = resolveSettings(
    { flags, environment: environment(), file: text(config) },
    { groups: ['*'] },
  );
  const decoded = decodeApps(await readJson(text(file) ?? '-'));
  const { files, said } = renderApps(settings, decoded, await addresses(decoded.apps, text(hosts)));
  printSaid(said);
  if (text(out) === undefined) printFiles(files);
  else await writeFiles(text(out) ?? '', files);
  return 0;
}

async function readJson(path: string): Promise<unknown> {
  const content = await readNamed(path, '--apps');
  try {
    return JSON.parse(content);
  } catch (error) {
    throw new PacerError(
      'FILE_MALFORMED',
      `--apps ${path} is not JSON: ${messageOf(error)}`,
      'save it with `curl -H "Accept: application/json" MARATHON/v2/apps?embed=apps.tasks`',
    );
  }
}

async function addresses(
  apps: readonly App[],
  hostsFile: string | undefined,
): Promise<(host: string) => string | undefined> {
  if (hostsFile !== undefined) {
    const table = new Map<string, string>();
    for (const line of (await readNamed(hostsFile, '--hosts')).split('\n')) {
      const [address, ...names] = line
        .replace(/#.*/, '')
        .split(/\s+/)
        .filter((word) => word !== '');
      for (const name of names) if (address !== undefined && !table.has(name)) table.set(name, address);
    }
    return (host) => table.get(host);
  }
  return resolveHosts(apps);
}

async function writeFiles(directory: string, files: ReadonlyMap<string, string | Buffer>): Promise<void> {
  try {
    for (const [name, content] of files) {
      const path = join(directory, name);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, content);
    }
  } catch (error) {
    throw new PacerError(
      'FILE_UNREADABLE',
      `--out ${directory}: ${messageOf(error)}`,
      'name a directory that may be written',
    );
  }
}
