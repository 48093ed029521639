/** A replaced server line: one line, about its server, so that servers added at runtime are the same. */
import type { Template } from '../model/replaced.ts';
import type { Server } from '../model/service.ts';
import { serverData } from './data.ts';
import type { Objection } from '../guard/objection.ts';
import { fillTemplate } from './placeholders.ts';
import { splitLine, writeWord } from '../guard/words.ts';

type LineServer = Pick<Server, 'name' | 'id' | 'host' | 'address' | 'port'>;

export interface ServerOptions {
  /** Words with a blank before each. */
  readonly cookie: string;
  readonly check: string;
  readonly other: string;
}

/** The `server` line of one server, without a newline. */
export function fillServerLine(template: Template, server: LineServer, options: ServerOptions): string {
  const text = fillTemplate(template, serverData(server, options)).trim();
  if (server.host === server.address) return text;
  const line = splitLine(text);
  if ('wrong' in line || line.words[2] !== `${server.host}:${server.port}`) return text;
  // HAProxy would look the agent's name up itself, and does not at runtime.
  return line.words.map((word, i) => (i === 2 ? addressOf(server) : writeWord(word))).join(' ');
}

const addressOf = ({ address, port }: LineServer): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;

/** A server as any other, to look at a template with. */
const sample: LineServer = {
  name: 'agent_example_192_0_2_1_31000' as Server['name'],
  id: 12345,
  host: 'agent.example',
  address: '192.0.2.1',
  port: 31000,
};

/** What a template says of a server. @returns the words behind the address, or what is wrong */
export function serverWordsOf(
  template: Template,
  options: ServerOptions,
): { readonly words: readonly string[]; readonly expandsEnvironment: boolean } | Objection {
  if (fillTemplate(template, serverData(sample, options)).trim().includes('\n'))
    return { reason: 'it has more than one line', remedy: 'write one server line' };
  const line = splitLine(fillServerLine(template, sample, options));
  if ('wrong' in line) return { reason: line.wrong, remedy: 'close the quote, or escape it' };
  const [keyword, name, address, ...words] = line.words;
  const remedy = 'begin it with server {serverName} {host_ipv4}:{port}';
  if (keyword !== 'server' || name !== sample.name)
    return { reason: 'it is not a server line with the name {serverName}', remedy };
  if (address !== addressOf(sample))
    return { reason: 'its address is not {host_ipv4}:{port} or {host}:{port}', remedy };
  return { words, expandsEnvironment: line.expandsEnvironment };
}

/** What the `default-server` lines of a section say, one after the other. */
export const defaultServerWords = (lines: readonly { readonly words: readonly string[] }[]): string[] =>
  lines.flatMap(({ words: [keyword, ...rest] }) => (keyword === 'default-server' ? rest : []));
