/** `pacer compare`: a running marathon-lb beside what Pacer would do with the same apps. */
import { request } from 'undici';
import { messageOf, PacerError } from '../../errors.ts';
import { decodeApps, type DecodedApps } from '../../marathon/decode/decode.ts';
import { compare as compareViews } from '../../migration/compare.ts';
import type { Comparison } from '../../migration/comparison.ts';
import { readLb, type LbFiles } from '../../migration/lb-view.ts';
import { environment } from '../../settings/environment.ts';
import { resolveSettings, type Settings } from '../../settings/settings.ts';
import { readNamed } from '../input.ts';
import { fetchNow, renderApps, resolveHosts } from '../render-apps.ts';

/** Exit code 0: the same; 1: something differs, or could not be compared. */
export async function compare(options: Record<string, unknown>): Promise<number> {
  const { config, marathonLb, vhostMap, appMap, apps, json, ...flags } = options;
  const word = (value: unknown) => (typeof value === 'string' ? value : undefined);
  const { settings } = resolveSettings({ flags, environment: environment(), file: word(config) });
  const lb = readLb(await lbFiles(word(marathonLb) ?? '', word(vhostMap), word(appMap)));
  const decoded = await decodedApps(word(apps), settings);
  const { desired } = renderApps(settings, decoded, await resolveHosts(decoded.apps));
  const result = compareViews(lb, desired, !settings.dontBindHttpHttps);
  process.stdout.write(json === true ? `${JSON.stringify(result, null, 2)}\n` : comparisonText(result));
  return result.differences.length === 0 && result.unknown.length === 0 ? 0 : 1;
}

async function decodedApps(file: string | undefined, settings: Settings): Promise<DecodedApps> {
  if (file === undefined) return fetchNow(settings.clusters);
  try {
    return decodeApps(JSON.parse(await readNamed(file, '--apps')));
  } catch (error) {
    if (error instanceof PacerError) throw error;
    throw new PacerError(
      'FILE_MALFORMED',
      `--apps ${file}: ${messageOf(error)}`,
      'save the answer of GET /v2/apps?embed=apps.tasks',
    );
  }
}

/** From its statistics port, or from saved answers of it. */
async function lbFiles(
  place: string,
  vhostMap: string | undefined,
  appMap: string | undefined,
): Promise<LbFiles> {
  if (!/^https?:\/\//.test(place)) {
    const maybe = async (file: string | undefined, flag: string) =>
      file === undefined ? undefined : readNamed(file, flag);
    return {
      configuration: await readNamed(place, '--marathon-lb'),
      vhostMap: await maybe(vhostMap, '--vhost-map'),
      appMap: await maybe(appMap, '--app-map'),
    };
  }
  const base = place.replace(/\/+$/, '');
  const configuration = await fetchText(`${base}/_haproxy_getconfig`);
  // Without --haproxy-map there are none.
  const asked = (path: string) =>
    fetchText(`${base}${path}`).catch((error: unknown) => {
      if (configuration.includes('.map')) throw error;
      return undefined;
    });
  return {
    configuration,
    vhostMap: await asked('/_haproxy_getvhostmap'),
    appMap: await asked('/_haproxy_getappmap'),
  };
}

async function fetchText(url: string): Promise<string> {
  const failed = (why: string) =>
    new PacerError(
      'MARATHON_LB_UNREACHABLE',
      `${url}: ${why}`,
      "name marathon-lb's statistics port, as in --marathon-lb http://lb:9090, or a saved answer of /_haproxy_getconfig",
    );
  try {
    const { statusCode, body } = await request(url, { headersTimeout: 10_000, bodyTimeout: 30_000 });
    const text = await body.text();
    if (statusCode === 200) return text;
    throw failed(`status ${statusCode}`);
  } catch (error) {
    throw error instanceof PacerError ? error : failed(messageOf(error));
  }
}

const titles = {
  http: 'By host, over HTTP',
  https: 'By host, over HTTPS',
  port: 'By service port',
  'app-id': 'By app id (port 9091)',
  backend: 'Within backends',
} as const;

function comparisonText({ compared, differences, notes, unknown }: Comparison): string {
  const parts = Object.entries(titles).map(([kind, title]) => {
    const found = differences.filter((it) => it.kind === kind);
    if (found.length === 0) return '';
    const blocks = found.map(
      ({ subject, marathonLb, pacer, why }) =>
        `  ${subject}\n    marathon-lb  ${marathonLb}\n    Pacer        ${pacer}\n    why          ${why}\n`,
    );
    return `${title}\n${blocks.join('')}\n`;
  });
  const list = (title: string, lines: readonly string[]) =>
    lines.length === 0 ? '' : `${title}\n${lines.map((line) => `  ${line}\n`).join('')}\n`;
  return [
    ...parts,
    list(
      'Not compared',
      unknown.map(({ subject, why }) => `${subject}: ${why}`),
    ),
    list(
      'Different on purpose, to the same end',
      notes.map(({ subject, text }) => `${subject}: ${text}`),
    ),
    `${compared} requests, ports, app ids and backends compared: ${differences.length === 0 ? 'no difference' : `${differences.length} differences`}${unknown.length === 0 ? '' : `, ${unknown.length} not compared`}\n`,
  ].join('');
}
