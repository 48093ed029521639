/** What a request to the services of `interactions` must come to, said from the labels' meaning and not from Pacer's code. */
import type { Interaction } from './interactions.ts';

export interface Request {
  readonly path: string;
  readonly tls: boolean;
  readonly asAlice: boolean;
}

export type Expected =
  | { readonly kind: 'nobody' | 'denied' | 'asked for a user' }
  | { readonly kind: 'redirect'; readonly to: string }
  | {
      readonly kind: 'served';
      readonly by: string;
      /** What the task is asked for. */
      readonly path: string;
      readonly hsts: boolean;
      readonly cookie: boolean;
      readonly location: string | undefined;
      readonly marks: readonly string[];
    };

export const requests: readonly Omit<Request, 'tls'>[] = [
  '/',
  '/shop',
  '/shop/x?a=/shop/1',
  '/shopping',
  '/SHOP/x',
  '/own/x',
  '/shop?location=/elsewhere',
].flatMap((path) => [true, false].map((asAlice) => ({ path, asAlice })));

/** @param httpsPort what is written behind the host in a redirect */
export function expectedOf(it: Interaction, request: Request, host: string, httpsPort: number): Expected {
  const path = request.path.replace(/\?.*/, '');
  const winner = winnerOf(it, path);
  if (winner === undefined) return { kind: 'nobody' };
  // What a rule says holds for all requests that its condition names, whoever serves them.
  const ruled = it.template === 'rule' && !request.tls && !it.redirect && leadsTo(it, path);
  const ruleMarks = ruled ? ['x-rule'] : [];
  // Without a path the row's guards are the host's, and hold for the neighbour on it too.
  if (winner === 'neighbour' && it.path === 'none') {
    if (it.redirect && !request.tls)
      return { kind: 'redirect', to: `https://${host}:${httpsPort}${request.path}` };
    if (it.network === 'elsewhere' && it.template !== 'rule') return { kind: 'denied' };
    const asks = it.template !== 'rule' || request.tls;
    if (it.auth && asks && !request.asAlice) return { kind: 'asked for a user' };
  }
  if (winner === 'neighbour' && ruled && it.auth && !request.asAlice) return { kind: 'asked for a user' };
  if (winner === 'neighbour')
    return {
      ...({ kind: 'served', by: `/s${it.n}`, hsts: false, cookie: false, marks: ruleMarks } as const),
      ...{ path: request.path, location: locationOf(request.path) },
    };
  if (it.redirect && !request.tls)
    return { kind: 'redirect', to: `https://${host}:${httpsPort}${request.path}` };
  // Where a rule of the HTTP port asks for the user, that comes before the backend says who may come.
  if (it.network === 'elsewhere' && !(ruled && it.auth && !request.asAlice)) return { kind: 'denied' };
  if (it.auth && !request.asAlice) return { kind: 'asked for a user' };
  if (it.rewrite === 'root' && path === '/') return { kind: 'redirect', to: '/start' };
  const location = locationOf(request.path);
  return {
    ...({ kind: 'served', by: `/r${it.n}`, hsts: it.hsts, cookie: it.sticky } as const),
    path: it.rewrite === 'strip' ? stripped(request.path) : request.path,
    location: location === undefined || it.rewrite !== 'location' ? location : `/base${location}`,
    marks: it.template === 'backend' ? ['x-own'] : ruleMarks,
  };
}

const locationOf = (path: string): string | undefined => /[?&]location=(.*)$/.exec(path)?.[1];

/** Whole segments, whatever the case; what is left begins with a slash. */
function stripped(path: string): string {
  const [, rest] = /^\/shop(?=[/?]|$)(.*)$/i.exec(path) ?? [];
  if (rest === undefined) return path;
  return rest.startsWith('/') ? rest : `/${rest}`;
}

/** The one with the larger weight: 0 unless told, and 1 with a path. */
function winnerOf(it: Interaction, path: string): 'row' | 'neighbour' | undefined {
  const hasPath = it.path !== 'none';
  const row = leadsTo(it, path) ? (it.weight === 'heavy' ? 5 : hasPath ? 1 : 0) : undefined;
  const neighbourPath = hasPath || path.startsWith('/own');
  const neighbour = it.neighbour && neighbourPath ? (hasPath ? 0 : 1) : undefined;
  if (row === undefined) return neighbour === undefined ? undefined : 'neighbour';
  return neighbour === undefined || row > neighbour ? 'row' : 'neighbour';
}

function leadsTo(it: Interaction, path: string): boolean {
  switch (it.path) {
    case 'none':
      return true;
    case 'begin':
      return path.startsWith('/shop');
    case 'prefix':
      return path === '/shop' || path.startsWith('/shop/');
    case 'exact':
      return path === '/shop';
    case 'ignoring case':
      return path.toLowerCase().startsWith('/shop');
  }
}
