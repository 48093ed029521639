/** HAProxy's configuration read back, by a reader that shares nothing with what writes it. */

export interface ConfigSection {
  /** `backend web_10001`, as the first line says. */
  readonly name: string;
  /** The words of each line below. */
  readonly lines: readonly (readonly string[])[];
}

/** What begins a section, in any case and after any blanks. [haproxy] configuration.txt 2.1, 2.6 to 3.4 */
export const sectionWords: ReadonlySet<string> = new Set(
  (
    'global defaults frontend backend listen userlist peers resolvers mailers program cache ring http-errors ' +
    'fcgi-app log-forward crt-store traces acme log-profile crt-list'
  ).split(' '),
);

/** The only ones that Pacer writes; any other would hide what comes after it. */
const versionLines = new Set(['.if version_atleast(3.3)', '.else', '.endif']);

export function readConfiguration(text: string): ConfigSection[] {
  const sections: { name: string; lines: string[][] }[] = [];
  for (const line of text.split('\n')) {
    const words = wordsOf(line);
    const [first] = words;
    if (first === undefined || versionLines.has(words.join(' '))) continue;
    if (sectionWords.has(first.toLowerCase())) sections.push({ name: words.join(' '), lines: [] });
    else (sections.at(-1) ?? sections[sections.push({ name: '', lines: [] }) - 1])?.lines.push(words);
  }
  return sections;
}

/** [haproxy] configuration.txt 2.2 */
function wordsOf(line: string): string[] {
  const words: string[] = [];
  let word = '';
  let begun = false;
  let quote = '';
  for (let i = 0; i < line.length; i++) {
    const c = line.charAt(i);
    if (c === '\\' && quote !== "'") {
      word += line.charAt(++i);
      begun = true;
    } else if (quote !== '' ? c === quote : c === '"' || c === "'") {
      quote = quote === '' ? c : '';
      begun = true;
    } else if (quote === '' && c === '#') break;
    else if (quote === '' && /[ \t\r\v\f]/.test(c)) {
      if (begun) words.push(word);
      word = '';
      begun = false;
    } else {
      word += c;
      begun = true;
    }
  }
  if (begun) words.push(word);
  return words;
}
