/** What templates say of each server, as words: what is judged, and what `add server` has to take. */
import type { PlainDefinition } from './data.ts';
import { writeFragment } from './fragment.ts';
import { objectionTo } from '../guard/guard.ts';
import type { Objection } from '../guard/objection.ts';
import type { TemplateName } from '../model/template-names.ts';
import type { OwnLine, Template } from '../model/replaced.ts';
import { readServerText } from './server-text.ts';
import type { Report, ServiceOverride } from './service-override.ts';
import { splitLine, type Line } from '../guard/words.ts';

type Texts = Readonly<Partial<Record<TemplateName, string>>>;

/** The options of the check, with a blank before: a template's, else the first word of Pacer's own. */
export function checkOptionsOf({ check }: PlainDefinition, texts: Texts): string {
  if (check === undefined) return '';
  return (
    (check.kind === 'connect'
      ? texts.BACKEND_SERVER_TCP_HEALTHCHECK_OPTIONS
      : texts.BACKEND_SERVER_HTTP_HEALTHCHECK_OPTIONS) ?? ' check'
  );
}

export interface ServerPart {
  /** The usual line of each task. */
  readonly line: Template | undefined;
  readonly own: readonly OwnLine[];
  readonly serverLines: readonly Line[];
  /** Lines of the backend beside them. */
  readonly lines: readonly Line[];
}

const nothing: ServerPart = { line: undefined, own: [], serverLines: [], lines: [] };

/** What a template of BACKEND_SERVER_OPTIONS comes to; nothing where something is wrong with it. */
export function serverPart(
  override: ServiceOverride,
  definition: PlainDefinition,
  texts: Texts,
  report: Report,
): ServerPart {
  const cookie = definition.sticky ? ' cookie 0123456789' : '';
  const found = readServerText(override.template, {
    cookie,
    check: checkOptionsOf(definition, texts),
    other: '',
  });
  const { guard } = override;
  const fail = (objection: Objection): ServerPart => {
    report(override, 'error', objection);
    return nothing;
  };
  if ('reason' in found) return fail(found);
  if (guard !== undefined) {
    if (found.own.some(({ ofTask }) => ofTask)) return fail(unusual);
    const section = found.line === undefined ? 'backend' : 'server';
    for (const line of found.serverLines) {
      const judged = section === 'server' ? { ...line, words: line.words.slice(3) } : line;
      const objection = objectionTo(judged, section, guard);
      if (objection !== undefined) return fail(objection);
    }
  }
  const others = writeFragment(found.others, { section: 'backend', guard });
  if (!others.ok) return fail(others);
  report(override, 'notice', others.translated);
  return { ...found, lines: others.lines };
}

/** The load balancer's own ports can be reached by the address of a task that runs beside it. */
const unusual: Objection = {
  reason:
    'a server line of a task has another name or address than {serverName} {host_ipv4}:{port} or {host}:{port}',
  remedy: 'begin it with server {serverName} {host_ipv4}:{port}, or write a fixed name and address',
};

/** @returns the words behind the addresses */
export const wordsOfServers = (lines: readonly Line[]): string[] =>
  lines.flatMap(({ words }) => words.slice(3));

/** The words of Pacer's own server line that a template may replace. */
export function ownWords(definition: PlainDefinition, texts: Texts): readonly string[] {
  const line = splitLine(checkOptionsOf(definition, texts));
  return 'wrong' in line ? [] : line.words;
}
