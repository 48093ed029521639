/** A golden case: settings and apps in, configuration, maps and diagnostics out. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { allDiagnostics, nextDesired, nothingDesired } from '../../src/core/desired/desired.ts';
import { describeDiagnostic, type Diagnostic } from '../../src/core/model/diagnostic.ts';
import { modelContext } from '../../src/daemon/start/model-context.ts';
import { fixedHead } from '../../src/daemon/publish/machine-facts.ts';
import { decodeApps } from '../../src/marathon/decode/decode.ts';
import { loadFragments } from '../../src/render/fragments.ts';
import { loadOperatorTemplates, type TemplateSources } from '../../src/render/operator/operator-templates.ts';
import { renderer, type Rendering } from '../../src/render/render.ts';
import { resolveSettings } from '../../src/settings/settings.ts';
import { makePem } from './certificate.ts';
import { changingHead } from './changing-head.ts';

export interface GoldenCase {
  readonly about: string;
  /** Keys of the settings table. */
  readonly settings?: Record<string, unknown>;
  /** Agents' host names → addresses. */
  readonly hosts?: Record<string, string>;
  /** As Marathon answers them. */
  readonly apps: unknown[];
  /** The operator's templates: file name → text. */
  readonly templates?: Record<string, string>;
  /** Shown beside what the apps add: everything, or the HTTP listener, or all. */
  readonly show?: 'everything' | 'http-listener' | 'listeners';
}

export const readCase = (path: string): GoldenCase =>
  parse(readFileSync(path, 'utf8'), { merge: true }) as GoldenCase;

/** Stands in cases for the directory of certificates that exist. */
const certificateFolder = '/certificates';

interface Rendered {
  readonly rendering: Rendering;
  readonly diagnostics: string[];
  /** Those of the model, as it has them. */
  readonly found: readonly Diagnostic[];
  /** `<app id> <port index>` of every service that is served. */
  readonly served: ReadonlySet<string>;
}

export function renderCase(golden: GoldenCase): Rendered {
  const { settings } = resolveSettings({
    flags: { groups: ['external'], stateDir: '/var/lib/pacer', ...golden.settings },
    environment: {},
    file: undefined,
  });
  const { apps, diagnostics } = decodeApps({ apps: golden.apps });
  const templates = withTemplates(golden, loadOperatorTemplates);
  const context = modelContext(settings, (host) => golden.hosts?.[host], templates);
  const desired = nextDesired(nothingDesired, { changed: apps, removed: [] }, context);
  const rendering = renderer(loadFragments(templates.fragments), fixedHead(settings, templates)).render(
    desired,
    changingHead({
      certificates: settings.dontBindHttpHttps ? [] : [`${certificateFolder}/default.pem`],
      ...{ maxconn: 1000, maxpipes: 500 },
    }),
  );
  const notices = templates.notices.map((notice) => `operator: ${notice.replace(/\/\S*\//, '')}`);
  const found = allDiagnostics(desired);
  const told = [...diagnostics, ...found].map((it) => `${it.severity}: ${describeDiagnostic(it)}`);
  const served = [...desired.services.values()].map(
    ({ definition }) => `${definition.appId} ${definition.portIndex}`,
  );
  return { rendering, diagnostics: [...notices, ...told], found, served: new Set(served) };
}

/** The case's templates in files, where there are some: a directory is read as an operator's is. */
function withTemplates<T>(golden: GoldenCase, load: (sources: TemplateSources) => T): T {
  const files = golden.templates ?? {};
  if (Object.keys(files).length === 0) return load({ variables: {}, directories: [] });
  const directory = mkdtempSync(join(tmpdir(), 'pacer-templates-'));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
    return load({ variables: {}, directories: [directory] });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** What a reviewer reads: the part that the apps add, the maps with something in them, the diagnostics. */
export function showCase(golden: GoldenCase): string {
  const { rendering, diagnostics } = renderCase(golden);
  const configuration = String(rendering.files.get('haproxy.cfg'));
  const shown =
    golden.show === 'everything'
      ? configuration.replace(/PACER_HASH .*/, 'PACER_HASH <hash>')
      : golden.show === 'listeners'
        ? configuration.slice(configuration.indexOf('frontend marathon_http_in'))
        : `${golden.show === 'http-listener' ? section(configuration, 'frontend marathon_http_in') : ''}${appsOf(configuration)}`;
  const maps = [...rendering.files].filter(([name, text]) => name.endsWith('.map') && text.length > 0);
  return [
    `# ${golden.about}`,
    shown.trim(),
    ...maps.map(([name, text]) => `# ---- ${name}\n${String(text).trim()}`),
    ...(diagnostics.length === 0 ? [] : [`# ---- diagnostics\n${diagnostics.join('\n')}`]),
    '',
  ].join('\n\n');
}

/** From one section's line to the next section's. */
function section(configuration: string, head: string): string {
  const start = configuration.indexOf(head);
  return start < 0 ? '' : configuration.slice(start, configuration.indexOf('\n\n', start) + 2);
}

/** What follows the last of Pacer's own sections. */
function appsOf(configuration: string): string {
  const last = configuration.indexOf('frontend marathon_http_appid_in');
  const end = configuration.indexOf('\n\n', last);
  return end < 0 ? '' : configuration.slice(end + 2);
}

/** A directory with a certificate for every path in `names`, made once. */
export async function certificates(
  names: readonly string[],
): Promise<{ directory: string; remove: () => void }> {
  const directory = mkdtempSync(join(tmpdir(), 'pacer-golden-'));
  const pem = await makePem('test');
  for (const name of names) writeFileSync(join(directory, name), pem);
  return { directory, remove: () => rmSync(directory, { recursive: true, force: true }) };
}

/** 3.1 and 3.2 warn of it; from 3.3 on the configuration has other names. */
const sameName = /has the same name as frontend .* will not be supported anymore in version 3\.3/;

/** 3.4 measures how long a password's hash takes, and the machine may be busy. */
const slowHash = /the hash algorithm used for this password takes \d+ milliseconds/;

/** What `haproxy -c` says of a rendering; '' when it accepts it without a warning. */
export function checkRendering(
  rendering: Rendering,
  certificateDirectory: string,
  program = process.env['TEST_HAPROXY'] ?? 'haproxy',
): string {
  const directory = mkdtempSync(join(tmpdir(), 'pacer-check-'));
  try {
    for (const [name, content] of rendering.files) {
      mkdirSync(dirname(join(directory, name)), { recursive: true });
      writeFileSync(
        join(directory, name),
        String(content).replaceAll(`${certificateFolder}/`, `${certificateDirectory}/`),
      );
    }
    const { status, stderr } = spawnSync(program, ['-c', '-f', join(directory, 'haproxy.cfg')], {
      encoding: 'utf8',
    });
    const said = stderr
      .split('\n')
      .filter((line) => /\[(?:WARNING|ALERT)/.test(line) && !sameName.test(line) && !slowHash.test(line));
    return status === 0 ? said.join('\n') : stderr;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
