/** Documents of Marathon made wrong: labels that say anything, values of other types, parts that are missing. */
import { exampleOf, labelNames } from '../hostile/document.ts';
import { hostileValues } from '../hostile/values.ts';

export type Random = () => number;
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const pick = <T>(random: Random, from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;

const hostile = Object.values(hostileValues).filter(({ length }) => length < 5000);
const pieces = Array.from(' \t\n\r\0"\'\\#$%{}[]()<>|&;:,./@*?!~-_=+aZ09é\u2028');

/** From a right value over one that is wrong by a little to noise. */
export function aText(random: Random, right: string): string {
  const kind = random();
  if (kind < 0.3) return right;
  if (kind < 0.5) return pick(random, hostile);
  if (kind < 0.75) {
    const at = Math.floor(random() * (right.length + 1));
    return (
      right.slice(0, at) +
      pick(random, kind < 0.6 ? hostile : pieces) +
      right.slice(at + Number(random() < 0.5))
    );
  }
  return Array.from({ length: Math.floor(random() * 40) }, () => pick(random, pieces)).join('');
}

/** A few labels of any port, most of them known. */
export function labels(random: Random): Record<string, Json> {
  const count = Math.floor(random() * 6);
  return Object.fromEntries(
    Array.from({ length: count }, (): [string, Json] => {
      const name = pick(random, labelNames);
      const index = pick(random, ['0', '0', '0', '1', '2', '99', '-1', '00', 'x']);
      const value = aText(random, exampleOf(name));
      return [random() < 0.05 ? aText(random, name) : name.replace('_0_', `_${index}_`), value];
    }),
  );
}

const wrongValues: readonly Json[] = [
  ...[null, true, false, 0, -1, 1.5, 1e308, 2 ** 53, 65_536, '', 'x', [], {}, [[]], [null], { a: null }],
  deep(200),
];

function deep(levels: number): Json {
  let made: Json = 'deep';
  for (let i = 0; i < levels; i++) made = i % 2 === 0 ? [made] : { a: made };
  return made;
}

/** The same with some of its nodes replaced, taken away or doubled. @param share of the nodes, 0 to 1 */
export function mutated(random: Random, value: Json, share: number): Json {
  if (random() < share) {
    if (typeof value === 'string' && random() < 0.6) return aText(random, value);
    if (typeof value === 'number' && random() < 0.5) return value + Math.floor(random() * 3) - 1;
    return pick(random, wrongValues);
  }
  if (Array.isArray(value)) {
    const kept = value.filter(() => random() >= share).map((it) => mutated(random, it, share));
    return random() < share && kept.length > 0 ? [...kept, pick(random, kept)] : kept;
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(() => random() >= share)
      .map(([key, it]) => [random() < share / 4 ? aText(random, key) : key, mutated(random, it, share)]),
  );
}
