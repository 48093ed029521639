/** What `pacer lint` is given: one app, a list, a group, or an answer of Marathon; each app with its place in the document. */
import { messageOf, PacerError } from '../../errors.ts';
import { readNamed } from '../input.ts';

export interface Document {
  /** A path, a URL, or `standard input`. */
  readonly name: string;
  /** True where it is a file, so that lines can be pointed at. */
  readonly isFile: boolean;
  readonly text: string;
}

/** An app as it was written, but for its id, which is whole. */
export interface WrittenApp {
  readonly json: Readonly<Record<string, unknown>>;
  /** Keys and indices that lead to it from the document's root. */
  readonly path: readonly (string | number)[];
}

/** @throws PacerError FILE_UNREADABLE */
export async function readDocument(source: string): Promise<Document> {
  if (!/^https?:\/\//.test(source)) {
    const isFile = source !== '-';
    return { name: isFile ? source : 'standard input', isFile, text: await readNamed(source, '') };
  }
  try {
    return { name: source, isFile: false, text: await fetchText(source) };
  } catch (error) {
    throw new PacerError('FILE_UNREADABLE', `${source}: ${messageOf(error)}`, 'check the address with curl');
  }
}

async function fetchText(url: string): Promise<string> {
  const response = await fetch(url, {
    headers: { Accept: 'application/json' },
    signal: AbortSignal.timeout(30_000),
  });
  if (!response.ok) throw new Error(`it answers ${response.status}`);
  return response.text();
}

/** @throws PacerError FILE_MALFORMED */
export function appsIn({ name, text }: Document): WrittenApp[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new PacerError(
      'FILE_MALFORMED',
      `${name} is not JSON: ${messageOf(error)}`,
      'fix the JSON at that position',
    );
  }
  const found = collect(json, [], '');
  if (found.length > 0 || isEmptyList(json)) return found;
  throw new PacerError(
    'FILE_MALFORMED',
    `${name} holds no app`,
    'give one app ({"id": "/web", ...}), a list of them, a group, or the answer of GET /v2/apps',
  );
}

function collect(json: unknown, path: WrittenApp['path'], group: string): WrittenApp[] {
  if (Array.isArray(json)) return json.flatMap((it: unknown, i) => collect(it, [...path, i], group));
  if (!isObject(json)) return [];
  const { id, apps, groups, app } = json;
  if (isObject(app)) return collect(app, [...path, 'app'], group);
  if (Array.isArray(apps) || Array.isArray(groups)) {
    const own = typeof id === 'string' ? whole(id, group) : group;
    return [...collect(apps, [...path, 'apps'], own), ...collect(groups, [...path, 'groups'], own)];
  }
  return typeof id === 'string' ? [{ json: { ...json, id: whole(id, group) }, path }] : [];
}

/** Ids in a group may be relative to it. [marathon] docs/application-groups.md */
function whole(id: string, group: string): string {
  const joined = id.startsWith('/') ? id : `${group}/${id}`;
  return joined.replace(/\/{2,}/g, '/').replace(/(?<=.)\/$/, '');
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isEmptyList = (json: unknown): boolean =>
  (Array.isArray(json) && json.length === 0) ||
  (isObject(json) && Array.isArray(json['apps']) && json['apps'].length === 0);
