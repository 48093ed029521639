/** Whether one app brought into the configuration what is not its own: judged on what is read back. */
import { readConfiguration, type ConfigSection } from './configuration.ts';

export type Files = ReadonlyMap<string, string | Buffer>;

export interface Own {
  /** The names that begin the app's backends. */
  readonly backends: readonly string[];
  /** Whether a line of the app's own may begin so. @param kind `backend` and so on */
  readonly may: (kind: string, keyword: string) => boolean;
  /** What it may add to the frontends of all. */
  readonly shared: ReadonlySet<string>;
}

/** Sections that all share, to which rules may be added. */
const sharedFrontends = new Set([
  'frontend marathon_http_in',
  'frontend marathon_https_in',
  'frontend marathon_http_appid_in',
]);

/** @returns what is wrong, in words; empty where nothing is */
export function injected(before: Files, after: Files, own: Own): string[] {
  const wrong: string[] = [];
  const text = String(after.get('haproxy.cfg'));

  const control = /[\u0000-\u0009\u000b-\u001f\u007f]/.exec(text);
  if (control !== null) wrong.push(`a control character: ${JSON.stringify(context(text, control.index))}`);
  const old = sectionsOf(before);
  const seen = new Set<string>();
  for (const section of readConfiguration(text)) {
    if (seen.has(section.name)) wrong.push(`the section "${section.name}" twice`);
    seen.add(section.name);
    const known = old.get(section.name);
    wrong.push(...(known === undefined ? wrongNew(section, own) : wrongKnown(section, known, own)));
  }
  for (const name of old.keys()) if (!seen.has(name)) wrong.push(`the section "${name}" is gone`);
  for (const [name, content] of after)
    if (name.endsWith('.map')) wrong.push(...wrongMap(name, content, before, own));
  return wrong;
}

/** The same files are compared with thousands of others. */
const read = new WeakMap<Files, ReadonlyMap<string, ConfigSection>>();

function sectionsOf(files: Files): ReadonlyMap<string, ConfigSection> {
  const known = read.get(files);
  if (known !== undefined) return known;
  const sections = new Map(readConfiguration(String(files.get('haproxy.cfg'))).map((it) => [it.name, it]));
  read.set(files, sections);
  return sections;
}

const context = (text: string, at: number): string => text.slice(Math.max(0, at - 30), at + 30);

const ownKinds = new Set(['frontend', 'backend', 'userlist']);

const isOwn = (name: string, { backends }: Own): boolean =>
  backends.some((backend) => name === backend || name === `${backend}_in` || name === `user_${backend}`);

function wrongNew({ name, lines }: ConfigSection, own: Own): string[] {
  const [kind = '', title = '', ...rest] = name.split(' ');
  if (!ownKinds.has(kind) || rest.length > 0 || !isOwn(title, own)) return [`the section "${name}"`];
  return lines
    .filter(([keyword = '']) => !own.may(kind, keyword))
    .map((line) => `in "${name}": ${line.join(' ').slice(0, 200)}`);
}

const told = (line: readonly string[]): string =>
  line[0] === 'setenv' && line[1] === 'PACER_HASH' ? 'setenv PACER_HASH' : JSON.stringify(line);

/** Services of another weight have maps of their own. */
const isLookUp = (line: readonly string[]): boolean =>
  /^http-request set-var\(txn\.pacer_backend\) var\(txn\.pacer_\w+\),map_(?:str|beg)\([a-z0-9.-]+\.map\)(?: if !\{ var\(txn\.pacer_backend\) -m found \})?$/.test(
    line.join(' '),
  );

function wrongKnown(now: ConfigSection, before: ConfigSection, own: Own): string[] {
  const left = before.lines.map(told);
  const wrong: string[] = [];
  for (const line of now.lines) {
    const at = left.indexOf(told(line));
    if (at >= 0) left.splice(at, 1);
    else if (!sharedFrontends.has(now.name) || !(own.shared.has(line[0] ?? '') || isLookUp(line)))
      wrong.push(`in "${now.name}": ${line.join(' ').slice(0, 200)}`);
  }
  // The look-ups move where rules stand between them.
  if (left.length > 0 && !sharedFrontends.has(now.name))
    wrong.push(`gone from "${now.name}": ${left.join()}`);
  return wrong;
}

function wrongMap(name: string, content: string | Buffer, before: Files, own: Own): string[] {
  const lines = (of: string | Buffer | undefined) =>
    String(of ?? '')
      .split('\n')
      .filter((line) => line !== '');
  const old = new Set(lines(before.get(name)));
  const now = lines(content);
  const wrong = now
    .filter((line) => !old.has(line))
    .filter((line) => {
      const [, value = '', ...rest] = line.split(/\s+/);
      return rest.length > 0 || !own.backends.includes(value);
    })
    .map((line) => `in ${name}: ${line.slice(0, 200)}`);
  const kept = new Set(now);
  return [
    ...wrong,
    ...[...old].filter((line) => !kept.has(line)).map((line) => `gone from ${name}: ${line}`),
  ];
}
