/** Certificates from the environment, written to files at the paths marathon-lb's image uses. */
import { chmod, lstat, mkdir, readFile, readlink, rename, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../errors.ts';
import { writeSynced } from '../../haproxy/files/durable.ts';
import type { GivenCertificate } from '../../settings/marathon-lb.ts';

/** Labels and `--ssl-certs` of marathon-lb's users name files in this folder. */
const conventionalFolder = '/etc/ssl';

/**
 * Writes them to the state directory, readable by Pacer's user only, and links them from /etc/ssl. A file that exists
 * there is left as it is: some systems keep their CA certificates under that name.
 * @returns what could not be linked, and why
 */
export async function writeGivenCertificates(
  given: readonly GivenCertificate[],
  stateDir: string,
  folder = conventionalFolder,
): Promise<string[]> {
  if (given.length === 0) return [];
  const own = join(stateDir, 'certificates');
  await mkdir(own, { recursive: true, mode: 0o700 });
  const problems: string[] = [];
  for (const { source, name, pem } of given) {
    const file = join(own, name);
    // An unchanged file keeps its times, so nobody sees a renewal where there is none.
    if ((await readFile(file, 'utf8').catch(() => undefined)) !== pem) await replace(file, pem);
    await chmod(file, 0o600);
    const problem = await linked(file, join(folder, name));
    if (problem !== undefined) problems.push(`${source}: ${problem}; the certificate is in ${file}`);
  }
  return problems;
}

/** Replaces a file in one step, because HAProxy may be reading it. */
async function replace(file: string, pem: string): Promise<void> {
  const temporary = `${file}.${process.pid}.new`;
  await writeSynced(temporary, pem, 0o600);
  await rename(temporary, file);
}

async function linked(file: string, link: string): Promise<string | undefined> {
  if ((await readlink(link).catch(() => undefined)) === file) return undefined;
  const there = await lstat(link).catch(() => undefined);
  if (there !== undefined) return `${link} exists already and is left as it is`;
  return symlink(file, link).then(
    () => undefined,
    (error: unknown) => `${link} cannot be created (${messageOf(error)})`,
  );
}
