/** What is mounted into marathon-lb's container: where that is on the host, and whether Pacer reads it. */
import type { Mount } from './forms/invocation.ts';

/** Where marathon-lb, and Pacer's image, look for templates. */
export const templateFolder = '/marathon-lb/templates';

const isPath = (source: string): boolean => source.includes('/');
const clean = (path: string): string => path.replace(/\/+$/, '') || '/';
const isBelow = (path: string, folder: string): boolean =>
  clean(path) === clean(folder) || clean(path).startsWith(`${clean(folder) === '/' ? '' : clean(folder)}/`);

/** A path of the container on the host; undefined where nothing of the host is there. */
export function onHost(path: string, mounts: readonly Mount[]): string | undefined {
  const [mount] = mounts
    .filter(({ source, target }) => isPath(source) && isBelow(path, target))
    .sort((a, b) => b.target.length - a.target.length);
  if (mount === undefined) return undefined;
  return `${clean(mount.source)}${clean(path).slice(clean(mount.target).length)}`;
}

export interface MountedTemplates {
  /** The folder on the host, as far as there is one. */
  readonly folder: string | undefined;
  /** What is to be done by hand. */
  readonly problems: readonly string[];
}

export function mountedTemplates(mounts: readonly Mount[]): MountedTemplates {
  const whole = onHost(templateFolder, mounts);
  const problems: string[] = [];
  if (whole !== undefined && !whole.startsWith('/'))
    problems.push(`${whole} is relative to where it was started: write the whole path as \`templates\``);
  for (const { source, target } of mounts) {
    if (isBelow(templateFolder, target) && !isPath(source))
      problems.push(
        `the volume ${source} is mounted at ${target}: mount it into Pacer's container too, or copy its templates and name the folder with --templates`,
      );
    else if (isBelow(target, templateFolder) && clean(target) !== templateFolder)
      problems.push(
        `${source} is the template ${target}: copy it into one folder with the others, and name that with --templates`,
      );
    else if (isBelow(target, '/marathon-lb') && clean(target) !== templateFolder)
      problems.push(
        `${source} is mounted at ${target}: of marathon-lb's own files Pacer reads its templates alone`,
      );
  }
  return { folder: whole, problems };
}

/** The others: what labels and flags name there. */
export const otherMounts = (mounts: readonly Mount[]): Mount[] =>
  mounts.filter(({ target }) => !isBelow(target, '/marathon-lb'));
