/** The user HAProxy runs as, and what that user may access: folders of the state directory, but no files in them. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PacerError } from '../../errors.ts';
import { chooseRunAs, openFor, type RunAs } from '../../haproxy/process/run-as.ts';
import type { Logger } from '../../observe/log.ts';
import type { Settings } from '../../settings/settings.ts';
import { jailOf } from '../publish/machine-facts.ts';

/** @throws PacerError SETTINGS_INVALID if the settings ask for something that is impossible here */
export async function arrangePrivileges(settings: Settings, log: Logger): Promise<RunAs | undefined> {
  const { haproxyMode, haproxyUser: user, haproxyGroup: group, haproxyChroot, stateDir } = settings;
  if (haproxyMode !== 'supervise') {
    const asked = [
      ...(user === undefined ? [] : ['--haproxy-user']),
      ...(group === undefined ? [] : ['--haproxy-group']),
      ...(haproxyChroot ? ['--haproxy-chroot'] : []),
    ];
    if (asked.length === 0) return undefined;
    throw new PacerError(
      'SETTINGS_INVALID',
      `${asked.join(' and ')}: only the process that starts HAProxy can choose its user`,
      'remove these settings, or let Pacer start HAProxy (--haproxy-mode supervise)',
    );
  }
  const ownUid = process.getuid?.();
  if (haproxyChroot && ownUid !== 0)
    throw new PacerError(
      'SETTINGS_INVALID',
      '--haproxy-chroot: only root can use it',
      'remove it, or run Pacer as root',
    );
  const { runAs, why } = await chooseRunAs({ user, group, stateDir, ownUid });
  if (why !== undefined) log.warn({ why }, 'HAProxy runs as root');
  const folders = [stateDir, join(stateDir, 'run'), ...(haproxyChroot ? [jailOf(stateDir)] : [])];
  for (const folder of folders) await mkdir(folder, { recursive: true, mode: 0o750 });
  if (runAs !== undefined) await openFor(runAs, folders);
  return runAs;
}
