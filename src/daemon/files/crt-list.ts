/** A list of certificates (`crt-list`). It names further files, one per line. A bad file costs only its own line. */
import { kindOf, type FileKind } from './judge.ts';
import type { FileState } from './keeper.ts';

/** A list, rewritten for HAProxy. */
export interface ListContent {
  /** The list with the paths of copies instead of the files. Lines whose files have no copy are left out. */
  readonly content: string;
  /** The files that it names. */
  readonly files: readonly { readonly kind: FileKind; readonly state: FileState }[];
}

/**
 * Rewrites a list. [haproxy] configuration.txt 5.1 "crt-list": `<crtfile> [\[<sslbindconf> ...\]] [[!]<snifilter>
 * ...]`. Relative paths depend on the operator's `crt-base` and are left as they are.
 */
export async function copiedList(
  text: string,
  see: (kind: FileKind, path: string) => Promise<FileState>,
): Promise<ListContent> {
  const files: { kind: FileKind; state: FileState }[] = [];
  const copyOf = async (keyword: string, path: string): Promise<string | undefined> => {
    const kind = kindOf(keyword);
    if (kind === undefined || !path.startsWith('/')) return path;
    const state = await see(kind, path);
    files.push({ kind, state });
    return state.copy?.path;
  };
  const lines: string[] = [];
  for (const line of text.split(/\r?\n/).map((each) => each.trim())) {
    if (line === '' || line.startsWith('#')) continue;
    const [, path = '', options, rest = ''] = /^([^\s[]+)\s*(?:\[([^\]]*)\])?\s*(.*)$/.exec(line) ?? [];
    const words = [await copyOf('crt', path)];
    const inside = options?.split(/\s+/).filter((word) => word !== '') ?? [];
    const mapped: (string | undefined)[] = [];
    for (const [at, word] of inside.entries()) mapped.push(await copyOf(inside[at - 1] ?? '', word));
    if (options !== undefined) words.push(mapped.includes(undefined) ? undefined : `[${mapped.join(' ')}]`);
    if (words.includes(undefined)) continue;
    lines.push([...words, ...(rest === '' ? [] : [rest])].join(' '));
  }
  return { content: lines.map((line) => `${line}\n`).join(''), files };
}
