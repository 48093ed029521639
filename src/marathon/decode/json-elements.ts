/**
 * The elements of one list of a JSON document, each as the bytes it stands on, so that a document of fifty
 * megabytes can be read piece by piece with other work in between. It looks no deeper than it must: each element
 * still has to be parsed. It must not know Marathon.
 */
const quote = 0x22;
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const comma = 0x2c;
const colon = 0x3a;

/**
 * The elements of the list that stands at `key` of the document's object; none where there is no such list.
 * @throws SyntaxError where the document is cut off or is no object, once the iteration gets there
 */
export function* jsonElements(text: Buffer, key: string): Generator<Buffer, void> {
  let at = expect(text, skipSpace(text, 0), openBrace) + 1;
  at = skipSpace(text, at);
  while (text[at] !== closeBrace) {
    const end = endOfString(text, expect(text, at, quote));
    const name: unknown = JSON.parse(text.toString('utf8', at, end));
    at = skipSpace(text, expect(text, skipSpace(text, end), colon) + 1);
    if (name === key && text[at] === openBracket) at = yield* elementsOf(text, at);
    else at = endOfValue(text, at);
    at = nextOrEnd(text, at, closeBrace);
  }
  if (skipSpace(text, at + 1) !== text.length) throw unexpected(text, at + 1);
}

/** @returns where the list has ended */
function* elementsOf(text: Buffer, start: number): Generator<Buffer, number> {
  let at = skipSpace(text, start + 1);
  while (text[at] !== closeBracket) {
    const end = endOfValue(text, at);
    yield text.subarray(at, end);
    at = nextOrEnd(text, end, closeBracket);
  }
  return at + 1;
}

/** Past a comma, or at the closing mark. */
function nextOrEnd(text: Buffer, from: number, close: number): number {
  const at = skipSpace(text, from);
  if (text[at] === close) return at;
  const next = skipSpace(text, expect(text, at, comma) + 1);
  if (text[next] === close) throw unexpected(text, next);
  return next;
}

function endOfValue(text: Buffer, start: number): number {
  const first = text[start];
  if (first === quote) return endOfString(text, start);
  if (first !== openBrace && first !== openBracket) return endOfWord(text, start);
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    switch (text[at]) {
      case quote:
        at = endOfString(text, at) - 1;
        break;
      case openBrace:
      case openBracket:
        depth++;
        break;
      case closeBrace:
      case closeBracket:
        if (--depth === 0) return at + 1;
        break;
      default:
    }
  }
  throw unexpected(text, text.length);
}

function endOfString(text: Buffer, start: number): number {
  for (let at = start + 1; ;) {
    const end = text.indexOf(quote, at);
    if (end < 0) throw unexpected(text, text.length);
    let slashes = 0;
    while (text[end - 1 - slashes] === backslash) slashes++;
    if (slashes % 2 === 0) return end + 1;
    at = end + 1;
  }
}

/** A number, true, false or null. */
function endOfWord(text: Buffer, start: number): number {
  let at = start;
  while (at < text.length && /[-+.\w]/.test(String.fromCharCode(text[at] ?? 0))) at++;
  if (at === start) throw unexpected(text, at);
  return at;
}

function skipSpace(text: Buffer, from: number): number {
  let at = from;
  while (text[at] === 0x20 || text[at] === 0x0a || text[at] === 0x0d || text[at] === 0x09) at++;
  return at;
}

function expect(text: Buffer, at: number, mark: number): number {
  if (text[at] !== mark) throw unexpected(text, at);
  return at;
}

function unexpected(text: Buffer, at: number): SyntaxError {
  return new SyntaxError(at >= text.length ? 'the JSON is cut off' : `the body is not JSON (byte ${at})`);
}
