/** The user that HAProxy's workers run as after they have opened their ports: one with as few rights as possible. */
import { chmod, chown, readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { PacerError } from '../../errors.ts';

/** A user and group, with their ids. */
export interface RunAs {
  readonly user: string;
  readonly group: string;
  readonly uid: number;
  readonly gid: number;
}

/** What to choose from. */
export interface RunAsOptions {
  /** Undefined: the user of HAProxy's package, if that is possible. */
  readonly user: string | undefined;
  readonly group: string | undefined;
  /** Workers must be able to reach files in it. */
  readonly stateDir: string;
  /** The uid of this process; HAProxy is started with the same. */
  readonly ownUid: number | undefined;
}

const packageUser = 'haproxy';

/**
 * Undefined if HAProxy keeps the user that starts it; `why` then says why no other user was possible.
 * @throws PacerError SETTINGS_INVALID if the user or group in the settings cannot be used
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
    throw invalid(`--haproxy-user ${user}`, `that user may not enter ${closed}, and --state-dir is below it`);
  return {
    runAs: undefined,
    why: `the user ${runAs.user} may not enter ${closed}, which is above --state-dir`,
  };
}

/** Lets the workers, and nobody else, pass through folders of Pacer's own to their sockets. */
export async function openFor({ gid }: RunAs, folders: readonly string[]): Promise<void> {
  for (const folder of folders) {
    await chown(folder, 0, gid);
    await chmod(folder, ((await stat(folder)).mode & 0o7777) | 0o010);
  }
}

/** [linux] passwd(5). Users of a directory service are not in this file: to use one, run Pacer as that user. */
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

/** The first folder, from the root down, that the user may not enter. */
async function closedFolder(folder: string, user: RunAs): Promise<string | undefined> {
  const parent = dirname(folder);
  const above = parent === folder ? undefined : await closedFolder(parent, user);
  if (above !== undefined) return above;
  const found = await stat(folder).catch(() => undefined);
  // The folder is created with the state directory, with the same permissions.
  if (found === undefined) return undefined;
  const bit = found.uid === user.uid ? 0o100 : found.gid === user.gid ? 0o010 : 0o001;
  return (found.mode & bit) === 0 ? folder : undefined;
}

const invalid = (what: string, why: string): PacerError =>
  new PacerError(
    'SETTINGS_INVALID',
    `${what}: ${why}`,
    'name a user of this machine, or root to let HAProxy keep the user that starts it',
  );
