/** A replaced server line, so that servers added at runtime are the same as those of the file. */
import type { Template } from '../model/replaced.ts';
import type { Server } from '../model/service.ts';
import { serverData } from './data.ts';
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

export const addressOf = ({ address, port }: LineServer): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;

/** A server as any other, to look at a template with. */
export const sample: LineServer = {
  name: 'agent_example_192_0_2_1_31000' as Server['name'],
  id: 12345,
  host: 'agent.example',
  address: '192.0.2.1',
  port: 31000,
};

/** What the `default-server` lines of a section say, one after the other. */
export const defaultServerWords = (lines: readonly { readonly words: readonly string[] }[]): string[] =>
  lines.flatMap(({ words: [keyword, ...rest] }) => (keyword === 'default-server' ? rest : []));
