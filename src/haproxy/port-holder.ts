/** Who listens on a TCP port, best effort, from /proc. For error messages. */
import { readdir, readFile, readlink } from 'node:fs/promises';

export interface Holder {
  readonly pid: number;
  /** The command line, arguments separated by blanks. */
  readonly command: string;
}

/** Undefined when nobody listens, or when it is a process we may not look into. */
export async function holderOf(port: number): Promise<Holder | undefined> {
  const tables = await Promise.all(['tcp', 'tcp6'].map((table) => readText(`/proc/net/${table}`)));
  const inodes = new Set(tables.flatMap((table) => listeningInodes(table, port)));
  if (inodes.size === 0) return undefined;
  for (const name of await listFolder('/proc')) {
    if (!/^\d+$/.test(name) || !(await holds(name, inodes))) continue;
    const command = (await readText(`/proc/${name}/cmdline`)).replaceAll('\0', ' ').trim();
    return { pid: Number(name), command };
  }
  return undefined;
}

/** The inodes of the sockets that listen on a port, from the text of /proc/net/tcp or tcp6. */
export function listeningInodes(table: string, port: number): string[] {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  return table.split('\n').flatMap((line) => {
    // sl local_address rem_address st tx:rx tr:tm retrnsmt uid timeout inode; state 0A is LISTEN. [linux] proc_net_tcp.txt
    const fields = line.trim().split(/\s+/);
    return fields[1]?.endsWith(`:${wanted}`) === true && fields[3] === '0A' ? (fields[9] ?? []) : [];
  });
}

async function holds(pid: string, inodes: ReadonlySet<string>): Promise<boolean> {
  for (const fd of await listFolder(`/proc/${pid}/fd`)) {
    const target = await readlink(`/proc/${pid}/fd/${fd}`).catch(() => '');
    const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
    if (inode !== undefined && inodes.has(inode)) return true;
  }
  return false;
}

const readText = (file: string) => readFile(file, 'utf8').catch(() => '');
const listFolder = (folder: string) => readdir(folder).catch(() => [] as string[]);
