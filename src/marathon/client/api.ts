/** The requests for apps, as functions: path in, decoded apps out. It must not know when they are made. */
import type { AppId } from '../../core/model/ids.ts';
import { PacerError } from '../../errors.ts';
import type { GetOptions, MarathonClient } from './client.ts';
import { decodeAppsInPieces, decodeOneApp, type DecodedApps } from '../decode/decode.ts';
import { encodePath } from '../http/encode-path.ts';
import { describeUrl } from '../http/endpoints.ts';
import { maxListBytes } from '../bounds/limits.ts';

const embedded = 'embed=apps.tasks&embed=apps.deployments&embed=apps.readiness';

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

/** Undefined where there is no such app. A single app always comes with its tasks and deployments. */
export async function fetchApp(
  client: MarathonClient,
  id: AppId,
  options: GetOptions = {},
): Promise<DecodedApps | undefined> {
  return (
    await client.get(`/v2/apps${encodePath(id)}?embed=app.tasks&embed=app.readiness`, decodeOneApp, options)
  ).value;
}

/** All apps below a group; undefined where there is no such group. */
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

/** Undefined where it does not say: nothing depends on it but a choice of pace. */
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
