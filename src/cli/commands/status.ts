/** `pacer status`: what a running Pacer does now. */
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../errors.ts';
import { howLong, whatWasDone } from '../changes.ts';
import { pacerClient } from '../client/client.ts';
import type { Status } from '../../daemon/status/answers.ts';
import { stopSignal } from '../signals.ts';
import { table, wrap, type Cell } from '../terminal/table.ts';
import { terminal, type Terminal } from '../terminal/terminal.ts';
import { ago, counted, duration } from '../terminal/words.ts';

const watchEveryMs = 2000;
const stateLooks = { ready: 'green', degraded: 'yellow', 'not ready': 'red' } as const;
/** Diagnostics shown without --json. */
const mostWrong = 20;

/** @returns 0 where Pacer is ready, 1 where it is not */
export async function status(options: Record<string, unknown>): Promise<number> {
  const client = pacerClient(options);
  const out = terminal();
  const asJson = options['json'] === true;
  const ask = async () => (await client.get('/status')) as Status;
  const shown = (answer: Status) =>
    asJson ? `${JSON.stringify(answer, null, 2)}\n` : statusText(answer, out, client.address);
  if (options['watch'] !== true) {
    const answer = await ask();
    out.write(shown(answer));
    return answer.ready ? 0 : 1;
  }
  const signal = stopSignal();
  while (!signal.aborted) {
    const text = await ask().then(
      (answer) => (asJson ? `${JSON.stringify(answer)}\n` : shown(answer)),
      (error: unknown) => `${messageOf(error)}\n`,
    );
    // A terminal is drawn anew from the top; whatever else gets one after the other.
    out.write(out.width === undefined || asJson ? text : `\x1b[H\x1b[2J${text}`);
    await sleep(watchEveryMs, undefined, { signal }).catch(() => undefined);
  }
  return 0;
}

export function statusText(answer: Status, out: Terminal, address: string): string {
  const { pacer, state, why, concerns, notes, diagnostics } = answer;
  const head = `${out.paint('bold', `Pacer ${pacer.version}`)}  ${out.paint(stateLooks[state], state)}  ${out.paint('dim', `${address}, up ${duration(pacer.uptimeSeconds)}`)}\n`;
  const wrong = diagnostics.slice(0, mostWrong).map(({ severity, text, code }) => {
    const look = severity === 'error' ? 'red' : severity === 'warning' ? 'yellow' : 'dim';
    return wrap(`${severity}: ${text} [${code}]`, out, '  ', '    ').replace(
      severity,
      out.paint(look, severity),
    );
  });
  const rest = diagnostics.length - wrong.length;
  return [
    head,
    ...why.map((reason) => out.paint('red', wrap(reason, out, '  '))),
    ...concerns.map((concern) => out.paint('yellow', wrap(concern, out, '  '))),
    ...notes
      .filter((note) => !concerns.includes(note))
      .map((note) => wrap(`note: ${note}`, out, '  ', '    ')),
    table(facts(answer), out, { indent: '  ' }),
    ...(diagnostics.length === 0 ? [] : [`\n${out.paint('bold', 'What is wrong')}\n`, ...wrong]),
    ...(rest > 0 ? [`  and ${rest} more; see --json\n`] : []),
  ].join('');
}

function facts({ marathon, haproxy, services, servers, lastChange }: Status): Cell[][] {
  const { connected, leader, endpoint, apps, tasks, confirmationAgeSeconds: age } = marathon;
  const { running, mode, inSync } = haproxy;
  const old = running?.oldWorkers.length ?? 0;
  return [
    [
      'Marathon',
      [
        leader ?? endpoint ?? 'no node answers',
        connected ? '' : 'not connected',
        age === null ? 'never confirmed' : `confirmed ${duration(age)} ago`,
        `${counted(apps, 'app')}, ${counted(tasks, 'task')}`,
      ]
        .filter((part) => part !== '')
        .join(', '),
    ],
    [
      'HAProxy',
      running === null
        ? `does not answer (${mode})`
        : `${running.version} (${mode}), ${inSync ? 'runs the desired configuration' : 'does not run the desired configuration'}, ${counted(running.reloads, 'reload')}${old === 0 ? '' : `, ${counted(old, 'old worker')}`}`,
    ],
    ['serves', `${counted(services, 'service')}, ${counted(servers, 'server')}`],
    ...(lastChange === null
      ? []
      : [
          ['last change', `${ago(lastChange.at)}, in ${howLong(lastChange)}; ${whatWasDone(lastChange)}`],
          ['because of', lastChange.cause],
        ]),
  ];
}
