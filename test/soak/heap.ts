/**
 * What lives on the daemon's heap: two snapshots during a soak, compared by kind of object. Resident memory says little
 * about a leak, since V8 collects garbage when it likes; a snapshot collects it first.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface HeapDifference {
  /** Bytes that live. */
  readonly before: number;
  readonly after: number;
  /** Kinds of objects that grew most: name, bytes more, objects more. */
  readonly grown: readonly { readonly name: string; readonly bytes: number; readonly objects: number }[];
}

/** For the daemon's environment. [node] --heapsnapshot-signal, --diagnostic-dir */
export const heapEnvironment = (directory: string) => ({
  NODE_OPTIONS: `--heapsnapshot-signal=SIGUSR2 --diagnostic-dir=${directory}`,
});

type Kinds = ReadonlyMap<string, { readonly bytes: number; readonly objects: number }>;

/** Takes a snapshot. The daemon stands still meanwhile, for a second or two. */
export async function takeHeap(pid: number, directory: string): Promise<Kinds> {
  const before = new Set(await snapshots(directory));
  process.kill(pid, 'SIGUSR2');
  for (;;) {
    await sleep(500);
    const file = (await snapshots(directory)).find((name) => !before.has(name));
    // It is written bit by bit, and is JSON when it is complete.
    const kinds = file === undefined ? undefined : await readKinds(join(directory, file));
    if (kinds !== undefined) return kinds;
  }
}

const snapshots = async (directory: string): Promise<string[]> =>
  (await readdir(directory)).filter((name) => name.endsWith('.heapsnapshot'));

interface Snapshot {
  readonly snapshot: { readonly meta: { node_fields: string[]; node_types: [string[], ...unknown[]] } };
  readonly nodes: readonly number[];
  readonly strings: readonly string[];
}

async function readKinds(file: string): Promise<Kinds | undefined> {
  let parsed: Snapshot;
  try {
    parsed = JSON.parse(await readFile(file, 'utf8')) as Snapshot;
  } catch {
    return undefined;
  }
  const { node_fields: fields, node_types: types } = parsed.snapshot.meta;
  const at = (name: string) => fields.indexOf(name);
  const [type, name, size] = [at('type'), at('name'), at('self_size')];
  const kinds = new Map<string, { bytes: number; objects: number }>();
  for (let i = 0; i < parsed.nodes.length; i += fields.length) {
    const typeName = types[0][parsed.nodes[i + type] ?? 0] ?? '';
    const isNamed = typeName === 'object' || typeName === 'closure' || typeName === 'native';
    const kind = isNamed
      ? `${typeName} ${parsed.strings[parsed.nodes[i + name] ?? 0]?.slice(0, 60) ?? ''}`
      : typeName;
    const known = kinds.get(kind) ?? { bytes: 0, objects: 0 };
    kinds.set(kind, { bytes: known.bytes + (parsed.nodes[i + size] ?? 0), objects: known.objects + 1 });
  }
  return kinds;
}

export function compareHeaps(before: Kinds, after: Kinds): HeapDifference {
  const total = (kinds: Kinds) => [...kinds.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  const grown = [...after]
    .map(([name, { bytes, objects }]) => ({
      name,
      bytes: bytes - (before.get(name)?.bytes ?? 0),
      objects: objects - (before.get(name)?.objects ?? 0),
    }))
    .sort((a, b) => b.bytes - a.bytes)
    .slice(0, 12);
  return { before: total(before), after: total(after), grown };
}
