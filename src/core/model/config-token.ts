/**
 * What may be part of a line of HAProxy's configuration. A value from outside reaches a line only as a `ConfigToken`,
 * and only this file makes tokens: one word that HAProxy reads back as exactly the value.
 */
declare const brand: unique symbol;
/** Text that is safe in a configuration line. */
export type ConfigToken = string & { readonly [brand]: 'ConfigToken' };

const plain = /^[A-Za-z0-9_.,:/@+=~*()-]+$/;

/**
 * True for text with a character that no line can contain: a control character, a line or paragraph separator, a lone
 * surrogate.
 */
export function hasUnprintable(text: string): boolean {
  return /[\u0000-\u001f\u007f-\u009f\u2028\u2029]|\p{Surrogate}/u.test(text);
}

/**
 * One configuration word for `text`, in single quotes if needed. [haproxy] configuration.txt 2.2 "Quoting and escaping"
 * @throws Error for text that no word can contain. The label parsers have rejected such text with a diagnostic before.
 */
export function configToken(text: string): ConfigToken {
  if (hasUnprintable(text)) throw new Error(`not a configuration word: ${JSON.stringify(text)}`);
  return (plain.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`) as ConfigToken;
}

/** A word in a place where HAProxy expands `%[...]` and `%x`: percent signs are doubled. */
export function logFormatToken(text: string): ConfigToken {
  return configToken(text.replaceAll('%', '%%'));
}

/** Several words, each a token, separated by blanks. */
export function configTokens(words: readonly string[]): ConfigToken {
  return words.map(configToken).join(' ') as ConfigToken;
}
