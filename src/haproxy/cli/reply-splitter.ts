/** Splits the output of a HAProxy socket in prompt mode into replies. Pure. */

/** [haproxy] management.txt 9.3, 9.4.1 "prompt": `> `, `master> `, `master[ReloadFailed]> ` at the start of a line. */
const anyPrompt = /(?:^|\n)([^\s>]*> )/;

/** Takes text as it arrives, and returns complete replies. */
export class ReplySplitter {
  readonly #replies: string[] = [];
  /** The reply that is not complete yet, without `#tail`. */
  #pieces: string[] = [];
  /** The end of that reply, which may be the beginning of a prompt. */
  #tail = '';
  #pending = 0;
  /** The first prompt. Only the same text counts as one later: a line of a reply may look like another prompt. */
  #prompt: string | undefined;

  /** Number of characters of the reply that is not complete yet. */
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
    // A prompt may arrive in two parts. Until the first prompt is known, all text is kept together.
    const kept = this.#prompt === undefined ? text.length : Math.min(text.length, this.#prompt.length);
    if (text.length > kept) this.#pieces.push(text.slice(0, -kept));
    this.#tail = text.slice(text.length - kept);
  }

  /** The next complete reply, without its prompt; undefined if there is none yet. */
  next(): string | undefined {
    return this.#replies.shift();
  }

  /** The part of an incomplete reply that has arrived. */
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
    // The newline before the prompt belongs to the last line of the reply.
    return at < 0 ? undefined : { end: at + 1, next: at + 1 + prompt.length };
  }
}
