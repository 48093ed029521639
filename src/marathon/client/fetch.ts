/** The requests of the mirror, for apps and pods alike. When they are made is decided elsewhere. */
import type { AppId } from '../../core/model/ids.ts';
import { messageOf } from '../../errors.ts';
import { fetchApp, fetchApps, fetchGroup } from './api.ts';
import type { GetOptions, MarathonClient } from './client.ts';
import type { DecodedApps } from '../decode/decode.ts';
import { fetchPod, fetchPods } from './fetch-pods.ts';

/** All apps and pods. If pods cannot be listed (the account may only see apps), the apps are still returned. */
export async function fetchAll(client: MarathonClient, options: GetOptions = {}): Promise<DecodedApps> {
  const apps = await fetchApps(client, options);
  try {
    const pods = await fetchPods(client, options);
    client.pods.problem = undefined;
    return joined(apps, pods);
  } catch (error) {
    options.signal?.throwIfAborted();
    client.pods.problem = messageOf(error);
    return { ...apps, podsProblem: client.pods.problem };
  }
}

/** One app or pod; undefined if neither exists. */
export async function fetchOne(
  client: MarathonClient,
  id: AppId,
  options: GetOptions = {},
): Promise<DecodedApps | undefined> {
  const { ids, problem } = client.pods;
  const isPod = ids.has(id);
  const ask = isPod ? [fetchPod, fetchApp] : problem === undefined ? [fetchApp, fetchPod] : [fetchApp];
  for (const fetch of ask) {
    const answer = await fetch(client, id, options);
    if (answer !== undefined) return answer;
  }
  return undefined;
}

/** All apps and pods below a group; undefined if the group does not exist. */
export async function fetchBelow(
  client: MarathonClient,
  group: string,
  options: GetOptions = {},
): Promise<DecodedApps | undefined> {
  const apps = await fetchGroup(client, group, options);
  if (client.pods.problem !== undefined) return apps && { ...apps, podsProblem: client.pods.problem };
  const pods = await fetchPods(client, options);
  const prefix = group.endsWith('/') ? group : `${group}/`;
  const below = pods.apps.filter(({ id }) => id.startsWith(prefix));
  if (apps === undefined && below.length === 0) return undefined;
  return joined(apps ?? { apps: [], diagnostics: [], malformed: [] }, { ...pods, apps: below });
}

function joined(a: DecodedApps, b: DecodedApps): DecodedApps {
  return {
    apps: [...a.apps, ...b.apps],
    diagnostics: [...a.diagnostics, ...b.diagnostics],
    malformed: [...a.malformed, ...b.malformed],
  };
}
