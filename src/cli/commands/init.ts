/** `pacer init`: a configuration for a HAProxy that starts before Pacer does. Needs neither Marathon nor HAProxy. */
import { prepareStateDir } from '../../daemon/start/haproxy.ts';
import { fixedHead } from '../../daemon/publish/machine-facts.ts';
import { PacerError } from '../../errors.ts';
import { activeConfigFile } from '../../haproxy/files/publish.ts';
import { findHaproxy, haproxyVersion } from '../../haproxy/machine/version.ts';
import { loadFragments } from '../../render/fragments.ts';
import { loadOperatorTemplates } from '../../render/operator/operator-templates.ts';
import { renderer } from '../../render/render.ts';
import { environment } from '../../settings/environment.ts';
import { resolveSettings } from '../../settings/settings.ts';

export async function init({ config, ...flags }: Record<string, unknown>): Promise<number> {
  const file = typeof config === 'string' ? config : undefined;
  // No app is asked for, so their groups do not matter.
  const { settings } = resolveSettings({ flags, environment: environment(), file }, { groups: ['*'] });
  const templates = loadOperatorTemplates(settings.templateSources);
  const program = await installedHaproxy(settings.haproxyBin);
  const made = await prepareStateDir(
    settings,
    renderer(loadFragments(templates.fragments), fixedHead(settings, templates)).render,
    program,
  );
  const path = activeConfigFile(settings.stateDir);
  if (!made) say(`${path} is there already`);
  else if (program === undefined) say(`wrote ${path}; not checked, since there is no HAProxy here`);
  else say(`wrote ${path}`);
  return 0;
}

/** Undefined where there is none: it may be in another container. */
async function installedHaproxy(given: string): Promise<string | undefined> {
  try {
    const program = await findHaproxy(given, environment()['PATH'] ?? '');
    await haproxyVersion(program);
    return program;
  } catch (error) {
    if (error instanceof PacerError && error.code === 'HAPROXY_MISSING') return undefined;
    throw error;
  }
}

const say = (text: string): void => {
  process.stdout.write(`pacer: ${text}\n`);
};
