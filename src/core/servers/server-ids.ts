/** The ids of a backend's servers: the same as marathon-lb's as long as its rule works, and well defined after that. */
import type { Digests } from '../model/names.ts';

/** marathon-lb's ids are 1 to 32,766. */
const shortRange = 32_767;
/**
 * How many servers get ids in that range; further ones get larger ids. marathon-lb's rule retries until it finds a free
 * id: some 40 times with so few left, and forever with none.
 */
const mostShort = 32_000;
/** HAProxy stores an id in a signed 32 bit integer. [haproxy] src/server.c srv_parse_id */
const largest = 2 ** 31 - 1;

/**
 * Assigns the ids of one backend, in the order in which they are requested. The same names in the same order get the
 * same ids on every node.
 * @returns a function from a server's name to its id, different from all ids returned before
 */
export function serverIds({ sha256 }: Pick<Digests, 'sha256'>): (name: string) => number {
  const taken = new Set<number>();
  return (name) => {
    const idOf = taken.size < mostShort ? shortId : longId;
    let digest = sha256(name);
    let id = idOf(digest);
    for (let text = name; id === 0 || taken.has(id); id = idOf(digest)) {
      text = `${text} ${digest}`;
      digest = sha256(text);
    }
    taken.add(id);
    return id;
  };
}

const shortId = (digest: string): number => remainder(digest, shortRange);

const longId = (digest: string): number => shortRange + remainder(digest, largest - shortRange);

/**
 * The remainder of a number in lower-case hex, digit by digit: BigInt takes ten times as long, and splitting the text
 * five times.
 */
function remainder(hex: string, divisor: number): number {
  let rest = 0;
  for (let at = 0; at < hex.length; at += 1) {
    const code = hex.charCodeAt(at);
    rest = (rest * 16 + (code < 58 ? code - 48 : code - 87)) % divisor;
  }
  return rest;
}
