/** Derives all apps that name one deployment group: those in it together, the others as if they named none. */
import { defineAlone, deriveApp, type AppServices, type ModelContext } from '../services/app-services.ts';
import type { Place } from '../servers/addresses.ts';
import type { AppDefinition } from '../services/definition.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import { failedServices } from '../services/failed.ts';
import { admit, type Applicant } from './group-admission.ts';
import { deriveGroup } from './group-services.ts';
import type { AppId } from '../model/ids.ts';
import type { App } from '../model/model.ts';

/** An app with its definition. `fault`: what was thrown if it could not be made. */
export interface Defined {
  readonly app: App;
  readonly definition: AppDefinition;
  readonly places: readonly Place[];
  readonly fault?: { readonly error: unknown };
}

type Apps = ReadonlyMap<AppId, AppServices>;

/** @param namesake the app whose id is the group's name, if it is not in the group itself */
export function deriveMembers(
  group: AppId,
  members: readonly Defined[],
  namesake: Applicant | undefined,
  context: ModelContext,
  apps: Apps,
): AppServices[] {
  try {
    const policy = context.templates.policy();
    const { admitted, refused } = admit(group, members, namesake, policy, context.owners());
    const together = admitted.flatMap(({ app, definition }) =>
      definition.deployment === undefined
        ? []
        : [{ app, definition, deployment: definition.deployment, previous: withoutAlone(apps.get(app.id)) }],
    );
    const found = new Map(deriveGroup(together, context).map((services) => [services.app.id, services]));
    return members.map((member) => {
      const { app, places, fault } = member;
      const services = found.get(app.id);
      const before = apps.get(app.id);
      if (services === undefined) return derivedAlone(member, refused.get(app.id), context, before);
      if (fault === undefined) return { ...services, places };
      return marked({ ...services, places }, before, fault.error);
    });
  } catch (error) {
    const together = members.map(({ app }) => app);
    return members.map(({ app, definition, places }) => ({
      ...failedServices(app, apps.get(app.id), error, definition, together),
      places,
    }));
  }
}

/** The services it had on its own do not count for the group. */
function withoutAlone(previous: AppServices | undefined): AppServices | undefined {
  return previous?.alone === undefined ? previous : undefined;
}

function derivedAlone(
  { app, definition, places }: Defined,
  refusal: Diagnostic | undefined,
  context: ModelContext,
  before: AppServices | undefined,
): AppServices {
  try {
    if (refusal === undefined) throw new Error('it is neither in its deployment group nor refused');
    const alone = defineAlone(app, context, before, refusal);
    const previous = before?.alone === undefined ? undefined : before;
    return { ...deriveApp(app, alone, context, previous), definition, alone, places };
  } catch (error) {
    return { ...failedServices(app, before, error, definition), places };
  }
}

/** Its labels could not be read again; its servers are the present ones. */
function marked(services: AppServices, before: AppServices | undefined, error: unknown): AppServices {
  const { failure, diagnostics } = failedServices(services.app, before, error);
  return { ...services, failure, diagnostics };
}
