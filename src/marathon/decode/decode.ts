/**
 * Marathon's answers that hold apps: `/v2/apps`, `/v2/apps/{id}`, `/v2/apps/{group}/*`. Used by the mirror
 * and for saved answers alike; it must not know where a document comes from.
 */
import type { Diagnostic } from '../../core/model/diagnostic.ts';
import { byCodePoint, type AppId } from '../../core/model/ids.ts';
import type { App } from '../../core/model/model.ts';
import { PacerError } from '../../errors.ts';
import { decodeApp } from './decode-app.ts';
import { jsonElements } from './json-elements.ts';
import { pauses } from '../bounds/pauses.ts';

export interface DecodedApps {
  /** Sorted by id. */
  readonly apps: App[];
  readonly diagnostics: readonly Diagnostic[];
  /** Apps that are there but could not be decoded: they did not go away. */
  readonly malformed: AppId[];
  /** Why the pods are not among them, though there may be some. */
  readonly podsProblem?: string;
}

/** The answer of `GET /v2/apps?embed=apps.tasks`. */
export function decodeApps(document: unknown): DecodedApps {
  return decodeList(document, 'apps');
}

/**
 * The same from its bytes, app by app: ten thousand apps keep nobody waiting. The list of a group is at `*`.
 * @throws SyntaxError, PacerError MARATHON_MALFORMED
 */
export async function decodeAppsInPieces(text: Buffer, key: 'apps' | '*' = 'apps'): Promise<DecodedApps> {
  const collected = collect(key);
  const pause = pauses();
  let count = 0;
  for (const element of jsonElements(text, key)) {
    collected.add(JSON.parse(element.toString()) as unknown, count++);
    await pause();
  }
  // Without apps it is small, and may say why.
  return count > 0 ? collected.done() : decodeList(JSON.parse(text.toString()) as unknown, key);
}

/** The answer of `GET /v2/apps/{id}`. */
export function decodeOneApp(document: unknown): DecodedApps {
  const app = property(document, 'app');
  return decodeList(
    { app: app === undefined ? undefined : [app], message: property(document, 'message') },
    'app',
  );
}

function decodeList(document: unknown, key: string): DecodedApps {
  const list = property(document, key);
  if (!Array.isArray(list)) {
    throw new PacerError(
      'MARATHON_MALFORMED',
      `the document holds no list "${key}"${messageIn(document)}`,
      `give the answer of Marathon's GET /v2/apps?embed=apps.tasks: {"apps": [...]}`,
    );
  }
  const collected = collect(key);
  list.forEach(collected.add);
  return collected.done();
}

function collect(key: string): { add: (json: unknown, index: number) => void; done: () => DecodedApps } {
  const apps = new Map<AppId, App>();
  const diagnostics: Diagnostic[] = [];
  const malformed: AppId[] = [];
  return {
    add: (json, index) => {
      const decoded = decodeApp(json, `${key}[${index}]`);
      diagnostics.push(...decoded.diagnostics);
      if (decoded.app !== undefined) apps.set(decoded.app.id, decoded.app);
      else if (decoded.id !== undefined) malformed.push(decoded.id);
    },
    done: () => ({
      apps: [...apps.values()].sort((a, b) => byCodePoint(a.id, b.id)),
      diagnostics,
      malformed,
    }),
  };
}

function property(document: unknown, key: string): unknown {
  return typeof document === 'object' && document !== null
    ? (document as Record<string, unknown>)[key]
    : undefined;
}

/** Marathon's errors are `{"message": "..."}`. */
function messageIn(document: unknown): string {
  const message = property(document, 'message');
  return typeof message === 'string' ? `; Marathon says: ${message.slice(0, 200)}` : '';
}
