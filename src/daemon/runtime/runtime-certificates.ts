/**
 * Replaces renewed certificates over the runtime socket. HAProxy reports the fingerprint of a certificate and the names
 * in its chain, not the whole file: a new intermediate of the same name looks the same. So Pacer remembers what each
 * worker has read or was given. A worker it does not know gets the file once more, which does no harm.
 */
import { readFile, stat } from 'node:fs/promises';
import type { RuntimeAccess } from '../../haproxy/control/control.ts';
import { parseInfo } from '../../haproxy/replies/info.ts';
import { cliWord, encodeCommand, payloadCommand } from '../../haproxy/cli/runtime-command.ts';
import { judgeFile } from '../files/judge.ts';
import { readPem } from '../files/pem.ts';

/** The result of replacing certificates. */
export type CertificatesOutcome =
  | {
      readonly kind: 'done';
      /** Paths of the certificates that were replaced. */ readonly changed: readonly string[];
    }
  | { readonly kind: 'impossible'; readonly reason: string };

/** The certificates that HAProxy has loaded. */
export interface RuntimeCertificates {
  /**
   * Makes HAProxy use these files: path → hex SHA-256. Paths that its configuration does not name are skipped. Rejects
   * if HAProxy cannot be asked, or a file cannot be read.
   * [haproxy] management.txt 9.3 "show ssl cert", "set ssl cert", "commit ssl cert"
   */
  readonly bring: (wanted: ReadonlyMap<string, string>) => Promise<CertificatesOutcome>;
  /** Call before a reload: the next worker that answers has read these files. */
  readonly loaded: (digests: ReadonlyMap<string, string>) => void;
}

/** Milliseconds of tolerance: HAProxy reports its uptime in seconds, and file systems have their own clocks. */
const marginMs = 2000;

/** How many certificates are queried over one connection. */
const groupSize = 50;

/** @param now milliseconds since the epoch */
export function runtimeCertificates(
  control: RuntimeAccess,
  now: () => number = Date.now,
): RuntimeCertificates {
  let worker: { readonly pid: string; readonly digests: Map<string, string> } | undefined;
  let read: ReadonlyMap<string, string> = new Map();
  /** By path. Each content of a file is read once. */
  const facts = new Map<string, Facts>();

  const factsOf = async (path: string, digest: string): Promise<Facts | undefined> => {
    const known = facts.get(path);
    if (known?.digest === digest) return known;
    const found = await readFacts(path, digest);
    if (found !== undefined) facts.set(path, found);
    return found;
  };

  /** What the worker has of these, and what it is known to have read or to have been given. */
  async function look(paths: readonly string[]) {
    const shown = paths.map((path) => `show ssl cert ${cliWord(path)}`);
    const [info, ...replies] = await control.runtime(['show info', ...shown]);
    const { all } = parseInfo(info?.text ?? '');
    const pid = all.get('Pid') ?? '';
    if (worker?.pid !== pid) {
      worker = { pid, digests: new Map(read) };
      read = new Map();
    }
    // A worker that does not report its uptime may have read any version.
    const startedAt = now() - Number(all.get('Uptime_sec') ?? NaN) * 1000;
    return { digests: worker.digests, startedAt, has: replies.map(({ text }) => shownIn(text)) };
  }

  async function bringGroup(group: readonly (readonly [path: string, digest: string])[]) {
    const { digests, startedAt, has } = await look(group.map(([path]) => path));
    const changed: string[] = [];
    for (const [at, [path, digest]] of group.entries()) {
      const shown = has[at];
      if (shown === undefined) continue;
      const wanted = await factsOf(path, digest);
      if (wanted === undefined) return { why: `certificate ${path} is damaged` };
      const isSame = shown.sha1 === wanted.sha1 && shown.chainLength >= wanted.chainLength;
      // Only Pacer writes these files, so a worker that is younger than the file has read it.
      const isKnown = digests.has(path)
        ? digests.get(path) === digest
        : wanted.writtenAt + marginMs < startedAt;
      if (!isSame || !isKnown) {
        const why = await give(control, path, wanted.sha1);
        if (why !== undefined) return { why };
        changed.push(path);
      }
      digests.set(path, digest);
    }
    return { changed };
  }

  return {
    loaded: (digests) => {
      read = digests;
    },
    bring: async (wanted) => {
      const all = [...wanted];
      const changed: string[] = [];
      for (let at = 0; at < all.length; at += groupSize) {
        const outcome = await bringGroup(all.slice(at, at + groupSize));
        if (outcome.why !== undefined) return { kind: 'impossible', reason: outcome.why };
        changed.push(...outcome.changed);
      }
      return { kind: 'done', changed };
    },
  };
}

interface Facts {
  readonly digest: string;
  readonly sha1: string;
  readonly chainLength: number;
  readonly writtenAt: number;
}

async function readFacts(path: string, digest: string): Promise<Facts | undefined> {
  const { mtimeMs: writtenAt } = await stat(path);
  const verdict = judgeFile('certificate', await readFile(path, 'utf8'));
  if (!verdict.ok || verdict.certificate === undefined) return undefined;
  const { sha1, chainLength } = verdict.certificate;
  return { digest, sha1, chainLength, writtenAt };
}

/** The PEM blocks without the text between them, which is for people: a command is limited to 8 kB. */
async function pemOf(path: string): Promise<string> {
  const text = await readFile(path, 'utf8');
  const pem = readPem(text);
  return pem.ok ? pem.blocks.map((block) => block.text).join('') : text;
}

/** @returns why HAProxy could not be given the certificate; undefined if it has it */
async function give(control: RuntimeAccess, path: string, sha1: string): Promise<string | undefined> {
  const command = payloadCommand(`set ssl cert ${cliWord(path)}`, await pemOf(path));
  try {
    encodeCommand(command);
  } catch {
    return `certificate ${path} is longer than a runtime command may be`;
  }
  const [set, commit] = await control.runtime([command, `commit ssl cert ${cliWord(path)}`]);
  const failed = [set, commit].find((reply) => reply?.kind !== 'ok');
  if (failed !== undefined) {
    // An open transaction would block the next one.
    await control.runtime([`abort ssl cert ${cliWord(path)}`]);
    return `certificate ${path}: ${failed.text}`;
  }
  const [reply] = await control.runtime([`show ssl cert ${cliWord(path)}`]);
  return shownIn(reply?.text ?? '')?.sha1 === sha1
    ? undefined
    : `HAProxy has another certificate ${path} than it was given`;
}

/** Facts about the certificate HAProxy uses; undefined if it has none of this name. */
function shownIn(text: string): Pick<Facts, 'sha1' | 'chainLength'> | undefined {
  const sha1 = /^SHA1 FingerPrint: ([0-9A-F]{40})$/m.exec(text)?.[1];
  const chainLength = [...text.matchAll(/^Chain Subject: /gm)].length;
  return sha1 === undefined ? undefined : { sha1, chainLength };
}
