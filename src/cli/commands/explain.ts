/** `pacer explain <what>`: why it is served as it is, asked of a running Pacer. Or what an error code means. */
import type { Candidate, ServiceView } from '../../core/explain/explanation.ts';
import type { ExplanationAnswer } from '../../daemon/status/answers.ts';
import type { ConfigurationPart } from '../../render/sections.ts';
import { pacerClient } from '../client/client.ts';
import { describeCode } from '../errors.ts';
import { table, wrap, type Cell } from '../terminal/table.ts';
import { terminal, type Style, type Terminal } from '../terminal/terminal.ts';
import { oneLine, shorten } from '../terminal/text.ts';

interface ServiceAnswer extends ServiceView {
  /** The name of its backend in HAProxy. */
  readonly haproxyBackend?: string | undefined;
}

/** @returns 0 where it is served, 1 where not */
export async function explain(what: string, options: Record<string, unknown>): Promise<number> {
  const meaning = describeCode(what);
  if (meaning !== undefined) {
    process.stdout.write(meaning);
    return 0;
  }
  const path = `/explain?q=${encodeURIComponent(what)}`;
  const answer = (await pacerClient(options).get(path)) as ExplanationAnswer;
  const out = terminal();
  out.write(options['json'] === true ? `${JSON.stringify(answer, null, 2)}\n` : explanationText(answer, out));
  return answer.served ? 0 : 1;
}

export function explanationText(answer: ExplanationAnswer, out: Terminal): string {
  const { subject, served, candidates, services, diagnostics, hints, configuration } = answer;
  const section = (title: string, body: string) =>
    body === '' ? '' : `\n${out.paint('bold', title)}\n${body}`;
  return [
    `${out.paint('bold', oneLine(subject))}\n`,
    wrap(answer.answer, out, '  ').replace(/(?<=^ {2})\S.*/gm, (text) =>
      out.paint(served ? 'green' : 'red', text),
    ),
    ...hints.map((hint) => wrap(`(${hint})`, out, '  ')),
    section('Who claims it', table(candidates.map(candidateRow), out, { indent: '  ' })),
    ...services.map((service) => section(serviceTitle(service), serviceText(service, out))),
    section(
      'What is wrong',
      diagnostics
        .map(({ severity, text, code }) => wrap(`${severity}: ${text} [${code}]`, out, '  ', '    '))
        .join(''),
    ),
    section('Configuration', configuration.map((part) => configurationText(part, out)).join('')),
  ].join('');
}

const verdictStyles: Record<Candidate['verdict'], Style> = {
  depends: 'yellow',
  wins: 'green',
  loses: 'dim',
  rejected: 'red',
  'not-exposed': 'yellow',
};

function candidateRow({ verdict, appId, portIndex, claim, reason }: Candidate): Cell[] {
  return [
    { text: verdict.replace('-', ' '), style: verdictStyles[verdict] },
    `${appId} port ${portIndex}`,
    claim,
    reason,
  ];
}

function serviceTitle({
  appId,
  portIndex,
  backend,
  haproxyBackend,
  servicePort,
  mode,
}: ServiceAnswer): string {
  const port = `${appId} port ${portIndex}`;
  if (backend === undefined) return port;
  const carried = haproxyBackend === backend ? '' : ` (in HAProxy ${haproxyBackend ?? ''} for now)`;
  return `${port}: backend ${backend}${carried}, ${mode ?? ''} on service port ${servicePort ?? ''}`;
}

function serviceText(
  { appId, serving, reason, routes, guards, servers, tasks }: ServiceView,
  out: Terminal,
): string {
  const address = new Map(servers.map((server) => [server.taskId, `${server.address}:${server.port}`]));
  return [
    serving ? '' : wrap(`not served: ${reason}`, out, '  '),
    table(
      routes.map(({ claim, weight, owner }): Cell[] => [
        'route',
        claim,
        `weight ${weight}`,
        owner === appId ? '' : `leads to ${owner ?? 'nobody'}`,
      ]),
      out,
      { indent: '  ' },
    ),
    table(
      guards.map((guard): Cell[] => [
        'guard',
        guard.places.join(', '),
        guard.labels.join(', '),
        `of ${guard.appId} port ${guard.portIndex}`,
      ]),
      out,
      { indent: '  ' },
    ),
    tasks.length === 0 ? '  it has no task\n' : '',
    table(
      tasks.map(({ taskId, admin: admin, reason: why }): Cell[] => [
        {
          text: admin,
          style: admin === 'ready' ? 'green' : admin === 'drain' ? 'yellow' : 'red',
        },
        address.get(taskId) ?? '-',
        taskId,
        why,
      ]),
      out,
      { indent: '  ' },
    ),
  ].join('');
}

function configurationText({ file, line, text }: ConfigurationPart, { paint, width }: Terminal): string {
  const lines = text.split('\n').map((it) => `    ${width === undefined ? it : shorten(it, width - 4)}\n`);
  return `${paint('dim', `  ${file}:${line}`)}\n${lines.join('')}`;
}
