/** Where in a JSON document something is written. */
import { isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';

export interface Position {
  /** Both from 1. */
  readonly line: number;
  readonly column: number;
}

/**
 * Finds keys and values by their path. JSON is read as YAML here, whose parser keeps positions; errors of it do not
 * matter, since the JSON was parsed before.
 */
export function positionsIn(text: string): (path: readonly (string | number)[]) => Position | undefined {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, keepSourceTokens: false, uniqueKeys: false });
  return (path) => {
    let node: unknown = document.contents;
    let offset = rangeOf(node);
    for (const key of path) {
      if (isSeq(node)) node = node.items[Number(key)];
      else if (isMap(node)) {
        const pair = node.items.find((it) => isScalar(it.key) && it.key.value === key);
        if (pair === undefined) return undefined;
        offset = rangeOf(pair.key);
        node = pair.value;
        continue;
      } else return undefined;
      offset = rangeOf(node);
    }
    if (offset === undefined) return undefined;
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
}

function rangeOf(node: unknown): number | undefined {
  const range = (node as { range?: readonly number[] | null } | null)?.range;
  return range?.[0];
}
