/**
 * What may stand in a line of HAProxy's configuration. A value that came from outside reaches a line
 * only as a `ConfigToken`, and a token is made only here: one word, that HAProxy reads back as exactly the value.
 */
declare const brand: unique symbol;
export type ConfigToken = string & { readonly [brand]: 'ConfigToken' };

const plain = /^[A-Za-z0-9_.,:/@+=~*()-]+$/;

/** True for text with a character that no line can hold: a control character, a line or paragraph separator, a lone surrogate. */
export function hasUnprintable(text: string): boolean {
  return /[\u0000-\u001f\u007f-\u009f\u2028\u2029]|\p{Surrogate}/u.test(text);
}

/**
 * One word of configuration that stands for `text`, in strong quotes where it needs them.
 * Throws on text that no word can hold: the label parsers reject such text before, with a diagnostic.
 * [haproxy] configuration.txt 2.2 "Quoting and escaping"
 */
export function configToken(text: string): ConfigToken {
  if (hasUnprintable(text)) throw new Error(`not a configuration word: ${JSON.stringify(text)}`);
  return (plain.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`) as ConfigToken;
}

/** A word in a place where HAProxy expands `%[...]` and `%x`: percent signs are doubled first. */
export function logFormatToken(text: string): ConfigToken {
  return configToken(text.replaceAll('%', '%%'));
}

/** Several words, each a token, with a blank between. */
export function configTokens(words: readonly string[]): ConfigToken {
  return words.map(configToken).join(' ') as ConfigToken;
}
