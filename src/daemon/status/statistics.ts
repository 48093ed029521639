/** `/haproxy?stats;csv`, which HAProxy asks Pacer for: its own CSV has columns that tools choke on. */
import { setImmediate as turn } from 'node:timers/promises';
import type { HaproxyControl } from '../../haproxy/control/control.ts';
import { toolCsv } from '../../haproxy/replies/tool-csv.ts';
import type { Endpoint } from '../../http/endpoints.ts';
import { text, type Answer } from '../../http/route.ts';

export function statisticsEndpoint(control: Pick<HaproxyControl, 'runtime'>): Endpoint {
  // Tools ask often and several at once, and a large cluster's statistics are megabytes.
  const underWay = new Map<string, Promise<Answer>>();
  return ({ query }) => {
    const command = commandFor(query);
    const answer = underWay.get(command) ?? ask(control, command).finally(() => underWay.delete(command));
    underWay.set(command, answer);
    return answer;
  };
}

/** The words that HAProxy's own page and `show stat` both know. [haproxy] management.txt 9.3 "show stat" */
const commandFor = (query: string): string =>
  ['show stat', ...['up', 'no-maint'].filter((word) => query.split(';').includes(word))]
    .slice(0, 2)
    .join(' ');

async function ask(control: Pick<HaproxyControl, 'runtime'>, command: string): Promise<Answer> {
  const csv = await control.runtime([command]).then(
    ([reply]) => (reply?.kind === 'ok' ? toolCsv(reply.text, turn) : undefined),
    () => undefined,
  );
  // HAProxy takes this for its turn to answer.
  return csv === undefined ? text('HAProxy does not tell Pacer its statistics.\n', 503) : text(csv);
}
