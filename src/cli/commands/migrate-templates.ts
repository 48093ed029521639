/** What becomes of marathon-lb's templates, judged as the daemon judges them at its start. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { nearest } from '../../core/collections/nearest.ts';
import { isTemplateName, templateNames, type TemplateName } from '../../core/model/template-names.ts';
import { readOverride } from '../../core/templates/overrides.ts';
import { messageOf, PacerError } from '../../errors.ts';
import type { TemplateVerdict } from '../../migration/print.ts';
import { checkOverride } from '../../render/operator/check-override.ts';
import { operatorHead } from '../../render/operator/operator-head.ts';

/** Of the variables `HAPROXY_<NAME>`, then of the files of a directory. @throws PacerError FILE_UNREADABLE */
export function templateVerdicts(
  environment: ReadonlyMap<string, string>,
  directory: string | undefined,
): TemplateVerdict[] {
  const variables = [...environment].flatMap(([variable, value]) => {
    const name = variable.replace(/^HAPROXY_/, '');
    if (name === variable || !isTemplateName(name)) return [];
    return [verdict(name, value.replaceAll('\\n', '\n'), `${variable} in the environment`)];
  });
  return [...variables, ...(directory === undefined ? [] : fileVerdicts(directory))];
}

function fileVerdicts(directory: string): TemplateVerdict[] {
  try {
    const entries = readdirSync(directory, { withFileTypes: true }).filter((entry) => !entry.isDirectory());
    return entries
      .map(({ name }) => name)
      .sort()
      .map((file) => {
        const path = join(directory, file);
        const name = file.replace(/^HAPROXY_/, '');
        if (name !== file && isTemplateName(name)) return verdict(name, readFileSync(path, 'utf8'), path);
        const guess = nearest(name, templateNames);
        const hint = guess === undefined ? '' : `; did you mean HAPROXY_${guess}?`;
        return {
          place: path,
          kind: 'refused',
          notes: [`it has the name of no template, and marathon-lb does not read it either${hint}`],
        };
      });
  } catch (error) {
    throw new PacerError(
      'FILE_UNREADABLE',
      `--templates ${directory}: ${messageOf(error)}`,
      "name the directory of marathon-lb's templates",
    );
  }
}

function verdict(name: TemplateName, text: string, place: string): TemplateVerdict {
  const template = readOverride(name, text);
  if ('reason' in template)
    return {
      place,
      kind: 'refused',
      notes: [`line ${template.line}: ${template.reason}; ${template.remedy}`],
    };
  try {
    const override = { name, template, place };
    const said = name === 'HEAD' ? operatorHead(override, existsSync).notices : checkOverride(override);
    const notes = said.map((note) => note.replace(`${place}: `, ''));
    return { place, kind: notes.length === 0 ? 'taken as it is' : 'taken, with changes', notes };
  } catch (error) {
    if (!(error instanceof PacerError)) throw error;
    return { place, kind: 'refused', notes: [`${error.message}; ${error.remedy}`] };
  }
}
