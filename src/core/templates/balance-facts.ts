/** Whether servers can be added to a backend whose lines are replaced. [haproxy] management.txt 9.3 "add server" */
import type { PlainDefinition } from './data.ts';
import type { Line } from '../guard/words.ts';

const dynamic: ReadonlySet<string> = new Set(['roundrobin', 'leastconn', 'random', 'first']);

export interface BalanceFacts {
  /** Why no server can be added while HAProxy runs. */
  readonly fixedServers: string | undefined;
  /** A line without which it could not, where the template says nothing about it. */
  readonly addition: string | undefined;
}

export function balanceFacts(lines: readonly Line[], { balance }: PlainDefinition): BalanceFacts {
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
