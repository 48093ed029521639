/** What is wrong with a text, and what to write instead: clauses, as in a diagnostic. */
export interface Objection {
  readonly reason: string;
  readonly remedy: string;
}
