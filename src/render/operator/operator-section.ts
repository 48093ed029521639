/** An operator's template of a frontend of all: its lines in the order in which HAProxy goes through them. */
import { writeFragment } from '../../core/templates/fragment.ts';
import { fillTemplate, type PlaceholderData } from '../../core/templates/placeholders.ts';
import type { Override } from '../../core/model/replaced.ts';
import { sectionKeywords } from '../../core/guard/keywords.ts';
import type { Line } from '../../core/guard/words.ts';
import { PacerError } from '../../errors.ts';

export const beginsSection = ({ words: [keyword = ''] }: Line): boolean => sectionKeywords.has(keyword);

export interface FrontendText {
  /** Sections before, and this one up to what Pacer adds. */
  readonly head: string;
  /** `redirect` lines, which are read after all rules on requests, and `use_backend` lines, read after those. */
  readonly redirects: readonly string[];
  readonly uses: readonly string[];
  readonly hasDefault: boolean;
}

/** @throws PacerError OPERATOR_TEMPLATE_INVALID where it has a removed directive, or no frontend */
export function frontendText(
  override: Override,
  data: PlaceholderData,
  change: (line: Line) => Line = (line) => line,
): FrontendText {
  const lines = operatorLines(override, data).map(change);
  const start = lines.findLastIndex(beginsSection);
  if (start < 0 || !['frontend', 'listen'].includes(lines[start]?.words[0] ?? '')) {
    throw new PacerError(
      'OPERATOR_TEMPLATE_INVALID',
      `${override.place}: its last section is not a frontend`,
      'begin it with a line like "frontend marathon_http_in"',
    );
  }
  const own = lines.slice(start + 1);
  // Lines under a condition of the file stay where they are.
  const movable = !own.some(({ words: [keyword = ''] }) => keyword.startsWith('.'));
  const said = (...keywords: string[]) =>
    movable ? own.filter(({ words: [keyword = ''] }) => keywords.includes(keyword)) : [];
  const [redirects, uses] = [said('redirect'), said('use_backend', 'default_backend')];
  const head = own.filter((line) => !redirects.includes(line) && !uses.includes(line));
  const textOf = ({ text }: Line) => text;
  return {
    head: sectionText([...lines.slice(0, start + 1), ...head]),
    redirects: redirects.map(textOf),
    uses: uses.map(textOf),
    hasDefault: own.some(({ words: [keyword] }) => keyword === 'default_backend'),
  };
}

/** Lines of an operator's template, in today's directives. */
export function operatorLines({ template, place }: Override, data: PlaceholderData): readonly Line[] {
  const written = writeFragment(fillTemplate(template, data), { section: 'backend', guard: undefined });
  if (!written.ok)
    throw new PacerError('OPERATOR_TEMPLATE_INVALID', `${place}: ${written.reason}`, written.remedy);
  return written.lines;
}

/** Sections begin after an empty line; what is in them is indented. */
export const sectionText = (lines: readonly Line[]): string =>
  lines
    .map((line) =>
      beginsSection(line)
        ? `\n${line.text}\n`
        : line.words[0]?.startsWith('.') === true
          ? `${line.text}\n`
          : `  ${line.text}\n`,
    )
    .join('');

/** Whether a line may come from a template, whatever its placeholders stand for. */
export function mayHaveSaid({ template }: Override, said: string): boolean {
  const text = template.parts.map((part) => (part.kind === 'literal' ? part.text : '\0')).join('');
  return text.split('\n').some((line) => {
    const own = line.trim();
    if (own.replaceAll('\0', '').trim() === '') return false;
    const pattern = own
      .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
      .replace(/\s+/g, '\\s+')
      .replaceAll('\0', '.*');
    return new RegExp(`^${pattern}$`).test(said);
  });
}
