/**
 * Which words of `docker run` and its kin belong to an option, so that the image is found behind them.
 * [docker] docs/reference/commandline/container_run.md, service_create.md; [podman] podman-run(1)
 */

/** Options without a value; all others have one, in the same word or in the next. */
const switches = new Set([
  ...[
    'detach',
    'interactive',
    'tty',
    'rm',
    'privileged',
    'init',
    'read-only',
    'publish-all',
    'help',
    'quiet',
  ],
  ...['no-healthcheck', 'oom-kill-disable', 'sig-proxy', 'disable-content-trust', 'use-api-socket'],
  // docker service create
  ...['no-resolve-image', 'with-registry-auth'],
  // podman, nerdctl
  ...['replace', 'tls-verify', 'no-hosts', 'no-hostname', 'rmi', 'http-proxy', 'env-host', 'all', 'rootfs'],
]);
const shortSwitches = 'ditPq';

const shortNames: Readonly<Record<string, string>> = {
  ...{ a: 'attach', c: 'cpu-shares', e: 'env', h: 'hostname', l: 'label', m: 'memory', p: 'publish' },
  ...{ u: 'user', v: 'volume', w: 'workdir' },
};

/** Before `run`: those of docker itself that have a value. */
const globalValues = new Set([
  ...[
    '-H',
    '--host',
    '--context',
    '-c',
    '--config',
    '-l',
    '--log-level',
    '--tlscacert',
    '--tlscert',
    '--tlskey',
  ],
  ...[
    '--root',
    '--runroot',
    '--connection',
    '--url',
    '--storage-driver',
    '--namespace',
    '-n',
    '--address',
    '-a',
  ],
]);

export interface Option {
  /** The long name, without dashes. */
  readonly name: string;
  readonly value: string | undefined;
  /** As it was written. */
  readonly text: string;
}

export interface Options {
  readonly options: readonly Option[];
  /** From the first word on that belongs to no option. */
  readonly rest: readonly string[];
}

/** Up to the image. */
export function dockerOptions(words: readonly string[]): Options {
  const options: Option[] = [];
  let i = 0;
  const next = () => words[++i];
  for (; i < words.length; i++) {
    const word = words[i] ?? '';
    if (word === '--') return { options, rest: words.slice(i + 1) };
    if (!word.startsWith('-') || word === '-') break;
    if (word.startsWith('--')) {
      const [, name = '', joined] = /^--([^=]*)(?:=(.*))?$/s.exec(word) ?? [];
      const value = joined ?? (switches.has(name) ? undefined : next());
      options.push({
        name,
        value,
        text: words.slice(i - Number(joined === undefined && value !== undefined), i + 1).join(' '),
      });
      continue;
    }
    // `-dit`, `-p80:80`, `-dp 80:80`
    for (let at = 1; at < word.length; at++) {
      const letter = word[at] ?? '';
      if (shortSwitches.includes(letter)) {
        options.push({ name: letter, value: undefined, text: `-${letter}` });
        continue;
      }
      const attached = word.slice(at + 1).replace(/^=/, '');
      const value = attached === '' ? next() : attached;
      options.push({ name: shortNames[letter] ?? letter, value, text: `-${letter} ${value ?? ''}` });
      break;
    }
  }
  return { options, rest: words.slice(i) };
}

/** What follows `docker`: the words behind `run`, `create`, `container run` or `service create`. */
export function afterRun(words: readonly string[]): readonly string[] | undefined {
  let i = 0;
  for (; words[i]?.startsWith('-') === true; i++) if (globalValues.has(words[i] ?? '')) i++;
  if (words[i] === 'container' || words[i] === 'service') i++;
  return words[i] === 'run' || words[i] === 'create' ? words.slice(i + 1) : undefined;
}
