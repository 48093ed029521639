/**
 * The rules of a service that is not in the maps, where no template says otherwise: the conditions under the names
 * that marathon-lb's templates give them, and the way to the backend as a map would say it.
 */
import type { Host } from '../model/ids.ts';
import type { PlainDefinition } from './data.ts';
import type { TemplateName } from '../model/template-names.ts';

/** Words of lines. */
export interface RulePiece {
  readonly before: readonly (readonly string[])[];
  readonly leadsHereIf: readonly string[] | undefined;
}

/** `cleanedUpHostname`: the first vhost and the app, in letters that a condition's name may have. */
export function cleanName({ vhosts, name }: PlainDefinition): string {
  const host = (vhosts[0] ?? '').replace(/[^A-Za-z0-9-]/g, '_');
  return `${host}_${name.slice(1).replaceAll('/', '_')}`;
}

export function defaultPiece(name: TemplateName, definition: PlainDefinition, host: Host): RulePiece {
  const hostName = `host_${cleanName(definition)}`;
  const pathName = `path_${definition.backend}`;
  const withPath = definition.path !== undefined;
  const isRouting = name.includes('_ROUTING_ONLY');
  const isRedirect = name.startsWith('BACKEND_REDIRECT');
  const hostPart = !isRouting && !isRedirect && !name.includes('ACL_ONLY_WITH');
  const pathPart = name.includes('_PATH') && name.includes('_ACL') && !(name.startsWith('HTTPS') && hostPart);
  const authPart = name.includes('AUTH') && name.includes('_ACL') && definition.auth !== undefined;
  const leads = !name.includes('_ACL_ONLY');
  return {
    before: [
      ...(hostPart ? [hostAcl(hostName, host)] : []),
      ...(pathPart ? pathAcls(pathName, definition) : []),
      ...(authPart
        ? [['acl', `auth_${cleanName(definition)}`, `http_auth(user_${definition.backend})`]]
        : []),
    ],
    leadsHereIf: leads ? [hostName, ...(withPath ? [pathName] : [])] : undefined,
  };
}

/** Definitions of the conditions that default rules name, for where templates define others. */
export function neededAcls(definition: PlainDefinition): ReadonlyMap<string, readonly (readonly string[])[]> {
  const hostName = `host_${cleanName(definition)}`;
  const pathName = `path_${definition.backend}`;
  return new Map([
    [hostName, definition.vhosts.map((host) => hostAcl(hostName, host))],
    [pathName, pathAcls(pathName, definition)],
  ]);
}

function hostAcl(name: string, host: Host): string[] {
  const asked = 'req.hdr(host),host_only,rtrim(.)';
  return host.startsWith('*.')
    ? ['acl', name, `${asked},regsub(^[^.]+,)`, '-m', 'str', '-i', host.slice(1)]
    : ['acl', name, asked, '-m', 'str', '-i', host];
}

function pathAcls(name: string, { path }: PlainDefinition): string[][] {
  if (path === undefined) return [];
  const flags = path.ignoreCase ? ['-i'] : [];
  const acl = (match: string, texts: readonly string[]) =>
    texts.map((text) => ['acl', name, match, ...flags, '--', text]);
  if (path.type === 'begin') return acl('path_beg', path.paths);
  if (path.type === 'exact') return acl('path', path.paths);
  const bare = path.paths.map((text) => text.replace(/\/+$/, ''));
  return [
    ...acl(
      'path',
      bare.filter((text) => text !== ''),
    ),
    ...acl(
      'path_beg',
      bare.map((text) => `${text}/`),
    ),
  ];
}
