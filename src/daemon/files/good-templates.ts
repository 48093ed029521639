/**
 * The operator's templates at the start: the present ones, or if these cannot be used, the last ones HAProxy accepted.
 */
import { z } from 'zod';
import { messageOf, PacerError } from '../../errors.ts';
import {
  diskOfTemplates,
  loadOperatorTemplates,
  type OperatorTemplates,
  type TemplateDisk,
  type TemplateSources,
} from '../../render/operator/operator-templates.ts';
import type { LastInputs } from './last-inputs.ts';

/** The templates to use. */
export interface GoodTemplates {
  readonly templates: OperatorTemplates;
  /** Why these are not the present files of the directories; undefined if they are. */
  readonly notice: string | undefined;
}

const format = z.record(z.string(), z.record(z.string(), z.string()));

/**
 * @param tryOut rejects with a PacerError if templates cannot be used
 * @throws PacerError OPERATOR_TEMPLATE_INVALID, FILE_UNREADABLE if there is no last good copy either
 */
export async function goodTemplates(
  sources: TemplateSources,
  inputs: LastInputs,
  tryOut: (templates: OperatorTemplates) => Promise<void>,
): Promise<GoodTemplates> {
  const { directories } = sources;
  const source = directories.join('\0');
  const seen: Record<string, Record<string, string>> = {};
  try {
    const templates = loadOperatorTemplates(sources, recorded(seen));
    await tryOut(templates);
    if (directories.length > 0) await inputs.keep('templates', source, JSON.stringify(seen));
    return { templates, notice: undefined };
  } catch (error) {
    const templates =
      error instanceof PacerError
        ? await before(sources, tryOut, await inputs.recall('templates', source))
        : undefined;
    if (templates === undefined) throw error;
    return {
      templates,
      notice: `${messageOf(error)}; Pacer uses the last good templates. Fix the file and restart Pacer`,
    };
  }
}

/** The last good templates. @returns undefined if they cannot be used either */
async function before(
  sources: TemplateSources,
  tryOut: (templates: OperatorTemplates) => Promise<void>,
  stored: string | undefined,
): Promise<OperatorTemplates | undefined> {
  if (stored === undefined) return undefined;
  try {
    const templates = loadOperatorTemplates(sources, kept(format.parse(JSON.parse(stored))));
    await tryOut(templates);
    return templates;
  } catch {
    // The operator needs the error of the present templates, not of the copy.
    return undefined;
  }
}

/** Records what is read: directory → file → text. */
function recorded(seen: Record<string, Record<string, string>>): TemplateDisk {
  return {
    list: (directory) => {
      seen[directory] ??= {};
      return diskOfTemplates.list(directory);
    },
    read: (directory, file) => {
      const text = diskOfTemplates.read(directory, file);
      (seen[directory] ??= {})[file] = text;
      return text;
    },
  };
}

const kept = (files: z.infer<typeof format>): TemplateDisk => ({
  list: (directory) => Object.keys(files[directory] ?? {}).sort(),
  read: (directory, file) => files[directory]?.[file] ?? '',
});
