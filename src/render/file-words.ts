/** Files that a bind line names, as HAProxy is to read them: Pacer's copies stand for the operator's files. */
import type { ServiceDefinition } from '../core/model/service.ts';

/** Where the file is that follows this word of a bind line; the path itself where it is to be read as it is named. */
export type FileAt = (keyword: string, path: string) => string;

export const asNamed: FileAt = (_, path) => path;

export const wordsAt = (words: readonly string[], fileAt: FileAt): string[] =>
  words.map((word, at) => (at === 0 ? word : fileAt(words[at - 1] ?? '', word)));

/** The same in the text of a template, for the files that the labels of the service name beside it. */
export function textAt(
  text: string,
  { certificate, bindOptions: { words } }: Pick<ServiceDefinition, 'certificate' | 'bindOptions'>,
  fileAt: FileAt,
): string {
  const named = new Set(words.slice(1).map((word, at) => `${words[at] ?? ''} ${word}`));
  if (certificate !== undefined) named.add(`crt ${certificate}`);
  return text.replace(/(?<=(?:^|\s)([a-z-]+)[ \t]+)\S+/g, (path, keyword: string) =>
    named.has(`${keyword} ${path}`) ? fileAt(keyword, path) : path,
  );
}
