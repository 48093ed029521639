/** marathon-lb's endpoints on the statistics port that HAProxy does not serve itself. */
import { readFile } from 'node:fs/promises';
import { inHaproxy } from '../../core/plan/placement.ts';
import type { RouteEntry, Routes } from '../../core/routing/routes.ts';
import type { HaproxyControl } from '../../haproxy/control/control.ts';
import { activeConfigFile } from '../../haproxy/files/publish.ts';
import { runningOf } from '../../haproxy/control/running.ts';
import type { Endpoint } from '../../http/endpoints.ts';
import { maskConfiguration } from '../../http/mask.ts';
import { rateLimit } from '../../http/rate-limit.ts';
import { text, type Answer } from '../../http/route.ts';
import { mapText } from '../../render/maps.ts';
import type { PipelineState } from '../decide/pipeline-state.ts';
import { statisticsEndpoint } from './statistics.ts';

/** What the endpoints need. */
export interface EndpointParts {
  readonly stateDir: string;
  /** Whether passwords are shown. */
  readonly showsSecrets: boolean;
  readonly control: Pick<HaproxyControl, 'running' | 'runtime'>;
  readonly pipeline: () => Pick<PipelineState, 'desired' | 'spares'>;
  /** Fetches everything from Marathon and applies it. */
  readonly refetch: (cause: string) => void;
  /** Makes HAProxy read its configuration again. */
  readonly reload: (cause: string) => void;
  readonly now: () => number;
}

/** The endpoints by path. */
export function marathonLbEndpoints(parts: EndpointParts): ReadonlyMap<string, Endpoint> {
  const signal = signalEndpoint(parts.now);
  return new Map<string, Endpoint>([
    ['/_haproxy_getconfig', async () => text(await configuration(parts))],
    ['/_haproxy_getvhostmap', () => map(parts, vhostMap)],
    ['/_haproxy_getappmap', () => map(parts, ({ appIds }) => appIds)],
    ['/_haproxy_getpids', async () => pids(parts)],
    ['/haproxy', statisticsEndpoint(parts.control)],
    // HAProxy asks this one itself.
    ['/_haproxy_pacer_answers', () => text('yes\n')],
    [
      '/_mlb_signal/hup',
      signal('/_mlb_signal/hup', parts.refetch, 'everything is fetched from Marathon and applied'),
    ],
    [
      '/_mlb_signal/usr1',
      signal('/_mlb_signal/usr1', parts.reload, 'HAProxy is told to read its configuration again'),
    ],
  ]);
}

async function configuration({ stateDir, showsSecrets }: EndpointParts): Promise<string> {
  const written = await readFile(activeConfigFile(stateDir), 'utf8');
  return showsSecrets ? written : maskConfiguration(written);
}

function map({ pipeline }: EndpointParts, entriesOf: (routes: Routes) => readonly RouteEntry[]): Answer {
  const { desired, spares } = pipeline();
  if (desired === undefined) return text('Marathon has not given a complete snapshot yet.\n', 503);
  // Tools look for these backends in HAProxy's statistics.
  const entries = entriesOf(desired.routes);
  return text(mapText(entries.map(({ key, backend }) => ({ key, backend: inHaproxy(spares, backend) }))));
}

/** The hosts that lead somewhere whatever the path. Of several services the one with the largest weight counts. */
export function vhostMap({ tables }: Routes): RouteEntry[] {
  const hosts = new Map<string, RouteEntry>();
  for (const { kind, entries } of tables) {
    if (kind !== 'host') continue;
    for (const { key, backend } of entries) {
      const host = key.startsWith('.') ? `*${key}` : key;
      if (!hosts.has(host)) hosts.set(host, { key: host, backend });
    }
  }
  return [...hosts.values()];
}

/** Deploy tools wait until only one pid is left: then no worker serves an earlier configuration. */
async function pids({ control }: EndpointParts): Promise<Answer> {
  const running = runningOf(await control.running());
  if (running === undefined) return text('HAProxy does not say which workers it has.\n', 503);
  return text(`${[running.workerPid, ...running.oldWorkers.map(({ pid }) => pid)].join(' ')}\n`);
}

/** Each signal costs Marathon a full list, or HAProxy a reload. */
const rate = { burst: 5, perSecond: 0.5 };

function signalEndpoint(now: () => number) {
  const take = rateLimit(rate, now);
  return (path: string, act: (cause: string) => void, done: string): Endpoint =>
    ({ trusted }) => {
      if (!trusted) return text('Not from here, or not with this token.\n', 403);
      if (!take()) {
        const headers = { 'Retry-After': '2' };
        return { ...text('Too many signals; try again later.\n', 429), headers };
      }
      act(path);
      return text(`${done}\n`);
    };
}
