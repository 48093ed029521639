/**
 * Secrets whose files may be replaced while Pacer runs: looked at when they are used, at once when Marathon refuses
 * them. A file that cannot be used changes nothing. It must not know what the secrets are used for.
 */
import { X509Certificate } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import type { SecretFiles, Secrets } from '../../core/model/marathon-access.ts';
import { sameValue } from '../../core/collections/same.ts';
import { messageOf } from '../../errors.ts';

export interface RotationOptions {
  readonly files: SecretFiles;
  /** In use at the start. */
  readonly secrets: Secrets;
  /** Others from now on. */
  readonly onChanged: (secrets: Secrets) => void;
  /** A file has changed and cannot be used: those before stay. Once for each change. */
  readonly onBroken: (reason: string) => void;
  /** Milliseconds that only grow. */
  readonly elapsed?: () => number;
}

/** Between two looks that nobody has a reason for. */
const pauseMs = 5_000;

export class Rotation {
  /** What is wrong with the files as they are now. */
  problem: string | undefined;
  readonly #options: RotationOptions;
  readonly #elapsed: () => number;
  #secrets: Secrets;
  /** Of the files as they were when they were last read. */
  #seen: string | undefined;
  #lookedAt = -Infinity;
  #looking: Promise<boolean> | undefined;

  constructor(options: RotationOptions) {
    this.#options = options;
    this.#secrets = options.secrets;
    this.#elapsed = options.elapsed ?? (() => performance.now());
  }

  /**
   * Reads the files again if they have changed. `urgent`: somebody was refused, or asks for it.
   * @returns whether there are other secrets now. Never rejects
   */
  look(urgent = false): Promise<boolean> {
    if (!urgent && this.#elapsed() - this.#lookedAt < pauseMs) return Promise.resolve(false);
    this.#lookedAt = this.#elapsed();
    return (this.#looking ??= this.#look().finally(() => (this.#looking = undefined)));
  }

  async #look(): Promise<boolean> {
    const { files, onChanged, onBroken } = this.#options;
    const now = (await Promise.all(files.paths.map(signatureOf))).join();
    if (now === this.#seen) return false;
    this.#seen = now;
    try {
      const secrets = files.read();
      check(secrets);
      this.problem = undefined;
      if (sameValue(secrets, this.#secrets)) return false;
      this.#secrets = secrets;
      onChanged(secrets);
      return true;
    } catch (error) {
      this.problem = messageOf(error);
      onBroken(this.problem);
      return false;
    }
  }
}

/** Links are followed: who rotates secrets often replaces a link. */
async function signatureOf(path: string): Promise<string> {
  try {
    const { mtimeMs, ctimeMs, size, ino } = await stat(path);
    return [mtimeMs, ctimeMs, size, ino].join(' ');
  } catch (error) {
    return messageOf(error);
  }
}

/** @throws Error for what would make every connection fail: garbage, or a key of another certificate */
function check({ ca, clientCertificate }: Secrets): void {
  if (ca !== undefined) parsed('--marathon-ca-cert holds no certificate', () => new X509Certificate(ca));
  if (clientCertificate === undefined) return;
  parsed('--marathon-client-cert and its key cannot be used together', () =>
    createSecureContext({ cert: clientCertificate.cert, key: clientCertificate.key }),
  );
}

function parsed(otherwise: string, parse: () => unknown): void {
  try {
    parse();
  } catch (cause) {
    throw new Error(`${otherwise} (${messageOf(cause)})`, { cause });
  }
}
