/**
 * Converts patterns of `reqrep` and similar directives, which matched whole header lines, for present directives, which
 * match a header's value or a path. Only if both mean exactly the same.
 */

/** Ways to write "the method" at the beginning of a request line, followed by a blank. */
const methodPart = /^\^?(\(\[\^ ?:?\]\*\)|\(\[\^:? \]\*\)|\(\[\^ \]\+\)|\(\[A-Z\]\*\)|\(\[A-Z\]\+\)) /;

/**
 * A pattern of request lines that changes the path: `^([^ :]*)\ /old/?(.*)` to `\1\ /new/\2`.
 * @returns pattern and replacement for `replace-pathq`; undefined if it changes something else
 */
export function pathRewrite(
  search: string,
  replacement: string,
): { search: string; replacement: string } | undefined {
  const method = methodPart.exec(search)?.[0];
  const rest = method === undefined ? '' : search.slice(method.length);
  const target = /^\\1 (\/.*)$/.exec(replacement)?.[1];
  // What is not captured at the end would be lost, including the protocol version.
  if (target === undefined || !rest.startsWith('/') || !rest.endsWith('(.*)') || rest.includes(' '))
    return undefined;
  if (target.includes(' ') || target.includes('\\0')) return undefined;
  const groups = groupCount(rest);
  if (!new RegExp(`\\\\${groups + 1}$`).test(target)) return undefined;
  const shifted = target.replace(/\\(\d)/g, (_, digit: string) => `\\${Number(digit) - 1}`);
  return shifted.includes('\\0') ? undefined : { search: `^${rest}`, replacement: shifted };
}

/**
 * A pattern of header lines that changes the value: `^Name:\ old(.*)` to `Name:\ new\1`.
 * @returns the header, and pattern and replacement for `replace-header`; undefined if the name changes too
 */
export function headerRewrite(
  search: string,
  replacement: string,
): { name: string; search: string; replacement: string } | undefined {
  const from = /^\^([A-Za-z0-9-]+):(?: |\\s\*| \*|\[ \]\*)?(.*)$/.exec(search);
  const to = /^([A-Za-z0-9-]+): *(.*)$/.exec(replacement);
  if (from === null || to === null || from[1]?.toLowerCase() !== to[1]?.toLowerCase()) return undefined;
  return { name: to[1] ?? '', search: `^${from[2] ?? ''}`, replacement: to[2] ?? '' };
}

/** The header that a pattern of `reqdel` or `rspdel` matches; undefined if it matches more than one. */
export function deletedHeader(search: string): string | undefined {
  return /^\^?([A-Za-z0-9-]+):(?: ?\.\*)?$/.exec(search)?.[1];
}

const groupCount = (pattern: string): number => (pattern.replace(/\\./g, '').match(/\((?!\?)/g) ?? []).length;
