/** What templates say of each server, as words: what is judged, and what `add server` has to take. */
import type { PlainDefinition } from './data.ts';
import { objectionTo } from '../guard/guard.ts';
import type { TemplateName } from '../model/template-names.ts';
import { serverWordsOf } from './server-line.ts';
import type { Report, ServiceOverride } from './service-override.ts';
import { splitLine } from '../guard/words.ts';

/** The options of the check, with a blank before: a template's, else the first word of Pacer's own. */
export function checkOptionsOf(
  { check }: PlainDefinition,
  texts: Readonly<Partial<Record<TemplateName, string>>>,
): string {
  if (check === undefined) return '';
  return (
    (check.kind === 'connect'
      ? texts.BACKEND_SERVER_TCP_HEALTHCHECK_OPTIONS
      : texts.BACKEND_SERVER_HTTP_HEALTHCHECK_OPTIONS) ?? ' check'
  );
}

/** @returns the words behind the address */
export function serverWords(
  override: ServiceOverride | undefined,
  definition: PlainDefinition,
  texts: Readonly<Partial<Record<TemplateName, string>>>,
  report: Report,
): readonly string[] {
  const check = checkOptionsOf(definition, texts);
  if (override === undefined) {
    const line = splitLine(check);
    return 'wrong' in line ? [] : line.words;
  }
  const cookie = definition.sticky ? ' cookie 0123456789' : '';
  const found = serverWordsOf(override.template, { cookie, check, other: '' });
  const objection =
    'reason' in found || override.guard === undefined
      ? undefined
      : objectionTo(
          { words: found.words, text: '', expandsEnvironment: found.expandsEnvironment },
          'server',
          override.guard,
        );
  if ('reason' in found) report(override, 'error', found);
  else if (objection !== undefined) report(override, 'error', objection);
  return 'reason' in found ? [] : found.words;
}
