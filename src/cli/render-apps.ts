/** Apps → configuration without a daemon, as the daemon makes it: for `render`, `--dry`, `compare` and `lint`. */
import { allDiagnostics, nextDesired, nothingDesired, type Desired } from '../core/desired/desired.ts';
import { describeDiagnostic, type Diagnostic } from '../core/model/diagnostic.ts';
import type { MarathonCluster } from '../core/model/marathon-access.ts';
import { byCodePoint } from '../core/model/ids.ts';
import type { App } from '../core/model/model.ts';
import type { ServiceDefinition } from '../core/model/service.ts';
import { hostTable } from '../daemon/hosts/table.ts';
import { modelContext } from '../daemon/start/model-context.ts';
import { defaultMaxconn, fixedHead } from '../daemon/publish/machine-facts.ts';
import { noFacts } from '../daemon/rejected/facts.ts';
import { createRejections, type Rejections } from '../daemon/rejected/rejections.ts';
import type { Verdict } from '../daemon/rejected/verdicts.ts';
import { fetchAll } from '../marathon/client/fetch.ts';
import { MergedApps } from '../marathon/mirror/merged-apps.ts';
import { MarathonClient } from '../marathon/client/client.ts';
import type { DecodedApps } from '../marathon/decode/decode.ts';
import { loadFragments } from '../render/fragments.ts';
import { idleTemplates, loadOperatorTemplates } from '../render/operator/operator-templates.ts';
import { configurationFile, renderer, type Renderer, type Rendering } from '../render/render.ts';
import type { Settings } from '../settings/settings.ts';
import { oneLine } from './terminal/text.ts';

type Resolve = (host: string) => string | undefined;
type Files = ReadonlyMap<string, string | Buffer>;

export interface Rendered {
  readonly desired: Desired;
  /** Relative name → content. */
  readonly files: Files;
  readonly rendering: Rendering;
  readonly diagnostics: readonly Diagnostic[];
  /** One line each, with its severity. */
  readonly said: readonly string[];
  /** The same without a service that HAProxy refuses. */
  readonly without: (culprits: ReadonlyMap<ServiceDefinition, string>) => Promise<Rendered>;
}

export interface Machine {
  /** Paths of the HTTPS listener's certificates; those of the settings unless told. */
  readonly certificates?: readonly string[];
  /** Of the HAProxy that is to serve; the newest unless told. */
  readonly capabilities?: { readonly addServerCookie: boolean };
}

export function renderApps(
  settings: Settings,
  { apps, diagnostics }: Pick<DecodedApps, 'apps' | 'diagnostics'>,
  resolve: Resolve,
  { certificates, capabilities }: Machine = {},
): Rendered {
  const templates = loadOperatorTemplates(settings.templateSources);
  const context = modelContext(settings, resolve, templates, capabilities);
  const derived = nextDesired(nothingDesired, { changed: apps, removed: [] }, context);
  const { render, sample } = renderer(loadFragments(templates.fragments), fixedHead(settings, templates));
  const head = {
    // Named, not read: the answer depends on the input alone.
    certificates: settings.dontBindHttpHttps
      ? []
      : (certificates ?? settings.sslCerts ?? ['/etc/ssl/cert.pem']),
    certificateNames: [],
    certificateDigests: new Map(),
    maxconn: settings.maxconn ?? defaultMaxconn(undefined),
    maxpipes: 500,
  };
  const idle = idleTemplates(templates, settings.groupHttpsByVhost);
  const notices = [...templates.notices, ...idle].map((notice) => `notice: ${notice}`);
  const rejections = rejectionsOf(sample);
  const rendered = (): Rendered => {
    const { desired, rendering } = rejections.writable(
      derived,
      { facts: noFacts, waiting: [], complaint: '' },
      (served) => render(served, head),
    );
    const all = [...diagnostics, ...allDiagnostics(desired)];
    return {
      ...{ desired, rendering, files: rendering.files, diagnostics: all },
      said: [...notices, ...all.map((it) => `${it.severity}: ${describeDiagnostic(it)}`)],
      without: async (culprits) => {
        for (const [culprit, reason] of culprits) await rejections.reject(culprit, reason, true);
        return rendered();
      },
    };
  };
  return rendered();
}

/** The daemon's, with a memory that ends with the command. */
function rejectionsOf(sample: Renderer['sample']): Rejections {
  const verdicts = new Map<string, Verdict>();
  return createRejections({
    verdicts: {
      on: (text) => verdicts.get(text),
      add: (text, reason, isCertain) => {
        verdicts.set(text, { reason, files: {}, isCertain });
        return Promise.resolve();
      },
      look: () => Promise.resolve(),
      isEmpty: () => verdicts.size === 0,
    },
    lastGood: { of: () => undefined },
    sample,
  });
}

/** The agents' addresses, as this machine's resolver gives them. */
export async function resolveHosts(apps: readonly App[]): Promise<Resolve> {
  const table = hostTable({ onChange: () => undefined });
  table.track({ changed: apps, removed: [] });
  await table.settled(10_000);
  table.close();
  return table.resolve;
}

/** What Marathon says now. @throws PacerError MARATHON_UNREACHABLE, MARATHON_REFUSED, MARATHON_MALFORMED */
export async function fetchNow(clusters: Settings['clusters']): Promise<DecodedApps> {
  const answers = await Promise.all(clusters.map(fetchFrom));
  const [only, ...more] = answers;
  if (only !== undefined && more.length === 0) return only;
  const merged = new MergedApps(clusters.map(({ name }) => name ?? ''));
  for (const [index, { apps }] of answers.entries()) {
    const listed = new Map(apps.map((app) => [app.id, app]));
    const news = { kind: 'snapshot', cause: 'snapshot', receivedAt: Date.now() } as const;
    merged.put(index, { ...news, apps: listed, changed: [...listed.keys()], removed: [] });
  }
  return {
    apps: [...merged.apps.values()].sort((a, b) => byCodePoint(a.id, b.id)),
    diagnostics: answers.flatMap(({ diagnostics }) => diagnostics),
    malformed: answers.flatMap(({ malformed }) => malformed),
  };
}

async function fetchFrom({ access }: MarathonCluster): Promise<DecodedApps> {
  const client = new MarathonClient(access);
  try {
    return await fetchAll(client);
  } finally {
    await client.close();
  }
}

/** The configuration, then each map under a line with its name. */
export function printFiles(files: Files): void {
  for (const [name, content] of files) {
    if (name.startsWith('errors/')) continue;
    if (name !== configurationFile) process.stdout.write(`\n# ---- ${name}\n`);
    process.stdout.write(content);
  }
}

export function printSaid(said: readonly string[]): void {
  for (const line of said) process.stderr.write(`${oneLine(line)}\n`);
}
