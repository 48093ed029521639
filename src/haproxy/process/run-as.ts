/** The user that HAProxy's workers run as, once they have their ports: as little as there can be. */
import { chmod, chown, readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { PacerError } from '../../errors.ts';

export interface RunAs {
  readonly user: string;
  readonly group: string;
  readonly uid: number;
  readonly gid: number;
}

export interface RunAsOptions {
  /** Undefined = the user of HAProxy's package, where that can be. */
  readonly user: string | undefined;
  readonly group: string | undefined;
  /** Workers have to reach what is in it. */
  readonly stateDir: string;
  /** Of this process; HAProxy is started with the same. */
  readonly ownUid: number | undefined;
}

const packageUser = 'haproxy';

/**
 * Undefined where HAProxy stays who starts it; `why` then says what was in the way of anybody else.
 * @throws PacerError SETTINGS_INVALID for a user or a group that was asked for and cannot be had
 */
export async function chooseRunAs(
  options: RunAsOptions,
): Promise<{ readonly runAs: RunAs | undefined; readonly why?: string }> {
  const { user, group, stateDir, ownUid } = options;
  if (user === 'root') return { runAs: undefined };
  if (ownUid !== 0) {
    if (user === undefined && group === undefined) return { runAs: undefined };
    throw invalid(`--haproxy-user ${user ?? packageUser}`, 'only root can run HAProxy as another user');
  }
  const found = await findUser(user ?? packageUser);
  if (found === undefined) {
    if (user !== undefined) throw invalid(`--haproxy-user ${user}`, 'there is no such user');
    return { runAs: undefined, why: `there is no user ${packageUser}` };
  }
  const gid = group === undefined ? found.gid : await findGroup(group);
  const groupName = group ?? (await nameOfGroup(found.gid));
  if (gid === undefined || groupName === undefined)
    throw invalid(`--haproxy-group ${group ?? ''}`, 'there is no such group');
  const runAs: RunAs = { user: found.user, group: groupName, uid: found.uid, gid };
  const closed = await closedFolder(dirname(resolve(stateDir)), runAs);
  if (closed === undefined) return { runAs };
  if (user !== undefined)
    throw invalid(`--haproxy-user ${user}`, `${closed} is closed to it, and --state-dir is below`);
  return { runAs: undefined, why: `${closed}, above --state-dir, is closed to the user ${runAs.user}` };
}

/** Lets workers go through folders of Pacer's own to their sockets, and nobody else. */
export async function openFor({ gid }: RunAs, folders: readonly string[]): Promise<void> {
  for (const folder of folders) {
    await chown(folder, 0, gid);
    await chmod(folder, ((await stat(folder)).mode & 0o7777) | 0o010);
  }
}

/** [linux] passwd(5). Users of a directory service are not in it: they can be had by running Pacer as them. */
async function findUser(name: string): Promise<{ user: string; uid: number; gid: number } | undefined> {
  const line = (await linesOf('/etc/passwd')).find(([user]) => user === name);
  return line === undefined ? undefined : { user: name, uid: Number(line[2]), gid: Number(line[3]) };
}

/** [linux] group(5) */
async function findGroup(name: string): Promise<number | undefined> {
  const gid = (await linesOf('/etc/group')).find(([group]) => group === name)?.[2];
  return gid === undefined ? undefined : Number(gid);
}

const nameOfGroup = async (gid: number): Promise<string | undefined> =>
  (await linesOf('/etc/group')).find(([, , id]) => Number(id) === gid)?.[0];

async function linesOf(file: string): Promise<string[][]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.split('\n').map((line) => line.split(':'));
}

/** The first folder, from the root down, that the user may not go through. */
async function closedFolder(folder: string, user: RunAs): Promise<string | undefined> {
  const parent = dirname(folder);
  const above = parent === folder ? undefined : await closedFolder(parent, user);
  if (above !== undefined) return above;
  const found = await stat(folder).catch(() => undefined);
  // It is made with the state directory, open as that is.
  if (found === undefined) return undefined;
  const bit = found.uid === user.uid ? 0o100 : found.gid === user.gid ? 0o010 : 0o001;
  return (found.mode & bit) === 0 ? folder : undefined;
}

const invalid = (what: string, why: string): PacerError =>
  new PacerError(
    'SETTINGS_INVALID',
    `${what}: ${why}`,
    'name a user of this machine, or root to let HAProxy stay who starts it',
  );
