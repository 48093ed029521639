/** `pacer render`: configuration and maps for a saved answer of Marathon. Needs neither Marathon nor HAProxy. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { allDiagnostics, nextDesired, nothingDesired } from '../core/desired.ts';
import { describeDiagnostic } from '../core/diagnostic.ts';
import type { App } from '../core/model.ts';
import { hostTable } from '../daemon/hosts.ts';
import { modelContext } from '../daemon/model-context.ts';
import { defaultMaxconn, steadyFrame } from '../daemon/surroundings.ts';
import { messageOf, PacerError } from '../errors.ts';
import { decodeApps } from '../marathon/decode.ts';
import { loadFragments } from '../render/fragments.ts';
import { configurationFile, renderer } from '../render/render.ts';
import { environment } from '../settings/environment.ts';
import { resolveSettings } from '../settings/settings.ts';

export async function render(options: Record<string, unknown>): Promise<number> {
  const { config, apps: file, out, hosts, ...flags } = options;
  const text = (value: unknown) => (typeof value === 'string' ? value : undefined);
  const { settings } = resolveSettings({
    flags: { ...flags, groups: flags['groups'] ?? ['*'] },
    environment: environment(),
    file: text(config),
  });
  const { apps, diagnostics } = decodeApps(await readJson(text(file) ?? '-'));
  const resolve = await addresses(apps, text(hosts));
  const desired = nextDesired(
    nothingDesired,
    { changed: apps, removed: [] },
    modelContext(settings, resolve),
  );
  const { files } = renderer(loadFragments(), steadyFrame(settings)).render(desired, {
    // Named, not read: the answer depends on the input alone.
    certificates: settings.dontBindHttpHttps ? [] : (settings.sslCerts ?? ['/etc/ssl/cert.pem']),
    certificateDigests: new Map(),
    maxconn: settings.maxconn ?? defaultMaxconn(undefined),
    maxpipes: 500,
  });
  for (const diagnostic of [...diagnostics, ...allDiagnostics(desired)]) {
    process.stderr.write(`${diagnostic.severity}: ${describeDiagnostic(diagnostic)}\n`);
  }
  if (text(out) === undefined) print(files);
  else await writeFiles(text(out) ?? '', files);
  return 0;
}

async function readJson(path: string): Promise<unknown> {
  const content = await readText(path === '-' ? '/dev/stdin' : path, '--apps');
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

async function readText(path: string, flag: string): Promise<string> {
  return readFile(path, 'utf8').catch((error: unknown) => {
    throw new PacerError(
      'FILE_UNREADABLE',
      `${flag} ${path}: ${messageOf(error)}`,
      'check that the file exists and may be read',
    );
  });
}

async function addresses(
  apps: readonly App[],
  hostsFile: string | undefined,
): Promise<(host: string) => string | undefined> {
  if (hostsFile !== undefined) {
    const table = new Map<string, string>();
    for (const line of (await readText(hostsFile, '--hosts')).split('\n')) {
      const [address, ...names] = line
        .replace(/#.*/, '')
        .split(/\s+/)
        .filter((word) => word !== '');
      for (const name of names) if (address !== undefined && !table.has(name)) table.set(name, address);
    }
    return (host) => table.get(host);
  }
  const table = hostTable({ onChange: () => undefined });
  await table.learn(
    apps.flatMap(({ tasks }) => tasks.map(({ host }) => host)),
    10_000,
  );
  table.close();
  return table.resolve;
}

function print(files: ReadonlyMap<string, string | Buffer>): void {
  for (const [name, content] of files) {
    if (name.startsWith('errors/')) continue;
    if (name !== configurationFile) process.stdout.write(`\n# ---- ${name}\n`);
    process.stdout.write(content);
  }
}

async function writeFiles(directory: string, files: ReadonlyMap<string, string | Buffer>): Promise<void> {
  for (const [name, content] of files) {
    const path = join(directory, name);
    await mkdir(dirname(path), { recursive: true }).catch((error: unknown) => {
      throw new PacerError(
        'FILE_UNREADABLE',
        `--out ${directory}: ${messageOf(error)}`,
        'name a directory that may be written',
      );
    });
    await writeFile(path, content);
  }
}
