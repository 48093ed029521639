/**
 * The certificates of the HTTPS listener: files and folders that the operator names, or else the conventional file, or
 * else a self-signed certificate. A file that cannot be used does not affect the others.
 */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { byCodePoint } from '../../core/model/ids.ts';
import { PacerError } from '../../errors.ts';
import type { CertificateFacts } from './judge.ts';
import type { FileState, Keeper } from './keeper.ts';
import { missing, type Looker } from './look.ts';
import type { FolderIndex } from './folder-index.ts';

/** One certificate of the listener. */
export interface ListenerCertificate {
  /** The path that HAProxy reads: a copy. */
  readonly path: string;
  /** Hex SHA-256 of the file. */
  readonly digest: string;
  readonly facts: CertificateFacts;
  /** See `Copy`. */
  readonly companions?: ReadonlyMap<string, string> | undefined;
}

/** What the listener can serve now. */
export interface ListenerFacts {
  readonly certificates: readonly ListenerCertificate[];
  /** What is wrong, for the operator: one line each, with the file and the fix. */
  readonly notices: readonly string[];
}

/** What `listenerCertificates` needs. */
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
 * Finds the certificates. Rejects only if the operator names files, none of them was ever good, and nothing else can be
 * served: then a setting must be corrected.
 * @throws PacerError CERTIFICATE_INVALID
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
    // A file at the conventional path is often something else, such as a list of CA certificates.
    if (fault === undefined || (named.length === 0 && copy === undefined)) continue;
    const effect = copy === undefined ? 'it is left out' : 'its last good copy stays in use';
    notices.push(`certificate ${path}: ${fault}; ${effect}; ${fix}`);
  }
  if (certificates.size > 0) return { certificates: [...certificates.values()], notices };
  if (named.length > 0 && !states.some(isUnknown)) throw invalid(notices);
  const own = await selfSigned();
  return {
    certificates: [own],
    notices: [...notices, ...(named.length === 0 ? [] : ['HTTPS uses a self-signed certificate until then'])],
  };
}

/** No answer says nothing about the file: it may be there. */
const isUnknown = ({ fault }: FileState): boolean => fault?.includes('does not answer') === true;

const invalid = (notices: readonly string[]): PacerError =>
  new PacerError(
    'CERTIFICATE_INVALID',
    notices.length === 0 ? 'no certificate can be used' : notices.join('; '),
    'name a PEM file that holds the certificate, its chain and the private key',
  );

/**
 * The file itself, or the `.pem` files of a folder. A file deleted from a folder is no longer used. If the folder
 * itself is missing, empty or does not answer, its last known files stay in use.
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
    // The path is then judged as a file, so the message names it with the reason.
    return { files: [path] };
  }
}
