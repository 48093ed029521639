/** Parses `show map` and `show map <file>`. Pure. */

/** A map that HAProxy has loaded. */
export interface MapInfo {
  /** Can be used as `#<id>` in commands. */
  readonly id: number;
  /** The path in the configuration, relative if it is relative there. Empty for a map without a file. */
  readonly file: string;
  readonly currentVersion: number;
  readonly nextVersion: number;
  readonly entries: number;
}

/** An entry of a map. */
export interface MapEntry {
  /** HAProxy's reference to the entry, for example `0x5648fc520`: `del map F #0x5648fc520` deletes this one. */
  readonly ref: string;
  readonly key: string;
  readonly value: string;
}

/** [haproxy] management.txt 9.3 "show map": `0 (hosts.map) pattern loaded from file ... curr_ver=0 next_ver=0 entry_cnt=1` */
export function parseMapList(text: string): MapInfo[] {
  return text.split('\n').flatMap((line) => {
    const match = /^(\d+) \((.*?)\) .*curr_ver=(\d+) next_ver=(\d+) entry_cnt=(\d+)/.exec(line);
    if (match === null) return [];
    const [, id, file = '', current, next, entries] = match;
    return {
      id: Number(id),
      file,
      currentVersion: Number(current),
      nextVersion: Number(next),
      entries: Number(entries),
    };
  });
}

/** `0x5648fc520 key the value`, one per line, in HAProxy's order: of equal keys the first one counts. */
export function parseMap(text: string): MapEntry[] {
  return text.split('\n').flatMap((line) => {
    const match = /^(0x[0-9a-f]+) (\S+) ?(.*)$/.exec(line);
    if (match === null) return [];
    const [, ref = '', key = '', value = ''] = match;
    return { ref, key, value };
  });
}

/** The version created by `prepare map`: "New version created: 3". */
export function parseNewVersion(text: string): number | undefined {
  const version = /New version created: (\d+)/.exec(text)?.[1];
  return version === undefined ? undefined : Number(version);
}
