/** Documents of Marathon with one app that means no good among others that do. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  allDiagnostics,
  nextDesired,
  nothingDesired,
  withRejected,
  type Desired,
} from '../../src/core/desired/desired.ts';
import type { Diagnostic } from '../../src/core/model/diagnostic.ts';
import { labelFragments } from '../../src/core/labels/fragments.ts';
import { appLabels, portLabels } from '../../src/core/labels/table.ts';
import { mayStand, sharedKeywords } from '../../src/core/guard/keywords.ts';
import { isTemplateName } from '../../src/core/model/template-names.ts';
import { modelContext } from '../../src/daemon/start/model-context.ts';
import { createFileObserver } from '../../src/daemon/files/observer.ts';
import { preflight } from '../../src/daemon/publish/preflight.ts';
import { fixedHead } from '../../src/daemon/publish/machine-facts.ts';
import { decodeApps } from '../../src/marathon/decode/decode.ts';
import { loadFragments } from '../../src/render/fragments.ts';
import { renderer, type Rendering } from '../../src/render/render.ts';
import { resolveSettings } from '../../src/settings/settings.ts';
import { readConfiguration } from '../support/configuration.ts';
import { changingHead } from '../support/changing-head.ts';
import { injected } from '../support/injection.ts';

const { settings } = resolveSettings({
  flags: { groups: ['external'], stateDir: '/var/lib/pacer' },
  environment: {},
  file: undefined,
});
/** For copies of files that labels name; the corpus names none that is good. */
const stateDir = join(tmpdir(), 'pacer-hostile-without-copies');
const render = renderer(loadFragments(), fixedHead(settings));
const context = modelContext(settings, () => '10.0.0.9');

export interface Outcome {
  readonly rendering: Rendering;
  readonly diagnostics: readonly Diagnostic[];
  /** App id → its backends that are served. */
  readonly backends: ReadonlyMap<string, string[]>;
}

/** A document as Marathon answers it, through decode, model and render. */
export function through(apps: readonly unknown[]): Outcome {
  const decoded = decodeApps({ apps });
  const desired = nextDesired(nothingDesired, { changed: decoded.apps, removed: [] }, context);
  return outcomeOf(desired, decoded.diagnostics);
}

/** The same with what the daemon asks the machine before HAProxy is asked: files. */
export async function throughPreflight(apps: readonly unknown[]): Promise<Outcome> {
  const decoded = decodeApps({ apps });
  const desired = nextDesired(nothingDesired, { changed: decoded.apps, removed: [] }, context);
  const { findings: holds } = await preflight({
    ...{
      desired,
      runningBinds: new Set(),
      served: () => 'no' as const,
      budget: undefined,
      ports: { ours: {}, network: { kind: 'unknown', reason: '' }, ourRights: false },
    },
    files: createFileObserver({ stateDir, named: undefined, warn: () => undefined }),
  });
  return outcomeOf(withRejected(desired, holds), decoded.diagnostics);
}

function outcomeOf(desired: Desired, malformed: readonly Diagnostic[]): Outcome {
  const backends = new Map<string, string[]>();
  for (const { definition } of desired.services.values())
    backends.set(definition.appId, [...(backends.get(definition.appId) ?? []), definition.backend]);
  const rendering = render.render(
    desired,
    changingHead({ certificates: ['/certificates/default.pem'], maxconn: 1000, maxpipes: 500 }),
  );
  return { rendering, diagnostics: [...malformed, ...allDiagnostics(desired)], backends };
}

let nextPort = 20_000;
export const anAppOf = (id: string, labels: Record<string, string>, parts: object = {}) => ({
  id,
  labels: { HAPROXY_GROUP: 'external', ...labels },
  networks: [{ mode: 'host' }],
  portDefinitions: [{ port: nextPort++ }],
  tasks: [{ id: `${id.slice(1)}.1`, host: '10.0.0.1', ports: [31_001], state: 'TASK_RUNNING' }],
  ...parts,
});

/** What each label says when it means well, with what it needs to count. */
export const usual: Readonly<Record<string, string>> = {
  HAPROXY_0_VHOST: 'usual.example',
  HAPROXY_0_BACKEND_NETWORK_ALLOWED_ACL: '127.0.0.0/8',
};

export const honest = [
  anAppOf(
    '/honest',
    { HAPROXY_0_VHOST: 'honest.example', HAPROXY_0_AUTH: 'realm:user:$6$salt$hash' },
    {
      portDefinitions: [{ port: 64_101 }],
    },
  ),
  anAppOf('/plain', { HAPROXY_0_MODE: 'tcp' }, { portDefinitions: [{ port: 64_102 }] }),
];

/** Every label of the table; `{n}` is 0. */
export const labelNames: readonly string[] = [
  ...Object.keys(appLabels).map((name) => `HAPROXY_${name}`),
  ...[...Object.keys(portLabels), ...labelFragments].map((name) => `HAPROXY_0_${name}`),
];
export const exampleOf = (label: string): string =>
  (({ ...appLabels, ...portLabels }) as Record<string, { example: string }>)[
    label.replace(/^HAPROXY_(?:0_)?/, '')
  ]?.example ?? '';

/** What lines begin with where all labels mean well, by the kind of their section. */
function usualKeywords(): Map<string, Set<string>> {
  const checks = [{ protocol: 'HTTP', path: '/' }, { protocol: 'TCP' }, { protocol: 'HTTPS', path: '/' }];
  const apps = labelNames.flatMap((label, i) =>
    [{}, { HAPROXY_0_MODE: 'tcp' }].map((mode, j) =>
      anAppOf(
        `/u-${i}-${j}`,
        { ...usual, HAPROXY_0_VHOST: `u${i}-${j}.example`, ...mode, [label]: exampleOf(label) },
        {
          healthChecks: [checks[i % 3]],
        },
      ),
    ),
  );
  const keywords = new Map<string, Set<string>>();
  for (const { name, lines } of readConfiguration(String(through(apps).rendering.files.get('haproxy.cfg')))) {
    const kind = name.split(' ')[0] ?? '';
    if (kind === 'global' || kind === 'defaults' || kind === 'listen') continue;
    const known = keywords.get(kind) ?? new Set();
    for (const [keyword = ''] of lines) known.add(keyword);
    keywords.set(kind, known);
  }
  return keywords;
}

const alone = through(honest);
const honestIds = new Set(honest.map(({ id }) => id));
const plain = usualKeywords();

export const isTemplateLabel = (label: string): boolean =>
  isTemplateName(label.replace(/^HAPROXY_(?:0_)?/, ''));

/**
 * What apps beside the honest ones brought into the configuration that is not their own; empty where nothing is.
 * @param saysTemplates their labels may hold templates: lines of their own sections, and rules for all
 */
export function broughtIn({ rendering, backends }: Outcome, saysTemplates: boolean): string[] {
  return injected(alone.rendering.files, rendering.files, {
    backends: [...backends].flatMap(([id, names]) => (honestIds.has(id) ? [] : names)),
    may: (kind, keyword) =>
      plain.get(kind)?.has(keyword) === true ||
      (saysTemplates &&
        (kind === 'frontend' || kind === 'backend' || kind === 'userlist') &&
        mayStand(keyword, kind)),
    shared: new Set(saysTemplates ? sharedKeywords : []),
  });
}
