/** Reads `show map` and `show map <file>`. Pure. */

export interface MapInfo {
  /** Usable as `#<id>`. */
  readonly id: number;
  /** As the configuration names it: relative where that is relative. Empty for a map without a file. */
  readonly file: string;
  readonly currentVersion: number;
  readonly nextVersion: number;
  readonly entries: number;
}

export interface MapEntry {
  /** HAProxy's reference to the entry, e.g. `0x5648fc520`: `del map F #0x5648fc520` means this one. */
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

/** `0x5648fc520 key the value`, one a line, in HAProxy's order: for equal keys the first one counts. */
export function parseMap(text: string): MapEntry[] {
  return text.split('\n').flatMap((line) => {
    const match = /^(0x[0-9a-f]+) (\S+) ?(.*)$/.exec(line);
    if (match === null) return [];
    const [, ref = '', key = '', value = ''] = match;
    return { ref, key, value };
  });
}

/** The version made by `prepare map`: "New version created: 3". */
export function parseNewVersion(text: string): number | undefined {
  const version = /New version created: (\d+)/.exec(text)?.[1];
  return version === undefined ? undefined : Number(version);
}
