/** The requests for apps, as functions: path in, decoded apps out. When they are made is decided elsewhere. */
import type { AppId } from '../../core/model/ids.ts';
import { PacerError } from '../../errors.ts';
import type { GetOptions, MarathonClient } from './client.ts';
import { decodeAppsInPieces, decodeOneApp, type DecodedApps } from '../decode/decode.ts';
import { encodePath } from '../http/encode-path.ts';
import { describeUrl } from '../http/endpoints.ts';
import { maxListBytes } from '../bounds/limits.ts';

const embedded = 'embed=apps.tasks&embed=apps.deployments&embed=apps.readiness';

/** All apps with their tasks. @throws PacerError if no endpoint answers, or `/v2/apps` does not exist there */
export async function fetchApps(client: MarathonClient, options: GetOptions = {}): Promise<DecodedApps> {
  const path = `/v2/apps?${embedded}`;
  const { value, endpoint } = await client.getBytes(path, (text) => decodeAppsInPieces(text), {
    maxBytes: maxListBytes,
    ...options,
  });
  if (value !== undefined) return value;
  const remedy = 'check the path of the endpoint';
  throw new PacerError('MARATHON_REFUSED', `${describeUrl(endpoint)} has no ${path} (404)`, remedy);
}

/** One app with its tasks and deployments; undefined if it does not exist. */
export async function fetchApp(
  client: MarathonClient,
  id: AppId,
  options: GetOptions = {},
): Promise<DecodedApps | undefined> {
  return (
    await client.get(`/v2/apps${encodePath(id)}?embed=app.tasks&embed=app.readiness`, decodeOneApp, options)
  ).value;
}

/** All apps below a group; undefined if the group does not exist. */
export async function fetchGroup(
  client: MarathonClient,
  group: string,
  options: GetOptions = {},
): Promise<DecodedApps | undefined> {
  const path = `/v2/apps${encodePath(group)}/*?${embedded}`;
  return (
    await client.getBytes(path, (text) => decodeAppsInPieces(text, '*'), {
      maxBytes: maxListBytes,
      ...options,
    })
  ).value;
}

/** Marathon's version; undefined if it does not say. Only the time between resyncs depends on it. */
export async function fetchVersion(
  client: MarathonClient,
  options: GetOptions = {},
): Promise<string | undefined> {
  return (await client.get('/v2/info', versionIn, options)).value;
}

function versionIn(document: unknown): string | undefined {
  if (typeof document !== 'object' || document === null || !('version' in document)) return undefined;
  return typeof document.version === 'string' ? document.version : undefined;
}
