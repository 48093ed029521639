/**
 * Secrets whose files may be replaced while Pacer runs. The files are checked when the secrets are used, and at once
 * when Marathon refuses them. A file that cannot be used changes nothing. Knows nothing of what the secrets are used
 * for.
 */
import { X509Certificate } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import type { SecretFiles, Secrets } from '../../core/model/marathon-access.ts';
import { sameValue } from '../../core/collections/same.ts';
import { messageOf } from '../../errors.ts';

/** What to watch, and who is told. */
export interface RotationOptions {
  readonly files: SecretFiles;
  /** The secrets in use at the start. */
  readonly secrets: Secrets;
  /** Called with the new secrets, to be used from now on. */
  readonly onChanged: (secrets: Secrets) => void;
  /** A file has changed and cannot be used, so the previous secrets stay in use. Called once per change. */
  readonly onBroken: (reason: string) => void;
  /** Milliseconds on a monotonic clock. */
  readonly elapsed?: () => number;
}

/** Milliseconds between two checks without a special reason. */
const pauseMs = 5_000;

/** Watches the files of secrets. */
export class Rotation {
  /** What is wrong with the files as they are now; undefined if nothing is. */
  problem: string | undefined;
  readonly #options: RotationOptions;
  readonly #elapsed: () => number;
  #secrets: Secrets;
  /** The state of the files when they were last read. */
  #seen: string | undefined;
  #lookedAt = -Infinity;
  #looking: Promise<boolean> | undefined;

  constructor(options: RotationOptions) {
    this.#options = options;
    this.#secrets = options.secrets;
    this.#elapsed = options.elapsed ?? (() => performance.now());
  }

  /**
   * Reads the files again if they have changed. `urgent`: the secrets were refused, or somebody asks for it.
   * @returns whether the secrets are different now. Never rejects
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

/** Follows links: tools that rotate secrets often replace a link. */
async function signatureOf(path: string): Promise<string> {
  try {
    const { mtimeMs, ctimeMs, size, ino } = await stat(path);
    return [mtimeMs, ctimeMs, size, ino].join(' ');
  } catch (error) {
    return messageOf(error);
  }
}

/** @throws Error for content that would make every connection fail: garbage, or a key of another certificate */
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
