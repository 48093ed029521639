/**
 * The files that labels name: certificates, CA certificates, revocation lists. Each file affects only the services that
 * name it.
 */
import type { Diagnostic } from '../../core/model/diagnostic.ts';
import type { BackendName } from '../../core/model/ids.ts';
import { sameValue } from '../../core/collections/same.ts';
import type { Service, ServiceDefinition } from '../../core/model/service.ts';
import type { ChangingHead } from '../../render/head.ts';
import { copiedList } from './crt-list.ts';
import { kindOf, type FileKind } from './judge.ts';
import { fileDiagnostic, type FileLabel } from './file-diagnostic.ts';
import type { FileState, Keeper } from './keeper.ts';

/**
 * Facts about files, pure data for a decision. All paths are paths of copies, because the configuration names only
 * these.
 */
export interface FileFacts {
  /** Services that cannot be served, because a file they name was never good. */
  readonly missing: ReadonlyMap<BackendName, Diagnostic>;
  /** Warnings about files that are broken or missing, of services that keep serving with the last good copy. */
  readonly kept: readonly Diagnostic[];
  /** Path → hex SHA-256 of files that HAProxy can replace at runtime. */
  readonly certificateDigests: ReadonlyMap<string, string>;
  /** Path → hex SHA-256 of files that only a reload reads again. */
  readonly fileDigests: ReadonlyMap<string, string>;
}

/** Merges the facts of two groups of services that were judged separately. */
export function bothFiles(a: FileFacts, b: FileFacts): FileFacts {
  return {
    missing: new Map([...b.missing, ...a.missing]),
    kept: [...a.kept, ...b.kept.filter((each) => !a.kept.some((known) => sameValue(each, known)))],
    certificateDigests: new Map([...a.certificateDigests, ...b.certificateDigests]),
    fileDigests: new Map([...a.fileDigests, ...b.fileDigests]),
  };
}

/** The inputs of a configuration, with these files. */
export const withFiles = (
  head: ChangingHead,
  { certificateDigests, fileDigests }: FileFacts,
): ChangingHead => ({
  ...head,
  certificateDigests: new Map([...head.certificateDigests, ...certificateDigests]),
  fileDigests: new Map([...(head.fileDigests ?? []), ...fileDigests]),
});

interface Named {
  readonly kind: FileKind;
  readonly path: string;
  readonly label: FileLabel;
}

/** The files that a service's labels name. */
export function filesNamedBy({ certificate, bindOptions: { words } }: ServiceDefinition): Named[] {
  const byOptions = words.flatMap((word, at): Named[] => {
    const kind = kindOf(words[at - 1] ?? '');
    return kind === undefined ? [] : [{ kind, path: word, label: 'BIND_OPTIONS' }];
  });
  return certificate === undefined
    ? byOptions
    : [{ kind: 'certificate', path: certificate, label: 'SSL_CERT' }, ...byOptions];
}

/** Never rejects. @param onSeen called for each file, including those that lists name */
export async function judgeFiles(
  services: Iterable<Pick<Service, 'definition'>>,
  keeper: Keeper,
  onSeen: (state: FileState) => void,
): Promise<FileFacts> {
  const seen = new Map<string, Promise<Seen>>();
  const missing = new Map<BackendName, Diagnostic>();
  const kept: Diagnostic[] = [];
  const digests = { certificate: new Map<string, string>(), other: new Map<string, string>() };
  const note = (kind: FileKind, { copy }: FileState) => {
    if (copy === undefined) return;
    digests[kind === 'certificate' ? kind : 'other'].set(copy.path, copy.digest);
    for (const [path, digest] of copy.companions ?? []) digests.other.set(path, digest);
  };
  const judged = new Set<ServiceDefinition>();
  for (const { definition } of services) {
    if (judged.has(definition)) continue;
    judged.add(definition);
    for (const named of filesNamedBy(definition)) {
      const key = `${named.kind}\0${named.path}`;
      const file = seen.get(key) ?? see(named, keeper);
      seen.set(key, file);
      const { state, inside } = await file;
      for (const each of [{ kind: named.kind, state }, ...inside]) {
        onSeen(each.state);
        note(each.kind, each.state);
        if (each.state.fault === undefined) continue;
        const serves = state.copy !== undefined;
        const diagnostic = fileDiagnostic(definition, named.label, each.kind, each.state, serves);
        if (serves) kept.push(diagnostic);
        else if (!missing.has(definition.backend)) missing.set(definition.backend, diagnostic);
      }
    }
  }
  return { missing, kept, certificateDigests: digests.certificate, fileDigests: digests.other };
}

interface Seen {
  readonly state: FileState;
  /** The files that a list names. */
  readonly inside: readonly { readonly kind: FileKind; readonly state: FileState }[];
}

async function see({ kind, path }: Named, keeper: Keeper): Promise<Seen> {
  if (kind !== 'list') return { state: await keeper.see(kind, path), inside: [] };
  let inside: Seen['inside'] = [];
  const state = await keeper.see(kind, path, async (text) => {
    const list = await copiedList(text, keeper.see);
    inside = list.files;
    return list.content === '' ? { why: 'it names no certificate that can be used' } : list;
  });
  return { state, inside };
}
