/** An app whose derivation threw: a fault of Pacer's own. It serves on as before, and takes no other app with it. */
import type { AppServices } from './app-services.ts';
import type { AppDefinition } from './definition.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import type { AppId } from '../model/ids.ts';
import type { App } from '../model/model.ts';
import { keepSame } from '../collections/same.ts';
import { tasksOf } from '../templates/own-servers.ts';
import { withServers } from './with-definition.ts';

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export const deriveFailed = (appId: AppId, error: unknown): Diagnostic => ({
  code: 'DERIVE_FAILED',
  severity: 'error',
  appId,
  reason: `Pacer could not work out its services (${reasonOf(error)}); it serves on as before, without tasks that have ended`,
  remedy: 'report this as a fault of Pacer, with the labels of the app; Pacer tries again by itself',
});

/**
 * @param definition where one could be made
 * @param together the apps whose tasks its services may have: more than itself in a deployment group
 */
export function failedServices(
  app: App,
  previous: AppServices | undefined,
  error: unknown,
  definition: AppDefinition = previous?.definition ?? nothingDefined,
  together: readonly App[] = [app],
): AppServices {
  const failure = keepSame(previous?.failure, deriveFailed(app.id, error));
  const listed = new Set(together.flatMap(({ tasks }) => tasks.map(({ id }) => id)));
  const known = (previous?.diagnostics ?? []).filter((it) => it !== previous?.failure);
  return {
    ...{ app, definition, failure },
    alone: previous?.alone,
    places: (previous?.places ?? []).filter(({ taskId }) => listed.has(taskId)),
    ports: (previous?.ports ?? []).map((port) => {
      const { service } = port;
      const before = service === undefined ? [] : tasksOf(service);
      const tasks = before.filter(({ taskId }) => listed.has(taskId));
      const isSame = service === undefined || tasks.length === before.length;
      return {
        ...port,
        service: isSame ? service : withServers(service.definition, tasks),
        tasks: port.tasks.filter(({ taskId }) => listed.has(taskId)),
      };
    }),
    diagnostics: keepSame(previous?.diagnostics, [...known, failure]),
  };
}

/** Of an app that never could be derived. No policy has judged it. */
export const nothingDefined: AppDefinition = {
  deployment: undefined,
  ports: [],
  diagnostics: [],
  policy: [],
};
