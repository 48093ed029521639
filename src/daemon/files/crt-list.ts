/** A list of certificates (`crt-list`): it names further files, line by line, and each of them costs only its line. */
import { kindOf, type FileKind } from './judge.ts';
import type { FileState } from './keeper.ts';

export interface ListContent {
  /** The list with copies in the place of the files; lines whose files have none are left out. */
  readonly content: string;
  /** The files that it names. */
  readonly files: readonly { readonly kind: FileKind; readonly state: FileState }[];
}

/**
 * [haproxy] configuration.txt 5.1 "crt-list": `<crtfile> [\[<sslbindconf> ...\]] [[!]<snifilter> ...]`. Relative
 * paths depend on the operator's `crt-base`, and stay as they are.
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
