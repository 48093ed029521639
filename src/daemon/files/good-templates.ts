/** The operator's templates at the start: as they are now, or as they were when HAProxy last accepted them. */
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

export interface GoodTemplates {
  readonly templates: OperatorTemplates;
  /** Why they are not what the directories hold now; undefined where they are. */
  readonly notice: string | undefined;
}

const format = z.record(z.string(), z.record(z.string(), z.string()));

/**
 * @param tryOut rejects with a PacerError for templates that cannot be used
 * @throws PacerError OPERATOR_TEMPLATE_INVALID, FILE_UNREADABLE where there is no last good copy either
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
      notice: `${messageOf(error)}; the last good templates are used; correct that and restart Pacer`,
    };
  }
}

/** @returns undefined where they cannot be used either */
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
    // What is wrong with the templates of now is what the operator has to know.
    return undefined;
  }
}

/** Notes what is read: directory → file → text. */
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
