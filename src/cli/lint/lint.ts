/** `pacer lint FILE|-|URL`: what is wrong with apps before they are deployed. Needs no daemon and leaves nothing behind. */
import { PacerError } from '../../errors.ts';
import { findHaproxy } from '../../haproxy/machine/version.ts';
import { sectionsOf } from '../../render/sections.ts';
import { environment } from '../../settings/environment.ts';
import { resolveSettings } from '../../settings/settings.ts';
import { pacerClient } from '../client/client.ts';
import { collisions, type RunningApp } from './against.ts';
import { askHaproxy } from './check.ts';
import { definitionsOf, nowhere, withTask } from './definitions.ts';
import { locate, type LintResult, type Outcome } from './finding.ts';
import { formats, github, human, json, sarif, type Format } from './formats.ts';
import { appsIn, readDocument } from './input.ts';
import { positionsIn } from './positions.ts';
import { packageVersion } from '../../package.ts';
import { oneOf } from '../options.ts';
import { renderApps, type Machine, type Rendered } from '../render-apps.ts';
import { terminal } from '../terminal/terminal.ts';

/**
 * @returns 0 where nothing is wrong, 1 where there are errors (with `--fail-on warning`: or warnings)
 * @throws PacerError NOTHING_TO_CHECK where no port of any app is exposed, unless `--allow-empty`
 */
export async function lint(source: string, options: Record<string, unknown>): Promise<number> {
  const { config, format, against, show, check, failOn, allowEmpty, ...others } = options;
  const { tokenFile, caFile, certFile, ...flags } = others;
  const as = oneOf(formats, '--format', format);
  const failing = { error: ['error'], warning: ['error', 'warning'] }[
    oneOf(['error', 'warning'], '--fail-on', failOn)
  ];
  const file = typeof config === 'string' ? config : undefined;
  const { settings } = resolveSettings({ flags, environment: environment(), file }, { groups: ['*'] });
  const document = await readDocument(source);
  const written = appsIn(document);
  const definitions = definitionsOf(written);
  const render = (machine: Machine = {}) =>
    renderApps(settings, { ...definitions, apps: definitions.apps.map(withTask) }, () => nowhere, machine);
  const rendered =
    check === true
      ? await askHaproxy(await findHaproxy(settings.haproxyBin, environment()['PATH'] ?? ''), render)
      : render();
  const client = { status: against, tokenFile, caFile, certFile };
  const found = [
    ...rendered.diagnostics,
    ...(typeof against === 'string'
      ? collisions(rendered.desired, (await pacerClient(client, '--against').get('/apps')) as RunningApp[])
      : []),
  ];
  const result: LintResult = {
    ...{ name: document.name, isFile: document.isFile },
    findings: locate(found, written, found.length === 0 ? () => undefined : positionsIn(document.text)),
    outcomes: outcomesOf(rendered, definitions.invented),
  };
  process.stdout.write(textOf(as, result));
  if (show === true) process.stdout.write(configurationOf(rendered));
  if (allowEmpty !== true && found.length === 0 && !isAnyChecked(rendered))
    throw nothingToCheck(document.name, settings.groups);
  return result.findings.some(({ severity }) => failing.includes(severity)) ? 1 : 0;
}

/** What this load balancer does not expose, it does not judge. */
const isAnyChecked = ({ desired }: Rendered): boolean =>
  [...desired.apps.values()].some(({ definition }) =>
    definition.ports.some(({ kind }) => kind !== 'not-exposed'),
  );

const nothingToCheck = (name: string, groups: readonly string[]): PacerError =>
  new PacerError(
    'NOTHING_TO_CHECK',
    `${name} holds no app that is exposed to the group ${groups.join(', ')}, so nothing was checked`,
    'correct --group or the labels HAPROXY_GROUP; where it is meant, say --allow-empty',
  );

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
