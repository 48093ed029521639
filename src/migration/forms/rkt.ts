/** `rkt run`. [rkt] Documentation/subcommands/run.md */
import { takeVariable } from './docker.ts';
import type { Invocation } from './invocation.ts';

/** Options without a value, unless it stands behind `=`. */
const switches = new Set([
  ...[
    'net',
    'interactive',
    'mds-register',
    'no-overlay',
    'private-users',
    'inherit-env',
    'store-only',
    'no-store',
  ],
  ...['debug', 'trust-keys-from-https', 'readonly-rootfs', 'overlay-rootfs', 'help'],
]);

/** @returns what the image is told; undefined where it starts none */
export function readRkt(words: readonly string[], into: Invocation): readonly string[] | undefined {
  const start = words.findIndex((word) => word === 'run' || word === 'prepare');
  if (start < 0) return undefined;
  into.isContainer = true;
  const volumes = new Map<string, string>();
  const mounts: { readonly volume: string; readonly target: string }[] = [];
  let image: string | undefined;
  let program: string | undefined;
  let i = start + 1;
  for (; i < words.length && words[i] !== '--'; i++) {
    const word = words[i] ?? '';
    if (word === '---') break;
    const [, name, joined] = /^--([^=]*)(?:=(.*))?$/s.exec(word) ?? [];
    if (name === undefined) {
      if (image === undefined) image = word;
      else into.problems.push(`\`${word}\`: another image of the same pod is left out`);
      continue;
    }
    const value = joined ?? (switches.has(name) ? undefined : words[++i]);
    const text = value === undefined || joined !== undefined ? word : `${word} ${value}`;
    switch (name) {
      case 'set-env':
      case 'environment':
        takeVariable(value ?? '', into);
        break;
      case 'set-env-file':
        into.environmentFiles.push(value ?? '');
        break;
      case 'inherit-env':
        into.problems.push(`\`${text}\`: variables of where rkt is called are not known here`);
        break;
      case 'volume':
        volumes.set(value?.split(',')[0] ?? '', /(?:^|,)source=([^,]*)/.exec(value ?? '')?.[1] ?? '');
        break;
      case 'mount':
        mounts.push({ volume: fieldOf(value, 'volume'), target: fieldOf(value, 'target') });
        break;
      case 'exec':
        program = value;
        break;
      default:
        into.kept.push(text);
    }
  }
  for (const { volume, target } of mounts)
    into.mounts.push({ source: volumes.get(volume) ?? volume, target });
  for (const [volume, source] of volumes)
    if (!mounts.some((it) => it.volume === volume)) into.kept.push(`--volume ${volume},source=${source}`);
  if (image === undefined) into.problems.push('there is no image behind the options of rkt');
  const told = words[i] === '--' ? words.slice(i + 1) : [];
  const end = told.indexOf('---');
  if (end >= 0) into.problems.push('the second app of the pod is left out');
  return [...(program === undefined ? [] : [program]), ...(end < 0 ? told : told.slice(0, end))];
}

const fieldOf = (value: string | undefined, name: string): string =>
  value
    ?.split(',')
    .find((field) => field.startsWith(`${name}=`))
    ?.slice(name.length + 1) ?? '';
