/** The requests for pods: path in, pods as apps out. When they are made is decided elsewhere. */
import type { AppId } from '../../core/model/ids.ts';
import { PacerError } from '../../errors.ts';
import type { GetOptions, MarathonClient } from './client.ts';
import type { DecodedApps } from '../decode/decode.ts';
import { encodePath } from '../http/encode-path.ts';
import { maxListBytes } from '../bounds/limits.ts';
import {
  missingVersions,
  podApp,
  readPodStatus,
  type MalformedPod,
  type PodStatus,
} from '../pods/decode-pod.ts';
import { rawPod } from '../pods/raw-pod.ts';

const nothing: DecodedApps = { apps: [], diagnostics: [], malformed: [] };

/** All pods. None if Marathon has no pods (1.3 and older). */
export async function fetchPods(client: MarathonClient, options: GetOptions): Promise<DecodedApps> {
  const { value } = await client.get('/v2/pods/::status', listIn, { maxBytes: maxListBytes, ...options });
  if (value === undefined) return nothing;
  const { ids, versions } = client.pods;
  ids.clear();
  const pods = value.map((json, index) => readPodStatus(json, `pods[${index}]`));
  const used = new Set<string>();
  const decoded: DecodedApps[] = [];
  for (const pod of pods) {
    decoded.push(await decode(client, pod, options));
    if ('spec' in pod) for (const version of missingVersions(pod)) used.add(keyOf(pod.id, version));
  }
  for (const key of versions.keys()) if (!used.has(key)) versions.delete(key);
  return {
    apps: decoded.flatMap(({ apps }) => apps),
    diagnostics: decoded.flatMap(({ diagnostics }) => diagnostics),
    malformed: decoded.flatMap(({ malformed }) => malformed),
  };
}

/** One pod; undefined if it does not exist. */
export async function fetchPod(
  client: MarathonClient,
  id: AppId,
  options: GetOptions,
): Promise<DecodedApps | undefined> {
  const { value } = await client.get(
    `/v2/pods${encodePath(id)}::status`,
    (json) => readPodStatus(json, id),
    options,
  );
  if (value !== undefined) return decode(client, value, options);
  client.pods.ids.delete(id);
  return undefined;
}

async function decode(
  client: MarathonClient,
  pod: PodStatus | MalformedPod,
  options: GetOptions,
): Promise<DecodedApps> {
  const { id } = pod;
  if (id !== undefined) client.pods.ids.add(id);
  if (!('spec' in pod)) {
    return { apps: [], diagnostics: [...pod.diagnostics], malformed: id === undefined ? [] : [id] };
  }
  for (const version of missingVersions(pod)) await learnVersion(client, pod.id, version, options);
  const { app, diagnostics } = podApp(pod, (version) => client.pods.versions.get(keyOf(pod.id, version)));
  return { apps: [app], diagnostics, malformed: [] };
}

/** Fetches the definitions that instances run: during an upgrade these differ from the version in the status. */
async function learnVersion(
  client: MarathonClient,
  id: AppId,
  version: string,
  options: GetOptions,
): Promise<void> {
  const { versions } = client.pods;
  const key = keyOf(id, version);
  if (versions.has(key)) return;
  const path = `/v2/pods${encodePath(id)}::versions/${encodeURIComponent(version)}`;
  const { value } = await client.get(path, (json) => rawPod.safeParse(json).data, options);
  versions.set(key, value);
}

const keyOf = (id: AppId, version: string): string => `${id} ${version}`;

function listIn(document: unknown): unknown[] {
  if (Array.isArray(document)) return document;
  const remedy = 'check that the endpoint is a Marathon';
  throw new PacerError('MARATHON_MALFORMED', 'the answer of /v2/pods/::status is not a list', remedy);
}
