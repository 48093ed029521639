/** One run after the other: a document made of real ones and made wrong, through decode, model and render. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeEvent } from '../../src/marathon/events/decode-event.ts';
import { broughtIn, honest, through } from '../hostile/document.ts';
import { randomFrom } from '../support/random.ts';
import { labels, mutated, type Json, type Random } from './mutate.ts';

/** What went wrong with a document. */
export interface Finding {
  /** Gives the same document again. */
  readonly seed: number;
  readonly wrong: string;
  readonly document: Json;
}

const fixtures = join(import.meta.dirname, '..', 'fixtures');
const realApps: readonly Json[] = readdirSync(fixtures)
  .filter((name) => name.endsWith('.json'))
  .flatMap((name) => appsIn(JSON.parse(readFileSync(join(fixtures, name), 'utf8')) as Json));

function appsIn(document: Json): Json[] {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) return [];
  const { app, apps, groups } = document;
  return [
    ...(app === undefined ? [] : [app]),
    ...(Array.isArray(apps) ? apps : []),
    ...(Array.isArray(groups) ? groups.flatMap(appsIn) : []),
  ].filter((it) => typeof it === 'object' && it !== null && JSON.stringify(it).length < 20_000);
}

const events: readonly [string, Json][] = [
  ['status_update_event', { taskStatus: 'TASK_RUNNING', taskId: 'a.1', appId: '/a', host: 'h', ports: [1] }],
  ['health_status_changed_event', { appId: '/a', taskId: 'a.1', alive: true }],
  ['instance_changed_event', { instanceId: 'a.instance-1', condition: 'Running', runSpecId: '/a' }],
  [
    'deployment_info',
    { plan: { id: 'p', steps: [{ actions: [{ action: 'StartApplication', app: '/a' }] }] } },
  ],
  ['app_terminated_event', { appId: '/a' }],
];

/** One to four real apps with other labels, half of the times with parts made wrong. */
export function documentOf(random: Random): Json[] {
  const count = 1 + Math.floor(random() * 4);
  return Array.from({ length: count }, (): Json => {
    const base = realApps[Math.floor(random() * realApps.length)] as Record<string, Json>;
    const own = base['labels'];
    const said = {
      HAPROXY_GROUP: 'external',
      ...(typeof own === 'object' && !Array.isArray(own) ? own : {}),
      ...labels(random),
    };
    return mutated(random, { ...base, labels: said }, random() < 0.5 ? 0 : random() * 0.1);
  });
}

/** @returns what is wrong; undefined where nothing is */
export function judge(document: Json[]): string | undefined {
  try {
    return broughtIn(through([...honest, ...document]), true)[0];
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
}

function judgeEvent(random: Random): string | undefined {
  const [type, fields] = events[Math.floor(random() * events.length)] ?? ['', {}];
  const text = JSON.stringify(mutated(random, fields, 0.2));
  const cut = random() < 0.2 ? text.slice(0, Math.floor(random() * text.length)) : text;
  try {
    decodeEvent(type, cut);
    return undefined;
  } catch (error) {
    // The stream counts what cannot be read; anything else is a bug.
    return error instanceof SyntaxError ? undefined : `${type} ${cut}: ${String(error)}`;
  }
}

export function fuzz(runs: number, firstSeed: number, onRun?: (done: number) => void): Finding[] {
  const findings: Finding[] = [];
  for (let run = 0; run < runs; run++) {
    const seed = firstSeed + run;
    const random = randomFrom(seed);
    const document = documentOf(random);
    const wrong = judge(document) ?? judgeEvent(random);
    if (wrong !== undefined) findings.push({ seed, wrong, document });
    onRun?.(run + 1);
  }
  return findings;
}
