/** The ids of a backend's servers: marathon-lb's as long as its rule works, and defined beyond. */
import type { Digests } from '../model/names.ts';

/** marathon-lb's ids are 1 to 32,766. */
const shortRange = 32_767;
/**
 * Servers with ids of that range; the next ones get larger ids. marathon-lb's rule tries again until it meets a
 * free id: some 40 times with so few left, for ever with none.
 */
const mostShort = 32_000;
/** HAProxy keeps an id in a signed 32 bit integer. [haproxy] src/server.c srv_parse_id */
const largest = 2 ** 31 - 1;

/**
 * Hands out the ids of one backend, in the order its servers are asked for. The same names in the same order
 * get the same ids on every node.
 * @returns a function from a server's name to its id, other than all it returned before
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

/** Of a number in lower-case hex, digit by digit: a big integer takes ten times as long, and cutting up the text five. */
function remainder(hex: string, divisor: number): number {
  let rest = 0;
  for (let at = 0; at < hex.length; at += 1) {
    const code = hex.charCodeAt(at);
    rest = (rest * 16 + (code < 58 ? code - 48 : code - 87)) % divisor;
  }
  return rest;
}
