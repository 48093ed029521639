/** The order in which a service's records are to be tried. Pure: chance is given. */
import type { ServiceRecord } from './names.ts';

/** [rfc2782] by priority; within one, at random, but the more likely early the larger the weight. */
export function srvOrder(records: readonly ServiceRecord[], random: () => number): ServiceRecord[] {
  const priorities = [...new Set(records.map(({ priority }) => priority))].sort((a, b) => a - b);
  return priorities.flatMap((wanted) => {
    // Those without weight first: then they have their small chance.
    const left = records.filter(({ priority }) => priority === wanted).sort((a, b) => a.weight - b.weight);
    const ordered: ServiceRecord[] = [];
    while (left.length > 0) ordered.push(...left.splice(draw(left, random), 1));
    return ordered;
  });
}

function draw(records: readonly ServiceRecord[], random: () => number): number {
  const total = records.reduce((sum, { weight }) => sum + weight, 0);
  const point = Math.floor(random() * (total + 1));
  let sum = 0;
  return Math.max(
    0,
    records.findIndex(({ weight }) => (sum += weight) >= point),
  );
}
