/** A HAProxy that counts how often it is asked for its verdict; it can be made to name nobody. */
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface CountedHaproxy {
  /** For `--haproxy-bin`. */
  readonly program: string;
  /** How often `haproxy -c` was run since it was last asked. */
  readonly checks: () => Promise<number>;
  /** From now on its messages name no line and no proxy. */
  readonly nameNobody: () => Promise<void>;
  readonly remove: () => Promise<void>;
}

export async function countedHaproxy(
  real = process.env['TEST_HAPROXY'] ?? '/usr/sbin/haproxy',
): Promise<CountedHaproxy> {
  const directory = await mkdtemp(join(tmpdir(), 'pacer-counted-'));
  const [program, count, nameless] = ['haproxy', 'count', 'nameless'].map((name) =>
    join(directory, name),
  ) as [string, string, string];
  await writeFile(
    program,
    `#!/bin/sh
[ "$1" = -c ] || exec '${real}' "$@"
echo >> '${count}'
[ -e '${nameless}' ] || exec '${real}' "$@"
'${real}' "$@" > '${directory}/said' 2>&1
code=$?
sed -E "s/\\\\[\\/[^]]*\\\\]//; s/'[^']*'/one/g; s/of server [^,]*//" '${directory}/said' >&2
exit $code
`,
  );
  await chmod(program, 0o755);
  let seen = 0;
  return {
    program,
    checks: async () => {
      const all = (await readFile(count, 'utf8').catch(() => '')).length;
      const since = all - seen;
      seen = all;
      return since;
    },
    nameNobody: () => writeFile(nameless, ''),
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}
