/** Text of others on a terminal: how wide it is, and nothing in it that moves the cursor. */

/** Line breaks and other control characters are blanks: they would tear a line, or write over another. */
export const oneLine = (text: string): string =>
  // A blank at the end of a value stays out of the next column.
  text.replace(/\s*[\r\n\u2028\u2029]\s*/g, ' ').replace(/\p{Cc}|\p{Bidi_Control}/gu, ' ');

/** [unicode] UAX 11: letters of East Asia and pictures take two columns, marks above others none. */
export function columnsOf(text: string): number {
  // Nearly everything is ASCII.
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let columns = 0;
  for (const character of text) columns += widthOf(character);
  return columns;
}

function widthOf(character: string): number {
  if (/^[\p{Mn}\p{Me}\p{Cf}]$/u.test(character)) return 0;
  return wide.test(character) ? 2 : 1;
}

const wide =
  /^(?:\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}|\p{Emoji_Presentation}|[\u3000-\u303e\uff01-\uff60\uffe0-\uffe6])$/u;

/** Shortens to so many columns, with an ellipsis. */
export function shorten(text: string, width: number): string {
  if (columnsOf(text) <= width) return text;
  let short = '';
  let columns = 1;
  for (const character of text) {
    columns += widthOf(character);
    if (columns > width) break;
    short += character;
  }
  return width < 1 ? '' : `${short}…`;
}
