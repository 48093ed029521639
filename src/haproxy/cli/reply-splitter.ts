/** Cuts what a HAProxy socket says in prompt mode into replies. Pure. */

/** [haproxy] management.txt 9.3, 9.4.1 "prompt": `> `, `master> `, `master[ReloadFailed]> ` at a line's start. */
const anyPrompt = /(?:^|\n)([^\s>]*> )/;

export class ReplySplitter {
  readonly #replies: string[] = [];
  /** Of the reply that is not whole yet, but for `#tail`. */
  #pieces: string[] = [];
  /** Its end, which may be the beginning of a prompt. */
  #tail = '';
  #pending = 0;
  /** What the first prompt was: a line of a reply may look like another one. */
  #prompt: string | undefined;

  /** Characters of the reply that is not whole yet. */
  get pending(): number {
    return this.#pending;
  }

  take(chunk: string): void {
    this.#pending += chunk.length;
    let text = this.#tail + chunk;
    this.#tail = '';
    for (;;) {
      const cut = this.#cut(text);
      if (cut === undefined) break;
      this.#replies.push(`${this.#pieces.join('')}${text.slice(0, cut.end)}`);
      this.#pieces = [];
      text = text.slice(cut.next);
      this.#pending = text.length;
    }
    // A prompt may come in two halves; until it is known which one it is, all is kept together.
    const kept = this.#prompt === undefined ? text.length : Math.min(text.length, this.#prompt.length);
    if (text.length > kept) this.#pieces.push(text.slice(0, -kept));
    this.#tail = text.slice(text.length - kept);
  }

  /** The next whole reply, without its prompt. */
  next(): string | undefined {
    return this.#replies.shift();
  }

  /** What has come of a reply that is not whole. */
  rest(): string {
    return `${this.#pieces.join('')}${this.#tail}`;
  }

  /** Where the reply in `text` ends, and where the next one begins. */
  #cut(text: string): { end: number; next: number } | undefined {
    if (this.#prompt === undefined) {
      const found = anyPrompt.exec(text);
      if (found === null) return undefined;
      this.#prompt = found[1] ?? '';
      return { end: found.index, next: found.index + found[0].length };
    }
    const prompt = this.#prompt;
    if (this.#pieces.length === 0 && text.startsWith(prompt)) return { end: 0, next: prompt.length };
    const at = text.indexOf(`\n${prompt}`);
    // The newline before the prompt ends the reply's last line.
    return at < 0 ? undefined : { end: at + 1, next: at + 1 + prompt.length };
  }
}
