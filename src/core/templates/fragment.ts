/** A template that was filled in, made into lines: today's directives, and nothing a label must not say. */
import type { Section } from '../model/template-names.ts';
import { objectionTo, type GuardContext } from '../guard/guard.ts';
import { translateRemoved } from '../guard/removed.ts';
import { splitLine, writeLine, type Line } from '../guard/words.ts';

export type Written =
  | {
      readonly ok: true;
      readonly lines: readonly Line[];
      /** Removed directives and what is written instead. */
      readonly translated: readonly { readonly from: string; readonly to: string }[];
    }
  | { readonly ok: false; readonly reason: string; readonly remedy: string };

/** Longer fragments are refused. */
export const longestFragment = 32_768;

export interface FragmentFrame {
  readonly section: Section;
  /** How the text must begin, which is then left out: `backend team_web_10001`. */
  readonly head?: string | undefined;
  /** Of a label's fragment; undefined for text that is trusted. */
  readonly guard: GuardContext | undefined;
}

export function writeFragment(text: string, { section, head, guard }: FragmentFrame): Written {
  if (text.length > longestFragment) {
    return {
      ok: false,
      reason: `the template has ${text.length} characters`,
      remedy: `write at most ${longestFragment}`,
    };
  }
  let headIsDue = head !== undefined;
  const lines: Line[] = [];
  const translated: { from: string; to: string }[] = [];
  const all = withUnixBreaks(text).split('\n');
  for (const [i, raw] of all.entries()) {
    const fault = (reason: string, remedy: string): Written => ({
      ok: false,
      reason: all.filter((it) => it.trim() !== '').length === 1 ? reason : `line ${i + 1}: ${reason}`,
      remedy,
    });
    if (/[\u0000-\u0008\u000b-\u001f\u007f]/.test(raw))
      return fault('it has a control character', 'write printable characters');
    const line = splitLine(raw);
    if ('wrong' in line) return fault(line.wrong, 'close the quote, or escape it');
    if (line.words.length === 0) continue;
    if (headIsDue) {
      if (writeLine(line.words) !== head)
        return fault(`it begins with "${line.text.slice(0, 60)}"`, `begin it with ${head ?? ''}`);
      headIsDue = false;
      continue;
    }
    const translation = translateRemoved(line);
    if (translation?.kind === 'unclear')
      return fault(`HAProxy has removed "${line.words[0] ?? ''}"`, translation.remedy);
    const today =
      translation === undefined
        ? [line]
        : translation.lines.map((words) => ({ words, text: writeLine(words), expandsEnvironment: false }));
    if (translation !== undefined)
      translated.push({ from: line.text, to: today.map((it) => it.text).join('; ') });
    for (const it of today) {
      // What was expanded is expanded no more: the translation is made of the words themselves.
      const objection =
        guard === undefined
          ? undefined
          : objectionTo({ ...it, expandsEnvironment: line.expandsEnvironment }, section, guard);
      if (objection !== undefined) return fault(objection.reason, objection.remedy);
      lines.push(it);
    }
  }
  return headIsDue
    ? { ok: false, reason: 'it is empty', remedy: `begin it with ${head ?? ''}` }
    : { ok: true, lines, translated };
}

export const withUnixBreaks = (text: string): string => text.replace(/\r\n?/g, '\n');

/** Lines as they stand in the file. */
export const fragmentText = (lines: readonly Line[]): string =>
  lines.map(({ text }) => `  ${text}\n`).join('');
