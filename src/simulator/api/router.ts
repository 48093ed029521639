/** From a request to its handler. The ids of apps hold slashes, so the ends of a path decide. */
import { ApiError } from '../api-error.ts';
import { pathId } from '../definitions/ids.ts';
import * as apps from './apps.ts';
import type { ApiContext } from './context.ts';
import { routeControl } from './control.ts';
import { ok, type Answer, type Exchange } from './exchange.ts';
import { routeGroups } from './groups.ts';
import { getMetrics } from './metrics.ts';
import * as other from './other.ts';
import { routePods } from './pods.ts';
import { getQueue } from './queue.ts';
import * as tasks from './tasks.ts';

export async function route(context: ApiContext, exchange: Exchange): Promise<Answer> {
  const { method } = exchange;
  const [first = '', second = '', ...rest] = exchange.path.split('/').filter(Boolean);
  if (first === 'ping') return { status: 200, text: 'pong', type: 'text/plain' };
  if (first === '') return { status: 302, headers: { Location: '/ui/' } };
  if (first === 'metrics' && second === '' && ['GET', 'HEAD'].includes(method)) return getMetrics(context);
  if (first === '_simulator') return routeControl(context, exchange, [second, ...rest].filter(Boolean));
  if (first !== 'v2') throw notFound();
  const handled = await routeV2(context, exchange, second, rest);
  if (handled) return handled;
  throw ['GET', 'HEAD'].includes(method)
    ? notFound()
    : new ApiError(405, { message: 'HTTP 405 Method Not Allowed' });
}

type Routed = Answer | undefined | Promise<Answer | undefined>;

function routeV2(context: ApiContext, exchange: Exchange, name: string, rest: readonly string[]): Routed {
  const { method } = exchange;
  const isGet = method === 'GET' || method === 'HEAD';
  switch (name) {
    case 'apps':
      return routeApps(context, exchange, rest);
    case 'groups':
      return routeGroups(context, exchange, rest);
    case 'pods':
      return routePods(context, exchange, rest);
    case 'tasks':
      if (rest[0] === 'delete' && method === 'POST') return tasks.killTasks(context, exchange);
      return rest.length === 0 && isGet ? tasks.listTasks(context, exchange) : undefined;
    case 'deployments':
      if (rest.length === 0) return isGet ? ok(context.deployments.list()) : undefined;
      return method === 'DELETE' ? other.deleteDeployment(context, exchange, rest[0] ?? '') : undefined;
    case 'queue':
      if (method === 'DELETE') return { status: 204 };
      return isGet ? getQueue(context) : undefined;
    case 'leader':
      if (method === 'DELETE') return other.deleteLeader(context);
      return isGet ? ok({ leader: context.leader() }) : undefined;
    case 'info':
      return isGet ? other.getInfo(context) : undefined;
    default:
      return undefined;
  }
}

function routeApps(context: ApiContext, exchange: Exchange, rest: readonly string[]): Routed {
  const { method } = exchange;
  const isGet = method === 'GET' || method === 'HEAD';
  const isUpdate = method === 'PUT' || method === 'PATCH';
  const last = rest.at(-1);
  const before = rest.at(-2);
  const upTo = (end: number): string => pathId(rest.slice(0, end).join('/'));
  if (rest.length === 0) {
    if (method === 'POST') return apps.createApp(context, exchange);
    if (isUpdate) return apps.updateApps(context, exchange);
    return isGet ? apps.listApps(context, exchange) : undefined;
  }
  if (isGet && last === 'tasks' && before === '*') return tasks.listGroupTasks(context, upTo(-2));
  if (isGet && last === '*') return apps.getAppsBelow(context, exchange, upTo(-1));
  if (last === 'tasks' && rest.length > 1) {
    if (isGet) return tasks.listAppTasks(context, upTo(-1));
    if (method === 'DELETE') return tasks.killAppTasks(context, exchange, upTo(-1));
  }
  if (before === 'tasks' && method === 'DELETE')
    return tasks.killAppTask(context, exchange, upTo(-2), last ?? '');
  if (last === 'restart' && method === 'POST') return apps.restartApp(context, exchange, upTo(-1));
  if (isGet && last === 'versions') return apps.listVersions(context, upTo(-1));
  if (isGet && before === 'versions') return apps.getVersion(context, upTo(-2), last ?? '');
  const id = upTo(rest.length);
  if (isUpdate) return apps.updateApp(context, exchange, id);
  if (method === 'DELETE') return apps.deleteApp(context, exchange, id);
  return isGet ? apps.getApp(context, exchange, id) : undefined;
}

/** [marathon] An unknown URI is answered with 500. */
function notFound(): ApiError {
  return new ApiError(500, { message: 'URI not found' });
}
