/** The addresses of agents on the disk, for a start while the DNS is away. What cannot be read or written is done without. */
import { join } from 'node:path';
import { z } from 'zod';
import { byCodePoint } from '../../core/model/ids.ts';
import { isIp } from '../../core/labels/address.ts';
import { messageOf } from '../../errors.ts';
import type { Logger } from '../../observe/log.ts';
import { readState, writeStateFile } from '../storage/state-file.ts';
import type { HostTableOptions } from './table.ts';

const format = z.array(
  z.object({
    host: z.string(),
    address: z.string().refine(isIp),
    /** Milliseconds since the epoch at which it was last in use. */
    usedAt: z.number(),
  }),
);

/** A name that was not in use for this long is no longer saved, milliseconds. */
const keepMs = 24 * 60 * 60 * 1000;

/** What a host table begins with, and where its answers go. */
export async function storedHosts(
  stateDir: string,
  log: Pick<Logger, 'warn'>,
  now: () => number = Date.now,
): Promise<Required<Pick<HostTableOptions, 'known' | 'save'>>> {
  const file = join(stateDir, 'hosts.json');
  const stored = await readState(file, 'the addresses of agents', format, (message) => log.warn(message));
  let saved = new Map((stored ?? []).map(({ host, ...rest }) => [host, rest]));
  let writing = Promise.resolve();
  const write = async (text: string) => {
    try {
      await writeStateFile(file, text);
    } catch (error) {
      log.warn({ file, error: messageOf(error) }, 'the addresses of agents cannot be saved');
    }
  };
  return {
    known: new Map([...saved].map(([host, { address }]) => [host, address])),
    save: (hosts) => {
      const at = now();
      // Those of a cluster that is not known yet are not in use, and stay.
      const before = [...saved].filter(([, { usedAt }]) => at - usedAt < keepMs);
      const used = [...hosts].map(([host, address]) => [host, { address, usedAt: at }] as const);
      saved = new Map([...before, ...used]);
      const sorted = [...saved].sort(([a], [b]) => byCodePoint(a, b));
      const text = JSON.stringify(sorted.map(([host, rest]) => ({ host, ...rest })));
      writing = writing.then(() => write(text));
    },
  };
}
