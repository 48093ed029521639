/**
 * Observes the files that HAProxy reads for TLS. The results are pure data for a decision. After the start, nothing
 * that happens to a file makes it reject. HAProxy reads copies in the state directory, see `copies.ts`.
 */
import type { Diagnostic } from '../../core/model/diagnostic.ts';
import type { Service } from '../../core/model/service.ts';
import { selfSigned } from './certificates.ts';
import { openCopies } from './copies.ts';
import { openFolderIndex, type FolderIndex } from './folder-index.ts';
import { createKeeper, type FileState, type KeeperParts } from './keeper.ts';
import { listenerCertificates, type ListenerFacts } from './listener-files.ts';
import { createLooker, type Looker } from './look.ts';
import { judgeFiles, type FileFacts } from './service-files.ts';

/** Observes the files of the listener and of services. */
export interface FileObserver {
  /**
   * The certificates of the HTTPS listener.
   * @throws PacerError CERTIFICATE_INVALID if the operator names files and none of them was ever good
   */
  readonly listener: () => Promise<ListenerFacts>;
  /** The files that the labels of these services name. Never rejects. */
  readonly services: (services: Iterable<Pick<Service, 'definition'>>) => Promise<FileFacts>;
  /** Warnings about the files of services, as last observed. */
  readonly kept: () => readonly Diagnostic[];
  /** What is wrong with files named by the operator's settings: one line each, with the fix. As last observed. */
  readonly notices: () => readonly string[];
  /** Calls back while a file is being written, with the milliseconds until it should be read again. */
  readonly onChanging: (callback: (afterMs: number) => void) => void;
}

/** What the observer needs. */
export interface FileObserverParts extends Pick<KeeperParts, 'refusal' | 'settleMs'> {
  readonly stateDir: string;
  /** `--ssl-certs`. */
  readonly named: readonly string[] | undefined;
  readonly warn: (message: string) => void;
  readonly looker?: Looker;
  readonly now?: () => number;
}

/** Creates the observer. */
export function createFileObserver(parts: FileObserverParts): FileObserver {
  const { stateDir, named, warn, settleMs = 1000, looker = createLooker(), now } = parts;
  const copies = openCopies(stateDir, now);
  const keeper = createKeeper({ ...parts, looker, copies });
  let folders: FolderIndex | undefined;
  let last: ListenerFacts | undefined;
  let kept: readonly Diagnostic[] = [];
  let changing: (afterMs: number) => void = () => undefined;
  /** Paths of copies, by who named them last. */
  const inUse = { listener: new Set<string>(), services: new Set<string>() };
  let turn: Promise<unknown> = Promise.resolve();
  /** One observation at a time: what is known of a file has one owner. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = turn.then(work, work);
    turn = result.catch(() => undefined);
    return result;
  };

  /** @param by whose files are read; `work` must read all of them */
  async function observing<T>(by: keyof typeof inUse, work: (see: (state: FileState) => void) => Promise<T>) {
    const named = new Set<string>();
    const seen = { isChanging: false };
    const result = await work((state) => {
      for (const path of copiesOf(state)) named.add(path);
      seen.isChanging ||= state.isChanging;
    });
    inUse[by] = named;
    await copies.clean(new Set([...inUse.listener, ...inUse.services]));
    if (seen.isChanging) changing(settleMs);
    return result;
  }

  const remember = (facts: ListenerFacts): ListenerFacts => {
    for (const notice of facts.notices) if (last?.notices.includes(notice) !== true) warn(notice);
    last = facts;
    return facts;
  };

  return {
    onChanging: (callback) => {
      changing = callback;
    },
    kept: () => kept,
    notices: () => last?.notices ?? [],
    listener: () =>
      inTurn(async () => {
        folders ??= await openFolderIndex(stateDir, warn);
        const known = { named, keeper, looker, folders, selfSigned: () => selfSigned(stateDir, keeper) };
        try {
          return remember(
            await observing('listener', (onSeen) => listenerCertificates({ ...known, onSeen })),
          );
        } catch (error) {
          if (last === undefined) throw error;
          // All copies are missing as well, or no self-signed certificate can be written. HAProxy keeps what it has.
          const message = error instanceof Error ? error.message : String(error);
          return remember({ ...last, notices: [message] });
        }
      }),
    services: (services) =>
      inTurn(async () => {
        const facts = await observing('services', (onSeen) => judgeFiles(services, keeper, onSeen));
        kept = facts.kept;
        return facts;
      }),
  };
}

const copiesOf = ({ copy }: FileState): string[] =>
  copy === undefined ? [] : [copy.path, ...(copy.companions?.keys() ?? [])];
