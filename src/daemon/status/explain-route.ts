/** `GET /explain?q=...`: why something is served as it is, with the lines of HAProxy's configuration. */
import { explain } from '../../core/explain/explain.ts';
import type { ExplainContext } from '../../core/explain/explanation.ts';
import { parseQuestion } from '../../core/explain/question.ts';
import { describeDiagnostic } from '../../core/model/diagnostic.ts';
import type { BackendName } from '../../core/model/ids.ts';
import { inHaproxy } from '../../core/plan/placement.ts';
import type { Routes } from '../../core/routing/routes.ts';
import { PacerError } from '../../errors.ts';
import { maskConfiguration } from '../../http/mask.ts';
import { failure, get, json, type Route } from '../../http/route.ts';
import { mapsOf } from '../../render/maps.ts';
import { configurationFile } from '../../render/render.ts';
import { sectionsOf, type ConfigurationPart } from '../../render/sections.ts';
import type { PipelineState } from '../decide/pipeline-state.ts';
import type { ExplanationAnswer } from './answers.ts';

/** What the route needs. */
export interface ExplainParts {
  readonly pipeline: () => PipelineState;
  readonly context: () => ExplainContext;
  /** The text of the current haproxy.cfg. */
  readonly configuration: () => Promise<string>;
}

/** The route. */
export function explainRoute({ pipeline, context, configuration }: ExplainParts): Route {
  return get('/explain', async ({ query }) => {
    const { desired, spares } = pipeline();
    if (desired === undefined)
      return failure(503, 'Marathon has not given a complete snapshot yet', 'see /readyz');
    const asked = query.get('q') ?? '';
    const own = [...(spares?.carriers ?? [])].find(([, backend]) => backend === asked)?.[0];
    const question = parseQuestion(own ?? asked, desired);
    if (question === undefined) {
      throw new PacerError(
        'REQUEST_INVALID',
        `q=${asked} is not something Pacer can explain`,
        'ask for a URL, host/path, :port, an app id, a task id or the name of a backend',
      );
    }
    const explanation = explain(desired, question, context());
    const backends = explanation.services.flatMap(({ backend, serving }) =>
      backend === undefined || !serving ? [] : [backend],
    );
    const text = backends.length === 0 ? '' : maskConfiguration(await configuration().catch(() => ''));
    return json({
      ...explanation,
      services: explanation.services.map((service) => ({
        ...service,
        haproxyBackend: service.backend && inHaproxy(spares, service.backend),
      })),
      diagnostics: explanation.diagnostics.map((it) => ({ ...it, text: describeDiagnostic(it) })),
      configuration: backends.flatMap((backend) => [
        ...sectionsOf(text, configurationFile, inHaproxy(spares, backend)),
        ...mapEntries(desired.routes, backend, inHaproxy(spares, backend)),
      ]),
    } satisfies ExplanationAnswer);
  });
}

function mapEntries(routes: Routes, wanted: BackendName, inHaproxy: BackendName): ConfigurationPart[] {
  return [...mapsOf(routes)].flatMap(([file, entries]) =>
    entries.flatMap(({ key, backend }, i) =>
      backend === wanted ? [{ file, line: i + 1, text: `${key} ${inHaproxy}` }] : [],
    ),
  );
}
