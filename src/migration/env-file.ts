/** Files of variables, as docker and systemd take them: one `NAME=value` a line. */

/** @returns the variables, and the lines that are none */
export function readEnvironmentFile(text: string): {
  readonly variables: ReadonlyMap<string, string>;
  readonly wrong: readonly number[];
} {
  const variables = new Map<string, string>();
  const wrong: number[] = [];
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    if (/^\s*(?:[#;].*)?$/.test(line)) continue;
    const match = /^\s*(?:export\s+)?([A-Za-z_]\w*)=(.*)$/.exec(line);
    if (match?.[1] === undefined) wrong.push(i + 1);
    else variables.set(match[1], unquoted(match[2] ?? ''));
  }
  return { variables, wrong };
}

const unquoted = (value: string): string => /^(["'])(.*)\1\s*$/.exec(value)?.[2] ?? value;
