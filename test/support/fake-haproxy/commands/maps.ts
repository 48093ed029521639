/** `show`, `get`, `add`, `set`, `del`, `clear`, `prepare` and `commit map`. */
import { readPayload, refText } from '../maps.ts';
import { since, type FakeMap, type FakeWorker } from '../worker.ts';
import { failed, shown, silent, told, type Answer, type Command } from './answer.ts';

const unknownMap = failed('Unknown map identifier. Please use #<id> or <file>.');

function find({ maps }: FakeWorker, name: string | undefined): FakeMap | undefined {
  if (name?.startsWith('#') === true) return [...maps.values()].find(({ id }) => `#${id}` === name);
  return name === undefined ? undefined : maps.get(name);
}

/** `@<version>` before the rest. [haproxy] what is no number counts as 0 */
function split(words: readonly string[]): {
  readonly version: number | undefined;
  readonly rest: readonly string[];
} {
  const [first = '', ...rest] = words;
  if (!first.startsWith('@')) return { version: undefined, rest: words };
  return { version: Number.parseInt(first.slice(1), 10) || 0, rest };
}

export const showMap: Command = (words, { worker }) => {
  const { version, rest } = split(words);
  if (rest[0] === undefined && version === undefined) return list(worker);
  const map = find(worker, rest[0]);
  if (map === undefined) return unknownMap;
  const wanted = version ?? map.current;
  let text = '';
  for (const entry of map.entries)
    if (entry.version === wanted) text += `${refText(entry.ref)} ${entry.key} ${entry.value}\n`;
  return shown(text);
};

function list({ maps, configFile }: FakeWorker): Answer {
  const lines = [...maps.values()].map(({ id, file, uses, current, next, entries }) => {
    const used = uses.map(({ line }) => `by map at file '${configFile}' line ${line}`).join(', ');
    return `${id} (${file}) pattern loaded from file '${file}' used ${used}. curr_ver=${current} next_ver=${next} entry_cnt=${entries.length}\n`;
  });
  return shown(`# id (file) description\n${lines.join('')}`);
}

export const addMap: Command = (words, { worker }, payload) => {
  const { version, rest } = split(words);
  const [name, key, value] = rest;
  const usage = payload === undefined ? value === undefined : name === undefined || key !== undefined;
  if (usage)
    return failed(
      "'add map' expects three parameters (map identifier, key and value) or one parameter (map identifier) and a payload",
    );
  const map = find(worker, name);
  if (map === undefined) return unknownMap;
  const into = version ?? map.current;
  if (into > map.next) return failed("Version number in the future, please use 'prepare map' before.");
  const given: ReturnType<typeof readPayload> =
    payload === undefined ? { pairs: [[key ?? '', value ?? '']] } : readPayload(payload);
  for (const [newKey, newValue] of given.pairs)
    map.entries.push({ ref: worker.nextRef++, key: newKey, value: newValue, version: into });
  return given.wrong === undefined ? silent : failed(given.wrong);
};

export const setMap: Command = ([name, key, value], { worker }) => {
  if (key === undefined || value === undefined)
    return failed("'set map' expects three parameters: map identifier, key and value.");
  const map = find(worker, name);
  if (map === undefined) return unknownMap;
  const found = matching(map, key);
  for (const entry of found) entry.value = value;
  if (found.length > 0) return silent;
  return failed(key.startsWith('#') ? 'key or pattern not found.' : 'entry not found.');
};

export const deleteMap: Command = ([name, key], { worker }) => {
  if (key === undefined) return failed('This command expects two parameters: map identifier and key.');
  const map = find(worker, name);
  if (map === undefined) return unknownMap;
  const found = matching(map, key);
  if (found.length === 0) return failed('Key not found.');
  // [haproxy] 3.4: the first of them alone.
  const gone = new Set(since(worker, 3, 4) ? found.slice(0, 1) : found);
  map.entries = map.entries.filter((entry) => !gone.has(entry));
  return silent;
};

/** Entries of the current version with a key, or the one meant by `#<reference>`. */
function matching(map: FakeMap, key: string) {
  if (key.startsWith('#')) return map.entries.filter(({ ref }) => refText(ref) === key.slice(1));
  return map.entries.filter((entry) => entry.key === key && entry.version === map.current);
}

export const clearMap: Command = (words, { worker }) => {
  const { version, rest } = split(words);
  if (rest[0] === undefined) return failed('Missing map identifier.');
  const map = find(worker, rest[0]);
  if (map === undefined) return unknownMap;
  // [haproxy] 3.4.7 leaves the entries of a version that is not committed.
  if (version !== undefined && version !== map.current && since(worker, 3, 4)) return silent;
  const gone = version ?? map.current;
  map.entries = map.entries.filter((entry) => entry.version !== gone);
  return silent;
};

export const prepareMap: Command = ([name], { worker }) => {
  const map = find(worker, name);
  if (map === undefined) return unknownMap;
  map.next += 1;
  return told(`New version created: ${map.next}`);
};

export const commitMap: Command = (words, { worker }) => {
  const { version, rest } = split(words);
  if (version === undefined) return failed('Missing version number.');
  const map = find(worker, rest[0]);
  if (map === undefined) return unknownMap;
  if (version <= map.current || version > map.next) return failed('Version number out of range.');
  map.current = version;
  map.entries = map.entries.filter((entry) => entry.version >= version);
  return silent;
};

export const getMap: Command = ([name, key], { worker }) => {
  if (name === undefined || key === undefined) return failed('Missing map identifier and/or key.');
  const map = find(worker, name);
  if (map === undefined) return unknownMap;
  const lines = map.uses.map(({ converter }) => {
    const kind = converter === 'map_beg' ? 'beg' : 'str';
    const found = lookUp(map, key, kind === 'beg');
    const head = `type=${kind}, case=sensitive, found=`;
    return found === undefined
      ? `${head}no\n`
      : `${head}yes, idx=tree, key="${found.key}", value="${found.value}", type="str"\n`;
  });
  return shown(lines.join(''));
};

/** [haproxy] map_str: the first entry with the key; map_beg: the longest entry that the key begins with. */
export function lookUp(map: FakeMap, key: string, begins: boolean) {
  const entries = map.entries.filter(({ version }) => version === map.current);
  if (!begins) return entries.find((entry) => entry.key === key);
  let longest: (typeof entries)[number] | undefined;
  for (const entry of entries)
    if (key.startsWith(entry.key) && entry.key.length > (longest?.key.length ?? -1)) longest = entry;
  return longest;
}
