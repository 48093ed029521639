/** `pacer lint FILE|-|URL`: what is wrong with apps before they are deployed. Needs no daemon and leaves nothing behind. */
import type { App } from '../../core/model/model.ts';
import { PacerError } from '../../errors.ts';
import { findHaproxy } from '../../haproxy/machine/version.ts';
import { decodeApps } from '../../marathon/decode/decode.ts';
import { sectionsOf } from '../../render/sections.ts';
import { environment } from '../../settings/environment.ts';
import { resolveSettings } from '../../settings/settings.ts';
import { pacerClient } from '../client/client.ts';
import { collisions, type RunningApp } from './against.ts';
import { askHaproxy } from './check.ts';
import { locate, type LintResult, type Outcome } from './finding.ts';
import { formats, github, human, json, sarif, type Format } from './formats.ts';
import { appsIn, readDocument } from './input.ts';
import { positionsIn } from './positions.ts';
import { packageVersion } from '../../package.ts';
import { renderApps, type Rendered } from '../render-apps.ts';
import { terminal } from '../terminal/terminal.ts';

/** @returns 0 where nothing is wrong, 1 where there are errors (with `--fail-on warning`: or warnings) */
export async function lint(source: string, options: Record<string, unknown>): Promise<number> {
  const { config, format, against, show, check, failOn, tokenFile, caFile, certFile, ...flags } = options;
  const as = formatOf(format);
  const { settings } = resolveSettings({
    flags: { ...flags, groups: flags['groups'] ?? ['*'] },
    environment: environment(),
    file: typeof config === 'string' ? config : undefined,
  });
  const document = await readDocument(source);
  const written = appsIn(document);
  const decoded = decodeApps({ apps: written.map((app) => app.json) });
  const { apps, invented } = fillServicePorts(decoded.apps.map(withoutTasks));
  // Nothing is bound, so no certificate of this machine matters.
  const own = check === true ? { ...settings, dontBindHttpHttps: true } : settings;
  const rendered = renderApps(own, { ...decoded, apps: [...apps] }, () => undefined);
  const client = { status: against, tokenFile, caFile, certFile };
  const found = [
    ...rendered.diagnostics,
    ...(typeof against === 'string'
      ? collisions(rendered.desired, (await pacerClient(client).get('/apps')) as RunningApp[])
      : []),
    ...(check === true
      ? await askHaproxy(await findHaproxy(settings.haproxyBin, environment()['PATH'] ?? ''), rendered)
      : []),
  ];
  const result: LintResult = {
    ...{ name: document.name, isFile: document.isFile },
    findings: locate(found, written, found.length === 0 ? () => undefined : positionsIn(document.text)),
    outcomes: outcomesOf(rendered, invented),
  };
  process.stdout.write(textOf(as, result));
  if (show === true) process.stdout.write(configurationOf(rendered));
  const failing = failOn === 'warning' ? ['error', 'warning'] : ['error'];
  return result.findings.some(({ severity }) => failing.includes(severity)) ? 1 : 0;
}

function formatOf(value: unknown): Format {
  const format = formats.find((it) => it === value);
  if (format !== undefined) return format;
  throw new PacerError('SETTINGS_INVALID', `--format ${String(value)}`, `write ${formats.join(', ')}`);
}

function textOf(format: Format, result: LintResult): string {
  switch (format) {
    case 'human':
      return human(result, terminal());
    case 'json':
      return json(result);
    case 'sarif':
      return sarif(result, packageVersion());
    case 'github':
      return github(result);
  }
}

const withoutTasks = (app: App): App => ({ ...app, tasks: [] });

function outcomesOf({ desired }: Rendered, invented: ReadonlySet<number>): Outcome[] {
  return [...desired.apps.values()].flatMap(({ app, ports }) =>
    ports.map(({ portIndex, service, reason }): Outcome => {
      if (service === undefined)
        return { appId: app.id, portIndex, service, reason: `not exposed: ${reason}` };
      const { backend, vhosts, path, servicePort, listens } = service.definition;
      const hosts = vhosts.flatMap((host) => path?.paths.map((it) => `${host}${it}`) ?? [host]);
      const unknown = invented.has(servicePort);
      const port = unknown ? 'a service port of its own' : `:${servicePort}`;
      const serves = desired.services.has(backend);
      const shown = unknown ? backend.replace(/\d+$/, '<service port>') : backend;
      return {
        ...{ appId: app.id, portIndex, reason: serves ? '' : 'rejected' },
        service: serves ? { backend: shown, where: [...hosts, ...(listens ? [port] : [])] } : undefined,
      };
    }),
  );
}

/** `--show`: what the apps add to HAProxy's configuration. */
function configurationOf({ desired, files }: Rendered): string {
  const text = String(files.get('haproxy.cfg'));
  const sections = [...desired.services.keys()].flatMap((backend) =>
    sectionsOf(text, 'haproxy.cfg', backend),
  );
  const maps = [...files].filter(([name, content]) => name.endsWith('.map') && content.length > 0);
  return [
    ...sections.map((section) => `\n${section.text}\n`),
    ...maps.map(([name, content]) => `\n# ---- ${name}\n${String(content)}`),
  ].join('');
}

/** Stand-ins for the service ports that Marathon will give where a definition has none. */
interface Filled {
  readonly apps: readonly App[];
  /** The ports that nobody asked for. */
  readonly invented: ReadonlySet<number>;
}

/** From the highest port down, so that hardly anybody asks for one of them. */
function fillServicePorts(apps: readonly App[]): Filled {
  const asked = new Set<number>();
  for (const { ports, labels } of apps) {
    for (const { servicePort } of ports) if (servicePort !== undefined) asked.add(servicePort);
    for (const [name, value] of Object.entries(labels)) if (name.endsWith('_PORT')) asked.add(Number(value));
  }
  const invented = new Set<number>();
  let next = 65_535;
  const invent = (): number => {
    while (asked.has(next)) next -= 1;
    invented.add(next);
    return next--;
  };
  return {
    invented,
    apps: apps.map((app) => ({
      ...app,
      ports: app.ports.map((port) => ({ ...port, servicePort: given(port.servicePort) ?? invent() })),
    })),
  };
}

/** 0 asks Marathon for any. */
const given = (port: number | undefined): number | undefined => (port === 0 ? undefined : port);
