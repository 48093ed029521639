/**
 * An operator's templates of grouped HTTPS. They name frontends, backends and abstract sockets after the vhost, as
 * marathon-lb has it; what they name becomes what Pacer's own parts of the way are called.
 */
import type { TemplateName } from '../core/model/template-names.ts';
import { textValue, wordsValue } from '../core/templates/placeholders.ts';
import type { Override } from '../core/model/replaced.ts';
import { writeWord, type Line } from '../core/guard/words.ts';
import { frontendText, operatorLines, sectionText, type FrontendText } from './operator/operator-section.ts';

type Templates = ReadonlyMap<TemplateName, Override>;

export interface GroupedVhost {
  readonly name: string;
  /** The socket between the HTTPS port and the vhost's frontend, as HAProxy writes it. */
  readonly socket: string;
  /** Paths. */
  readonly certificates: readonly string[];
  /** With a blank before each. */
  readonly bindOptions: string;
}

/** The HTTPS port. @param rules what chooses by name, before anything of the operator lets a connection through */
export function ownHttpsPort(templates: Templates, rules: string): FrontendText | undefined {
  const override = templates.get('HTTPS_GROUPED_FRONTEND_HEAD');
  if (override === undefined) return undefined;
  const text = frontendText(override, {});
  const lines = text.head.split('\n');
  const at = lines.findIndex((line) => /^\s+tcp-request\s+content\s/.test(line));
  const waits = /^\s+tcp-request\s+inspect-delay\s/m.test(text.head);
  const own = [
    ...(/^\s+mode\s/m.test(text.head) ? [] : ['  mode tcp']),
    // Of Pacer's defaults, and nothing for tcp mode.
    ...(text.head.includes('option idle-close-on-response') ? [] : ['  no option idle-close-on-response']),
    ...(waits ? [] : ['  tcp-request inspect-delay 5s']),
    rules.trimEnd(),
  ].join('\n');
  lines.splice(at < 0 ? lines.length - 1 : at, 0, own);
  return { ...text, head: lines.join('\n') };
}

/** Lines of the HTTPS port that lead one name of clients to the way to its vhost. */
export function ownHttpsPortLines(templates: Templates, backend: string, host: string): readonly string[] {
  const override = templates.get('HTTPS_GROUPED_VHOST_FRONTEND_ACL');
  if (override === undefined) return [];
  return operatorLines(override, {
    backend: textValue(backend),
    host: textValue(host.startsWith('.') ? `*${host}` : host),
  }).map(({ text }) => text);
}

/** The way from the HTTPS port to a vhost's frontend. */
export function ownWay(templates: Templates, vhost: GroupedVhost): string | undefined {
  const override = templates.get('HTTPS_GROUPED_VHOST_BACKEND_HEAD');
  if (override === undefined) return undefined;
  const { name } = vhost;
  const lines = operatorLines(override, { name: textValue(name) }).map((line) => renamed(line, name, vhost));
  // marathon-lb's defaults are of tcp mode, Pacer's are not.
  const saysMode = lines.some(({ words: [keyword] }) => keyword === 'mode');
  return `${sectionText(lines)}${saysMode ? '' : '  mode tcp\n'}`;
}

/** The frontend of a vhost, which speaks TLS. */
export function ownVhostFrontend(templates: Templates, vhost: GroupedVhost): FrontendText | undefined {
  const override = templates.get('HTTPS_GROUPED_VHOST_FRONTEND_HEAD');
  if (override === undefined) return undefined;
  const { name, certificates, bindOptions } = vhost;
  const data = {
    name: textValue(name),
    sslCerts: wordsValue(certificates.map((path) => `crt ${writeWord(path)}`).join(' ')),
    bindOpts: wordsValue(bindOptions),
  };
  return frontendText(override, data, (line) => renamed(line, `${name}_in`, vhost));
}

function renamed(line: Line, section: string, { name, socket }: GroupedVhost): Line {
  const [keyword = '', title] = line.words;
  if (['frontend', 'backend', 'listen'].includes(keyword) && title === name)
    return { ...line, words: [keyword, section], text: `${keyword} ${section}` };
  const inSocket = (text: string) => text.replaceAll(`abns@${name}`, socket);
  return { ...line, words: line.words.map(inSocket), text: inSocket(line.text) };
}
