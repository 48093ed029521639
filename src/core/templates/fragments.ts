/** What templates replace of one service: judged, filled in, and in today's directives. */
import type { Diagnostic } from '../model/diagnostic.ts';
import type { HealthCheck } from '../model/model.ts';
import { usesOf, type PlainDefinition } from './data.ts';
import { isEmptyTemplate } from './empty.ts';
import { fragmentText, writeFragment } from './fragment.ts';
import { templateSpec, type TemplateName } from '../model/template-names.ts';
import type { FragmentSource, TemplateContext } from './context.ts';
import { emptyHasNoEffect, overridesOf } from './overrides.ts';
import { fillTemplate, rawTemplate } from './placeholders.ts';
import type { OwnLine, OwnServers, ServiceFragments } from '../model/replaced.ts';
import { httpSequence, httpsSequence } from './rule-sequence.ts';
import { appIdRule, vhostRules, type Overrides } from './rules.ts';
import { headOf, withHead } from './section-head.ts';
import { defaultServerWords } from './server-line.ts';
import { fixedPlace } from './own-servers.ts';
import { ownWords, serverPart, wordsOfServers } from './server-words.ts';
import type { Report, ServiceOverride } from './service-override.ts';
import { writeLine, type Line } from '../guard/words.ts';

export interface FragmentResult {
  /** Undefined where nothing is replaced. */
  readonly fragments: ServiceFragments | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

export function fragmentsOf(source: FragmentSource, context: TemplateContext): FragmentResult {
  const { definition } = source;
  const { appId, portIndex } = definition;
  const diagnostics: Diagnostic[] = [];
  const add = (diagnostic: Omit<Diagnostic, 'appId' | 'portIndex'>) =>
    diagnostics.push({ ...diagnostic, appId, portIndex });
  const overrides = overridesOf(source, context, (severity, label, about) =>
    add({
      code: severity === 'error' ? 'TEMPLATE_INVALID' : 'LABEL_WITHOUT_EFFECT',
      ...{ severity, label, ...about },
    }),
  );
  if (overrides.size === 0 && context.serverDefaults.length === 0)
    return { fragments: undefined, diagnostics };
  const report: Report = ({ place, byLabel }, severity, about) => {
    if ('reason' in about) {
      const reason = byLabel ? about.reason : `the operator's template ${place}: ${about.reason}`;
      const { remedy } = about;
      const code = severity === 'error' ? 'TEMPLATE_INVALID' : 'LABEL_WITHOUT_EFFECT';
      add({ code, severity, ...(byLabel ? { label: place } : {}), reason, remedy });
      return;
    }
    // The operator is told once, at start.
    if (!byLabel) return;
    for (const { from, to } of about) {
      add({
        code: 'TEMPLATE_TRANSLATED',
        ...{ severity, label: place, reason: `HAProxy has removed "${from}"` },
        remedy:
          to === '' ? 'it is left out, without a difference' : `it is written as "${to}", which is the same`,
      });
    }
  };
  for (const override of overrides.values()) {
    // One that closes the port is none that stands anywhere.
    if (override.byLabel && !isUsed(override.name, source) && !isEmptyTemplate(override.template))
      add({ code: 'LABEL_WITHOUT_EFFECT', severity: 'notice', label: override.place, ...unused });
  }
  const fragments = replaced(source, overrides, context, report);
  return { fragments, diagnostics };
}

const unused = {
  reason: 'the service has no use for this template',
  remedy: 'see docs/templates.md for when it is used, or drop the label',
};

function isUsed(name: TemplateName, { definition, check }: FragmentSource): boolean {
  if (name === 'BACKEND_SERVER_OPTIONS') return true;
  if (name === 'HTTP_FRONTEND_APPID_ACL') return definition.mode === 'http';
  return templateSpec(name).section === 'shared'
    ? [...httpSequence(definition), ...httpsSequence(definition)].some((use) => use.name === name)
    : usesOf(name, definition, check).length > 0;
}

function replaced(
  { definition, check }: FragmentSource,
  overrides: Overrides,
  context: TemplateContext,
  report: Report,
): ServiceFragments {
  const texts: Partial<Record<TemplateName, string>> = {};
  const backendLines: Line[] = [];
  const added: Line[] = [];
  for (const override of overrides.values()) {
    const { name } = override;
    const { section } = templateSpec(name);
    if (name === 'BACKEND_SERVER_OPTIONS' || section === undefined || section === 'shared') continue;
    const all = linesOf(override, definition, check, report);
    if (all === undefined) continue;
    // Servers are added and removed while HAProxy runs, so they are none of the text.
    const servers = section === 'backend' ? serverLinesIn(all) : [];
    added.push(...servers);
    const lines = all.filter((line) => !servers.includes(line));
    if (section === 'backend') backendLines.push(...lines);
    if (section !== 'server') texts[name] = withHead(name, lines, definition);
    else if (lines.length > 1)
      report(override, 'error', { reason: 'it has more than one line', remedy: 'write one line' });
    else texts[name] = lines.map(({ words }) => ` ${writeLine(words)}`).join('');
  }
  const server = overrides.get('BACKEND_SERVER_OPTIONS');
  const isEmpty = server !== undefined && isEmptyTemplate(server.template);
  const part = server === undefined || isEmpty ? undefined : serverPart(server, definition, texts, report);
  if (isEmpty && added.length === 0) report(server, 'warning', emptyHasNoEffect);
  if (part !== undefined && part.lines.length > 0) {
    texts.BACKEND_SERVER_OPTIONS = fragmentText(part.lines);
    backendLines.push(...part.lines);
  }
  const { fixedServers, addition } = balanceFacts(backendLines, definition);
  const head = texts.BACKEND_HEAD;
  if (head !== undefined && addition !== undefined) texts.BACKEND_HEAD = `${head}  ${addition}\n`;

  const serverDefaults = [...context.serverDefaults, ...defaultServerWords(backendLines)];
  const serverLines = [...(part?.serverLines ?? []), ...added];
  const replacesTasks = part === undefined ? isEmpty && added.length > 0 : part.own.length > 0;
  const words = [
    ...(part === undefined && !replacesTasks ? ownWords(definition, texts) : []),
    ...wordsOfServers(serverLines),
  ];
  return {
    ...{ texts, serverDefaults },
    fixedServers: fixedServers ?? lookedUp(serverLines),
    serverLine: part?.line,
    ...ownOf(part?.own ?? [], added, replacesTasks),
    serverWords: [...new Set([...serverDefaults, ...words])],
    checked: serverDefaults.includes('check') || words.includes('check'),
    rules: vhostRules(definition, overrides, report),
    appIdRule: appIdRule(definition, overrides, report),
  };
}

/** The server lines that stand in another template; under a condition of the file they stay where they are. */
function serverLinesIn(lines: readonly Line[]): Line[] {
  if (lines.some(({ words: [keyword = ''] }) => keyword.startsWith('.'))) return [];
  return lines.filter(({ words }) => words[0] === 'server' && words.length > 2);
}

function ownOf(
  own: readonly OwnLine[],
  added: readonly Line[],
  replacesTasks: boolean,
): { readonly own?: OwnServers } {
  const lines = [
    ...own,
    // marathon-lb writes these once, whatever the tasks are.
    ...added.map(({ text }): OwnLine => ({ template: rawTemplate(text), ofTask: false, withTasks: false })),
  ];
  return lines.length === 0 ? {} : { own: { lines, replacesTasks } };
}

/** [haproxy] management.txt 9.3 "add server": no name is looked up for one. */
function lookedUp(lines: readonly Line[]): string | undefined {
  const found = lines.find(({ words }) => fixedPlace(words[2] ?? '') === undefined);
  return found && `the server ${found.words[1] ?? ''} has no fixed address`;
}

/** @returns undefined where the service has no use for the template, or something is wrong with it */
function linesOf(
  override: ServiceOverride,
  definition: PlainDefinition,
  check: HealthCheck | undefined,
  report: Report,
): readonly Line[] | undefined {
  const { name, template, guard } = override;
  const uses = usesOf(name, definition, check);
  if (uses.length === 0) return undefined;
  const lines: Line[] = [];
  for (const data of uses) {
    const written = writeFragment(fillTemplate(template, data), {
      section: templateSpec(name).section ?? 'backend',
      head: headOf(name, definition),
      guard,
    });
    if (!written.ok) {
      report(override, 'error', written);
      return undefined;
    }
    report(override, 'notice', written.translated);
    lines.push(...written.lines);
  }
  return lines;
}

/** Whether servers can be added to a backend whose lines are replaced. [haproxy] management.txt 9.3 "add server" */
const dynamic: ReadonlySet<string> = new Set(['roundrobin', 'leastconn', 'random', 'first']);

interface BalanceFacts {
  /** Why no server can be added while HAProxy runs. */
  readonly fixedServers: string | undefined;
  /** A line without which it could not, where the template says nothing about it. */
  readonly addition: string | undefined;
}

function balanceFacts(lines: readonly Line[], { balance }: PlainDefinition): BalanceFacts {
  const last = (keyword: string) => lines.filter(({ words }) => words[0] === keyword).at(-1)?.words;
  const algorithm = last('balance')?.[1] ?? balance.words[0] ?? '';
  const name = algorithm.replace(/\(.*/, '');
  if (dynamic.has(name)) return { fixedServers: undefined, addition: undefined };
  if (name === 'static-rr')
    return { fixedServers: 'balance static-rr takes no server at runtime', addition: undefined };
  const hashType = last('hash-type');
  if (hashType === undefined) return { fixedServers: undefined, addition: 'hash-type consistent' };
  return hashType[1] === 'consistent'
    ? { fixedServers: undefined, addition: undefined }
    : {
        fixedServers: `balance ${name} with hash-type ${hashType[1] ?? ''} takes no server at runtime`,
        addition: undefined,
      };
}
