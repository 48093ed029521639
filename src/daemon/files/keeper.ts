/**
 * Reads one file of the operator's at a time, judges it, and copies it if it is good. A file that is broken, missing or
 * half written changes nothing: HAProxy keeps reading the last good copy.
 */
import { createHash } from 'node:crypto';
import { messageOf } from '../../errors.ts';
import { copyPath, type Copies } from './copies.ts';
import { judgeFile, type CertificateFacts, type FileKind, type FileVerdict } from './judge.ts';
import { createCompanions } from './companions.ts';
import type { Look, Looker } from './look.ts';

/** What HAProxy reads instead of a file. */
export interface Copy {
  readonly path: string;
  /** Hex SHA-256 of the whole content. */
  readonly digest: string;
  readonly certificate?: CertificateFacts;
  /** Path → hex SHA-256 of the files HAProxy reads next to a certificate. Only a reload reads them again. */
  readonly companions?: ReadonlyMap<string, string>;
}

/** What is known of one of the operator's files. */
export interface FileState {
  /** The operator's path. */
  readonly path: string;
  /** Undefined if the file has never been good. */
  readonly copy: Copy | undefined;
  /** What is wrong with the file now, a clause: `it holds no private key`. Undefined if no fault is known. */
  readonly fault: string | undefined;
  /** It changed a moment ago, and may not be written completely. */
  readonly isChanging: boolean;
}

/** Reads, judges and copies files. */
export interface Keeper {
  /** Never rejects. @param transform what to copy instead of the content */
  readonly see: (kind: FileKind, path: string, transform?: Transform) => Promise<FileState>;
}

/** Rewrites a file's content before it is copied, or says why it cannot be used. */
export type Transform = (content: string) => Promise<{ readonly content: string } | { readonly why: string }>;

/** What the keeper needs. */
export interface KeeperParts {
  readonly stateDir: string;
  readonly looker: Pick<Looker, 'read'>;
  readonly copies: Pick<Copies, 'recall' | 'keep' | 'stamp'>;
  /** Why HAProxy itself refuses a certificate; undefined if it accepts it, or cannot be asked. */
  readonly refusal?: (content: string) => Promise<string | undefined>;
  /** A file counts as written after this many milliseconds without a change. Default: 1000. */
  readonly settleMs?: number;
  readonly now?: () => number;
}

interface Memory {
  copy: Copy | undefined;
  /** The stamp of the copy as it is on disk. */
  copyStamp: string | undefined;
  /** The stamp of the content that was judged last, if it had settled. */
  stamp: string | undefined;
  fault: string | undefined;
  /** A change that may not be complete, and since when it is known. */
  changing: { readonly stamp: string; readonly since: number } | undefined;
}

const nothing: Memory = {
  ...{ copy: undefined, copyStamp: undefined, stamp: undefined, fault: undefined, changing: undefined },
};

/** Creates the keeper. It remembers what it judged, by kind and path. */
export function createKeeper({ stateDir, looker, copies, refusal, ...parts }: KeeperParts): Keeper {
  const { settleMs = 1000, now = Date.now } = parts;
  const memories = new Map<string, Memory>();
  const companions = createCompanions(looker);

  async function remembered(kind: FileKind, path: string): Promise<Memory> {
    const key = `${kind}\0${path}`;
    const memory = memories.get(key) ?? { ...nothing };
    memories.set(key, memory);
    const copyStamp = await copies.stamp(kind, path);
    if (copyStamp === memory.copyStamp) return memory;
    // Somebody has damaged or removed the copy, or Pacer has just started. A copy that cannot be used is made again.
    const content = await copies.recall(kind, path).catch(() => undefined);
    const verdict = content === undefined ? undefined : judgeFile(kind, String(content));
    const copy =
      content !== undefined && verdict?.ok === true ? copyOf(kind, path, content, verdict) : undefined;
    return Object.assign(memory, { copy, copyStamp, stamp: undefined });
  }

  const copyOf = (
    kind: FileKind,
    path: string,
    content: Buffer | string,
    { certificate }: Extract<FileVerdict, { ok: true }>,
  ): Copy => ({
    path: copyPath(stateDir, kind, path),
    digest: createHash('sha256').update(content).digest('hex'),
    ...(certificate && { certificate }),
  });

  /** Copies good content. @returns what is wrong with it; `again`: trying once more may help */
  async function take(
    kind: FileKind,
    path: string,
    memory: Memory,
    text: string,
  ): Promise<{ readonly fault: string | undefined; readonly again?: boolean }> {
    const verdict = judgeFile(kind, text);
    if (!verdict.ok) return { fault: verdict.why };
    const next = copyOf(kind, path, text, verdict);
    if (next.digest === memory.copy?.digest) return { fault: undefined };
    const refused = kind === 'certificate' ? await refusal?.(text) : undefined;
    if (refused !== undefined) return { fault: `HAProxy refuses it: ${refused}` };
    try {
      await copies.keep(kind, path, text);
    } catch (error) {
      return { fault: `it cannot be copied: ${messageOf(error)}`, again: true };
    }
    Object.assign(memory, { copy: next, copyStamp: await copies.stamp(kind, path) });
    return { fault: undefined };
  }

  function isChanging(memory: Memory, { stamp, ageMs }: Extract<Look, { kind: 'content' }>): boolean {
    if (ageMs >= settleMs) return false;
    // A file server's clock may be ahead. Then the time counts from the first time the change was seen.
    if (memory.changing?.stamp !== stamp) memory.changing = { stamp, since: now() };
    return now() - memory.changing.since < settleMs;
  }

  const seeAlone: Keeper['see'] = async (kind, path, transform) => {
    const memory = await remembered(kind, path);
    const state = (changing = false): FileState => ({
      ...{ path, copy: memory.copy, fault: memory.fault, isChanging: changing },
    });
    // A list is read every time: its result depends on the files it names.
    const look = await looker.read(path, transform === undefined ? memory.stamp : undefined);
    switch (look.kind) {
      case 'same':
        return state();
      case 'unknown':
        if (memory.copy === undefined)
          Object.assign(memory, { stamp: undefined, fault: 'the disk it is on does not answer' });
        return state();
      case 'missing':
        Object.assign(memory, { stamp: undefined, changing: undefined, fault: look.why });
        return state();
      case 'content': {
        const changing = isChanging(memory, look);
        // Do not replace a copy in use before the file is written completely: half a chain is a valid file, too.
        if (changing && memory.copy !== undefined) return state(true);
        const made = (await transform?.(String(look.content))) ?? { content: String(look.content) };
        const { fault, again = false } =
          'why' in made ? { fault: made.why } : await take(kind, path, memory, made.content);
        const stamp = changing || again ? undefined : look.stamp;
        Object.assign(memory, { fault, stamp, changing: changing ? memory.changing : undefined });
        return state(changing);
      }
    }
  };

  return {
    see: async (kind, path, transform) => {
      const state = await seeAlone(kind, path, transform);
      if (kind !== 'certificate' || state.copy === undefined) return state;
      const beside = await companions.beside(path, state.copy.path);
      return beside.size === 0 ? state : { ...state, copy: { ...state.copy, companions: beside } };
    },
  };
}
