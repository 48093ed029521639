/** Saved answers of a Marathon: the apps of a `/v2/apps` or a `/v2/groups` answer. */
import { readFileSync } from 'node:fs';
import { messageOf, PacerError } from '../errors.ts';
import { resolveId } from './definitions/ids.ts';
import { isObject, listOf, stringOf, type Json } from './definitions/json.ts';

const remedy = 'Give a file with the JSON that GET /v2/apps or GET /v2/groups has answered.';

export function readSavedApps(path: string): object[] {
  const apps = appsOf(parsed(path));
  if (apps === undefined) throw new PacerError('FILE_MALFORMED', `${path} holds no apps`, remedy);
  return apps;
}

function parsed(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new PacerError('FILE_UNREADABLE', `${path} cannot be read: ${messageOf(error)}`, remedy, {
      cause: error,
    });
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new PacerError('FILE_MALFORMED', `${path} is not JSON: ${messageOf(error)}`, remedy, {
      cause: error,
    });
  }
}

/** A list of apps, the answer to a list or to a group, or one app; a list may be empty. Undefined for anything else. */
function appsOf(saved: unknown): object[] | undefined {
  if (Array.isArray(saved)) return saved.every(isApp) ? saved : undefined;
  if (!isObject(saved)) return undefined;
  if (isObject(saved['app'])) return [saved['app']];
  if (Array.isArray(saved['groups'])) return groupApps(saved, stringOf(saved['id'], '/'));
  if (Array.isArray(saved['apps'])) return saved['apps'].filter(isApp);
  return isApp(saved) ? [saved] : undefined;
}

function groupApps(group: Json, id: string): object[] {
  const own = listOf(group['apps'])
    .filter(isApp)
    .map((app) => ({ ...app, id: resolveId(id, stringOf(app['id'])) }));
  const below = listOf(group['groups'])
    .filter(isObject)
    .flatMap((child) => groupApps(child, resolveId(id, stringOf(child['id']))));
  return [...own, ...below];
}

function isApp(value: unknown): value is Json {
  return isObject(value) && typeof value['id'] === 'string';
}
