/** Asks HAProxy about the operator's templates at start, with services as any other: it is no app's fault then. */
import { join } from 'node:path';
import { nextDesired, nothingDesired, type Desired } from '../../core/desired/desired.ts';
import type { Override } from '../../core/model/replaced.ts';
import { PacerError } from '../../errors.ts';
import type { CheckMessage } from '../../haproxy/files/check.ts';
import { tryConfiguration } from '../../haproxy/files/trial.ts';
import { mayHaveSaid } from '../../render/operator/operator-section.ts';
import type { OperatorTemplates } from '../../render/operator/operator-templates.ts';
import type { ChangingHead } from '../../render/head.ts';
import { configurationFile, type Renderer, type Rendering } from '../../render/render.ts';
import type { Settings } from '../../settings/settings.ts';
import { modelContext } from './model-context.ts';
import { sampleApps } from './sample-apps.ts';

/** What `tryTemplates` needs. */
export interface Trial {
  readonly settings: Settings;
  readonly templates: OperatorTemplates;
  readonly render: Renderer['render'];
  readonly head: ChangingHead;
  /** Path of HAProxy. */
  readonly program: string;
}

/** @throws PacerError OPERATOR_TEMPLATE_INVALID if HAProxy refuses a line of a template */
export async function tryTemplates({ settings, templates, render, head, program }: Trial): Promise<void> {
  if (templates.overrides.size === 0 && templates.fragments.size === 0) return;
  const context = {
    ...modelContext(
      settings,
      () => undefined,
      templates,
      undefined,
      () => [],
    ),
    groups: ['*'],
    strictMode: false,
  };
  const desired = nextDesired(nothingDesired, { changed: sampleApps, removed: [] }, context);
  const rendering = render(desired, head);
  const folder = join(settings.stateDir, 'trial');
  const { files } = rendering;
  const verdict = await tryConfiguration({ program, folder, files, configuration: configurationFile });
  if (verdict.kind === 'accepted') return;
  for (const message of verdict.messages) judge(message, rendering, desired, templates);
}

/** What is not about a template is reported elsewhere. */
function judge(
  { line, text, severity }: CheckMessage,
  rendering: Rendering,
  desired: Desired,
  { overrides, fragments }: OperatorTemplates,
): void {
  if (severity !== 'alert' || line === undefined) return;
  const said = String(rendering.files.get(configurationFile)).split('\n')[line - 1]?.trim() ?? '';
  const override = [...overrides.values()].find((it) => hasText(it, said, desired) || mayHaveSaid(it, said));
  const place = override?.place ?? [...fragments.values()].map((source) => source.place).join(' or ');
  if (place === '') return;
  throw new PacerError(
    'OPERATOR_TEMPLATE_INVALID',
    `${place}: HAProxy refuses "${said}": ${text}`,
    'correct that line; docs/templates.md shows the lines around it',
  );
}

/** Whether a template made this line for a service. */
const hasText = ({ name }: Override, said: string, { services }: Desired): boolean =>
  [...services.values()].some(({ definition: { fragments } }) =>
    fragments?.texts[name]?.split('\n').some((line) => line.trim() === said),
  );
