/** Which files a label's line may name: pages and lists in some folders, certificates in others. */
import type { Objection } from './objection.ts';

/** The folders that labels may name files in. */
export interface AllowedFolders {
  /** For error pages, response bodies, lists and maps. */
  readonly fileFolders: readonly string[];
  /** For certificates and CA certificates, whose content is never shown. */
  readonly certificateFolders: readonly string[];
}

/** Words followed by a file whose content may become visible from outside. */
const files: ReadonlySet<string> = new Set([
  'file',
  'lf-file',
  'errorfile',
  '-f',
  '-M',
  'server-state-file-name',
]);

/** Words followed by a file of certificates or keys. */
const certificates: ReadonlySet<string> = new Set([
  'crt',
  'crt-list',
  'ca-file',
  'ca-verify-file',
  'ca-sign-file',
  'crl-file',
  'tls-ticket-keys',
]);

/** Actions and converters whose argument is a file: `set-map(/a/b.map)`, `map_str(/a/b.map,x)`. */
const called = /\b((?:map|map_[a-z_]+|set-map|del-map|add-acl|del-acl)\()([^,)]*)/gi;

/** @returns what is wrong with a file that these words name; undefined if all may be named */
export function wrongFile(
  words: readonly string[],
  {
    fileFolders,
    certificateFolders,
    knownFiles,
  }: AllowedFolders & { readonly knownFiles: readonly string[] },
): Objection | undefined {
  for (const [i, word] of words.entries()) {
    const named = words[i + 1];
    // `errorfile 503 FILE`, only where it is the directive itself.
    const path = word === 'errorfile' && i === 0 ? words[2] : named;
    if (files.has(word) && path !== undefined) {
      const wrong = outside(path, fileFolders);
      if (wrong !== undefined) return wrong;
    }
    if (certificates.has(word) && named !== undefined && !knownFiles.includes(named)) {
      const wrong = outside(named, certificateFolders);
      if (wrong !== undefined) return wrong;
    }
    for (const [, , file = ''] of word.matchAll(called)) {
      const wrong = outside(file, fileFolders);
      if (wrong !== undefined) return wrong;
    }
  }
  return undefined;
}

function outside(path: string, folders: readonly string[]): Objection | undefined {
  const inside = folders.some((folder) => path.startsWith(folder.endsWith('/') ? folder : `${folder}/`));
  if (inside && !path.split('/').includes('..')) return undefined;
  const shown = path.length > 80 ? `${path.slice(0, 77)}...` : path;
  const where = folders.length === 0 ? 'none is allowed' : `it must be in ${folders.join(' or ')}`;
  return { reason: `labels may not name the file ${shown}`, remedy: where };
}
