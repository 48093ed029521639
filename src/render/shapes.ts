/**
 * Backends that can be added while HAProxy runs. `add backend` takes nothing but the name of a defaults section, so
 * all that such a backend says beside its servers stands in one, its shape, which backends of one kind share.
 * [haproxy] management.txt 3.4 9.3 "add backend"
 */
import { createHash } from 'node:crypto';
import { byCodePoint, type BackendName } from '../core/model/ids.ts';
import type { ServiceDefinition } from '../core/model/service.ts';

export interface Shape {
  readonly name: string;
  readonly text: string;
}

/** The backends that HAProxy may get and lose while it runs. */
export interface BackendPool {
  /** 32 hex digits. */
  readonly digest: string;
  /** Backend → the name of its shape. */
  readonly shapes: ReadonlyMap<BackendName, string>;
}

/**
 * Takes a backend's section apart: its shape, and the one line that is left of it.
 * @param serverOptions what all its servers have: another backend with this shape has them too
 */
export function shapeOf(
  { backend }: ServiceDefinition,
  section: string,
  serverOptions: string,
): { readonly shape: Shape; readonly frame: string } {
  const head = `\nbackend ${backend}\n`;
  if (!section.startsWith(head)) throw new Error(`no section of a backend alone: ${section.slice(0, 80)}`);
  const body = section.slice(head.length);
  const digest = createHash('sha256').update(body).update('\0').update(serverOptions).digest('hex');
  const name = `pacer_shape_${digest.slice(0, 16)}`;
  return {
    shape: { name, text: `\ndefaults ${name} from pacer_base\n${body}` },
    frame: `\nbackend ${backend} from ${name}\n`,
  };
}

/** Each shape once, sorted by name. */
export function distinctShapes(shapes: Iterable<Shape>): Shape[] {
  const byName = new Map([...shapes].map((shape) => [shape.name, shape]));
  return [...byName.values()].sort((a, b) => byCodePoint(a.name, b.name));
}

export function poolOf(shapes: ReadonlyMap<BackendName, string>): BackendPool {
  const hash = createHash('sha256');
  for (const [backend, shape] of [...shapes].sort(([a], [b]) => byCodePoint(a, b)))
    hash.update(`${backend} ${shape}\n`);
  return { digest: hash.digest('hex').slice(0, 32), shapes };
}
