/**
 * A template of BACKEND_SERVER_OPTIONS, taken apart. marathon-lb writes it into the backend once a task: the usual line of
 * the task, or lines with names and addresses of their own, and whatever else stands in a backend.
 */
import { taskPlaceholders } from '../model/template-names.ts';
import { sectionKeywords } from '../guard/keywords.ts';
import type { Objection } from '../guard/objection.ts';
import { splitLine, type Line } from '../guard/words.ts';
import type { ServerName } from '../model/ids.ts';
import type { OwnLine, Template } from '../model/replaced.ts';
import { serverData } from './data.ts';
import { fillTemplate } from './placeholders.ts';
import { addressOf, fillServerLine, sample, type ServerOptions } from './server-line.ts';

export interface ServerText {
  /** The usual line, where there is no other. */
  readonly line: Template | undefined;
  readonly own: readonly OwnLine[];
  /** Server lines as they are for any task. */
  readonly serverLines: readonly Line[];
  /** Lines that are about no server. */
  readonly others: string;
}

/** @returns what is wrong with a line, or the text's parts */
export function readServerText(template: Template, options: ServerOptions): ServerText | Objection {
  const own: OwnLine[] = [];
  const serverLines: Line[] = [];
  const others: string[] = [];
  const all = linesOf(template);
  const several = all.filter((it) => !isBlank(it)).length > 1;
  for (const [i, it] of all.entries()) {
    const fault = (reason: string, remedy: string): Objection => ({
      reason: several ? `line ${i + 1}: ${reason}` : reason,
      remedy,
    });
    const line = splitLine(fillServerLine(it, sample, options));
    if ('wrong' in line) return fault(line.wrong, 'close the quote, or escape it');
    const [keyword, name, address] = line.words;
    if (keyword === undefined) continue;
    const ofTask = it.parts.some((part) => part.kind === 'placeholder' && ofServer.has(part.name));
    if (sectionKeywords.has(keyword))
      return fault(
        `"${keyword}" begins another section`,
        'keep to lines of the backend, or ask the operator for a HEAD',
      );
    if (keyword === 'server-template')
      return fault(
        'the names of its servers are not known before HAProxy runs',
        'write a server line for each',
      );
    if (keyword !== 'server') {
      if (it.parts.some((part) => part.kind === 'placeholder'))
        return fault(
          'a line that is no server line is the same for all tasks',
          `begin it with ${usual}, or use no placeholder`,
        );
      others.push(fillTemplate(it, {}));
      continue;
    }
    if (name === undefined || address === undefined)
      return fault('the server line lacks a name or an address', `begin it with ${usual}`);
    if (ofTask && name === nameFor(it, { ...sample, name: 'another' as ServerName, port: 31001, id: 1 }))
      return fault(`the server ${name} is at each task, and all have one name`, `begin it with ${usual}`);
    if (serverLines.some(({ words }) => words[1] === name))
      return fault(`there are two servers ${name}`, 'give each its own name');
    serverLines.push(line);
    own.push({ template: it, ofTask, withTasks: true });
  }
  const [first, ...more] = serverLines;
  if (first === undefined) return { reason: 'it has no server line', remedy: `add ${usual}` };
  const isUsual = more.length === 0 && first.words[1] === sample.name && first.words[2] === addressOf(sample);
  return {
    ...{ serverLines, others: others.join('\n') },
    ...(isUsual ? { line: own[0]?.template, own: [] } : { line: undefined, own }),
  };
}

const usual = 'server {serverName} {host_ipv4}:{port}';

const nameFor = (line: Template, server: typeof sample): string | undefined => {
  const found = splitLine(fillServerLine(line, server, { cookie: '', check: '', other: '' }));
  return 'wrong' in found ? undefined : found.words[1];
};

const ofServer: ReadonlySet<string> = new Set(taskPlaceholders);

const isBlank = (line: Template): boolean => {
  const words = splitLine(fillTemplate(line, serverData(sample, { cookie: '', check: '', other: '' })));
  return 'words' in words && words.words.length === 0;
};

/** No value of a placeholder has a line break. */
function linesOf({ parts }: Template): Template[] {
  const lines: Template['parts'][number][][] = [[]];
  for (const part of parts) {
    if (part.kind === 'placeholder') {
      lines.at(-1)?.push(part);
      continue;
    }
    for (const [i, text] of part.text.split('\n').entries()) {
      if (i > 0) lines.push([]);
      lines.at(-1)?.push({ kind: 'literal', text });
    }
  }
  return lines.map((it) => ({ parts: it }));
}
