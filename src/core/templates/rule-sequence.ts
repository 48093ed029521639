/** Which rule templates a service is made of, in marathon-lb's order. */
import type { Host } from '../model/ids.ts';
import type { PlainDefinition } from './data.ts';
import type { TemplateName } from '../model/template-names.ts';

export interface RuleUse {
  readonly name: TemplateName;
  /** The vhost it is about. */
  readonly host: Host;
}

/** For the HTTP port. */
export function httpSequence(definition: PlainDefinition): RuleUse[] {
  const { vhosts, path, auth, redirectToHttps } = definition;
  const [first] = vhosts;
  if (first === undefined) return [];
  const use = (name: TemplateName, host: Host = first): RuleUse => ({ name, host });
  const withPath = path !== undefined;
  const several = vhosts.length > 1;
  const redirect = use(
    withPath ? 'BACKEND_REDIRECT_HTTP_TO_HTTPS_WITH_PATH' : 'BACKEND_REDIRECT_HTTP_TO_HTTPS',
  );
  if (!several && redirectToHttps && !withPath) return [use('HTTP_FRONTEND_ACL'), redirect];
  if (!several && !redirectToHttps) return [use(single('HTTP_FRONTEND_ACL', withPath, auth !== undefined))];
  const pathAcl =
    several && auth !== undefined
      ? 'HTTP_FRONTEND_ACL_ONLY_WITH_PATH_AND_AUTH'
      : 'HTTP_FRONTEND_ACL_ONLY_WITH_PATH';
  return [
    ...(withPath ? [use(pathAcl)] : []),
    ...vhosts.map((host) => use('HTTP_FRONTEND_ACL_ONLY', host)),
    ...(redirectToHttps ? [redirect] : []),
    use(routing(withPath, auth !== undefined && !redirectToHttps)),
  ];
}

/** For the HTTPS port. */
export function httpsSequence({ vhosts, path, auth }: PlainDefinition): RuleUse[] {
  const [first] = vhosts;
  if (first === undefined) return [];
  const name = single('HTTPS_FRONTEND_ACL', path !== undefined, auth !== undefined);
  return [
    ...(path === undefined ? [] : [{ name: 'HTTPS_FRONTEND_ACL_ONLY_WITH_PATH', host: first } as const]),
    ...vhosts.map((host) => ({ name, host })),
  ];
}

function single(
  base: 'HTTP_FRONTEND_ACL' | 'HTTPS_FRONTEND_ACL',
  withPath: boolean,
  withAuth: boolean,
): TemplateName {
  if (withAuth) return withPath ? `${base}_WITH_AUTH_AND_PATH` : `${base}_WITH_AUTH`;
  return withPath ? `${base}_WITH_PATH` : base;
}

function routing(withPath: boolean, withAuth: boolean): TemplateName {
  if (withPath)
    return withAuth
      ? 'HTTP_FRONTEND_ROUTING_ONLY_WITH_PATH_AND_AUTH'
      : 'HTTP_FRONTEND_ROUTING_ONLY_WITH_PATH';
  return withAuth ? 'HTTP_FRONTEND_ROUTING_ONLY_WITH_AUTH' : 'HTTP_FRONTEND_ROUTING_ONLY';
}
