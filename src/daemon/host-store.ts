/** The addresses of agents on the disk, for a start while DNS is away. What cannot be read or written is done without. */
import { readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { isIp } from '../core/labels/address.ts';
import { messageOf } from '../errors.ts';
import { writeSynced } from '../haproxy/durable.ts';
import type { Logger } from '../observe/log.ts';
import type { HostTableOptions } from './hosts.ts';

/** What a host table begins with, and where its answers go. */
export async function storedHosts(
  stateDir: string,
  log: Pick<Logger, 'warn'>,
): Promise<Required<Pick<HostTableOptions, 'known' | 'save'>>> {
  const file = join(stateDir, 'hosts.json');
  return {
    known: await readHosts(file),
    save: (hosts) => {
      writeHosts(file, hosts).catch((error: unknown) => {
        log.warn({ file, error: messageOf(error) }, 'the addresses of agents cannot be saved');
      });
    },
  };
}

/** Name → address; empty where there is no such file. */
async function readHosts(file: string): Promise<Map<string, string>> {
  try {
    const found = JSON.parse(await readFile(file, 'utf8')) as unknown;
    return new Map(
      Object.entries(found ?? {}).filter(
        (entry): entry is [string, string] => typeof entry[1] === 'string' && isIp(entry[1]),
      ),
    );
  } catch {
    return new Map();
  }
}

async function writeHosts(file: string, hosts: ReadonlyMap<string, string>): Promise<void> {
  const text = JSON.stringify(Object.fromEntries([...hosts].sort()), null, 1);
  await writeSynced(`${file}.new`, `${text}\n`);
  await rename(`${file}.new`, file);
}
