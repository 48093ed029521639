/**
 * The certificates of the HTTPS listener: files and folders that the operator names, else the conventional one, else a
 * self-signed one. One that cannot be used costs only itself.
 */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { byCodePoint } from '../../core/model/ids.ts';
import { PacerError } from '../../errors.ts';
import type { CertificateFacts } from './judge.ts';
import type { FileState, Keeper } from './keeper.ts';
import { missing, type Looker } from './look.ts';
import type { FolderIndex } from './folder-index.ts';

export interface ListenerCertificate {
  /** What HAProxy is to read. */
  readonly path: string;
  /** Hex SHA-256 of the file. */
  readonly digest: string;
  readonly facts: CertificateFacts;
  /** See `Copy`. */
  readonly companions?: ReadonlyMap<string, string> | undefined;
}

export interface ListenerFacts {
  readonly certificates: readonly ListenerCertificate[];
  /** What is wrong, for the operator: a line each, with the file and the fix. */
  readonly notices: readonly string[];
}

export interface ListenerParts {
  /** `--ssl-certs`. */
  readonly named: readonly string[] | undefined;
  readonly keeper: Keeper;
  readonly looker: Pick<Looker, 'ask'>;
  readonly folders: FolderIndex;
  readonly selfSigned: () => Promise<ListenerCertificate>;
  readonly onSeen: (state: FileState) => void;
}

/** Where marathon-lb's image keeps the certificate it is given. */
const conventional = '/etc/ssl/cert.pem';

const fix =
  'put a PEM file with the certificate, its chain and the private key there; Pacer notices by itself';

/**
 * Rejects only where the operator names what has never been good and nothing else can be served: that is a setting to
 * correct. @throws PacerError CERTIFICATE_INVALID
 */
export async function listenerCertificates(parts: ListenerParts): Promise<ListenerFacts> {
  const { named = [], keeper, onSeen, selfSigned } = parts;
  const notices: string[] = [];
  const states: FileState[] = [];
  const see = async (path: string) => {
    const state = await keeper.see('certificate', path);
    onSeen(state);
    states.push(state);
  };
  if (named.length === 0) await see(conventional);
  for (const path of named) {
    const { files, fault } = await filesOf(path, parts);
    if (fault !== undefined) notices.push(`--ssl-certs ${path}: ${fault}`);
    for (const file of files) await see(file);
  }
  const certificates = new Map<string, ListenerCertificate>();
  for (const { path, copy, fault } of states) {
    if (copy?.certificate !== undefined) certificates.set(copy.path, { ...copy, facts: copy.certificate });
    // A file of that name is often something else, such as a list of authorities.
    if (fault === undefined || (named.length === 0 && copy === undefined)) continue;
    const effect = copy === undefined ? 'it is left out' : 'its last good copy stays in use';
    notices.push(`certificate ${path}: ${fault}; ${effect}; ${fix}`);
  }
  if (certificates.size > 0) return { certificates: [...certificates.values()], notices };
  if (named.length > 0 && !states.some(isUnknown)) throw invalid(notices);
  const own = await selfSigned();
  return {
    certificates: [own],
    notices: [...notices, ...(named.length === 0 ? [] : ['HTTPS uses a self-signed certificate meanwhile'])],
  };
}

/** Silence says nothing: the file may be there. */
const isUnknown = ({ fault }: FileState): boolean => fault?.includes('does not answer') === true;

const invalid = (notices: readonly string[]): PacerError =>
  new PacerError(
    'CERTIFICATE_INVALID',
    notices.length === 0 ? 'no certificate can be used' : notices.join('; '),
    'name a PEM file that holds the certificate, its chain and the private key',
  );

/**
 * The file itself, or the `.pem` files of a folder. Files that are deleted from a folder are no longer used; a folder
 * that is gone, or empty, or does not answer, stays what it was.
 */
async function filesOf(
  path: string,
  { looker, folders }: ListenerParts,
): Promise<{ readonly files: readonly string[]; readonly fault?: string }> {
  const before = folders.recall(path);
  try {
    const found = await looker.ask(join(path, '.'), async () => {
      const info = await stat(path);
      return info.isDirectory() ? await readdir(path) : undefined;
    });
    if (found === 'unknown') return { files: before ?? [path] };
    if (found === undefined) return { files: [path] };
    const files = found
      .filter((name) => name.endsWith('.pem'))
      .sort(byCodePoint)
      .map((name) => join(path, name));
    if (files.length > 0 || before === undefined) {
      await folders.keep(path, files);
      return files.length > 0 ? { files } : { files, fault: 'there is no .pem file in it' };
    }
    return { files: before, fault: 'there is no .pem file in it any more; the last good copies stay in use' };
  } catch (error) {
    const { why } = missing(error);
    if (before !== undefined) return { files: before, fault: `${why}; the last good copies stay in use` };
    // Judged as a file, and named with the reason.
    return { files: [path] };
  }
}
