/** Certificates that came in the environment, as files where marathon-lb's image has them. */
import { chmod, lstat, mkdir, readFile, readlink, rename, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../errors.ts';
import { writeSynced } from '../../haproxy/files/durable.ts';
import type { GivenCertificate } from '../../settings/marathon-lb.ts';

/** Labels and `--ssl-certs` of marathon-lb's users name files in here. */
const conventionalFolder = '/etc/ssl';

/**
 * Writes them to the state directory for Pacer's user alone, and links them from /etc/ssl. A file that is there
 * already is left as it is: some systems keep their certificate authorities under that name.
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
    // One that has not changed keeps its times: whoever looks at them sees no renewal.
    if ((await readFile(file, 'utf8').catch(() => undefined)) !== pem) await replace(file, pem);
    await chmod(file, 0o600);
    const problem = await linked(file, join(folder, name));
    if (problem !== undefined) problems.push(`${source}: ${problem}; it is ${file}`);
  }
  return problems;
}

/** In one step: HAProxy may be reading it. */
async function replace(file: string, pem: string): Promise<void> {
  const temporary = `${file}.${process.pid}.new`;
  await writeSynced(temporary, pem, 0o600);
  await rename(temporary, file);
}

async function linked(file: string, link: string): Promise<string | undefined> {
  if ((await readlink(link).catch(() => undefined)) === file) return undefined;
  const there = await lstat(link).catch(() => undefined);
  if (there !== undefined) return `${link} is there already and left as it is`;
  return symlink(file, link).then(
    () => undefined,
    (error: unknown) => `${link} cannot be made (${messageOf(error)})`,
  );
}
