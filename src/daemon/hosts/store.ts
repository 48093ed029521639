/**
 * Stores the addresses of agents on disk, for a start without DNS. Pacer also works if they cannot be read or written.
 */
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
    /** When it was last in use, in milliseconds since the epoch. */
    usedAt: z.number(),
  }),
);

/** A name that has not been used for this many milliseconds is no longer saved. */
const keepMs = 24 * 60 * 60 * 1000;

/** The addresses a host table begins with, and the function that saves its answers. */
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
      // Names of a cluster that has not answered yet are not in use, but stay.
      const before = [...saved].filter(([, { usedAt }]) => at - usedAt < keepMs);
      const used = [...hosts].map(([host, address]) => [host, { address, usedAt: at }] as const);
      saved = new Map([...before, ...used]);
      const sorted = [...saved].sort(([a], [b]) => byCodePoint(a, b));
      const text = JSON.stringify(sorted.map(([host, rest]) => ({ host, ...rest })));
      writing = writing.then(() => write(text));
    },
  };
}
