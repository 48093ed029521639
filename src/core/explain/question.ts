/** What somebody asks about, from what they typed or pasted. */
import type { Desired } from '../desired/desired.ts';
import { asAppId, instanceIdOf, type AppId, type TaskId } from '../model/ids.ts';
import type { RequestTarget } from '../routing/lookups.ts';

export type Question =
  | {
      readonly kind: 'request';
      readonly target: RequestTarget;
      /** Undefined where no scheme was given. */
      readonly scheme: 'http' | 'https' | undefined;
      readonly port: number | undefined;
    }
  | { readonly kind: 'port'; readonly port: number }
  | { readonly kind: 'app'; readonly appId: AppId }
  | { readonly kind: 'task'; readonly appId: AppId; readonly taskId: TaskId };

/**
 * `https://host/path`, `host/path`, `:port`, `/app/id`, a task's or instance's id, or a backend's name as HAProxy's
 * statistics and logs have it. Undefined where it is none of these.
 */
export function parseQuestion(text: string, desired: Desired): Question | undefined {
  const asked = text.trim();
  if (asked === '' || /[\s\x00-\x1f]/.test(asked)) return undefined;
  const port = /^(?:\*|localhost)?:(\d{1,5})$/.exec(asked)?.[1];
  if (port !== undefined) return Number(port) <= 65_535 ? { kind: 'port', port: Number(port) } : undefined;
  if (asked.startsWith('/')) return { kind: 'app', appId: asAppId(asked.replace(/(?<=.)\/+$/, '')) };
  return taskNamed(asked, desired) ?? appNamed(asked, desired) ?? request(asked);
}

function request(text: string): Question | undefined {
  const match = /^(?:(https?):\/\/)?([^/?#]+)([^?#]*)/i.exec(text);
  if (match === null || text.includes('://') !== (match[1] !== undefined)) return undefined;
  const [, scheme, authority = '', path = ''] = match;
  const host = authority.replace(/^.*@/, '');
  const port = /:(\d{1,5})$/.exec(host)?.[1];
  return {
    kind: 'request',
    target: { host, path: path === '' ? '/' : path },
    scheme: scheme === undefined ? undefined : scheme.toLowerCase() === 'https' ? 'https' : 'http',
    port: port === undefined ? undefined : Number(port),
  };
}

function taskNamed(text: string, { apps }: Desired): Question | undefined {
  const instance = instanceIdOf(text);
  for (const { app } of apps.values()) {
    const task = app.tasks.find(({ id, instanceId }) => id === text || instanceId === text);
    if (task !== undefined) return { kind: 'task', appId: app.id, taskId: task.id };
  }
  // Of a task that is gone, its app is still known.
  const path = /^(.+)\.(?:instance-|marathon-)/.exec(instance)?.[1];
  const app = [...apps.keys()].find((id) => path !== undefined && id.slice(1).replaceAll('/', '_') === path);
  return app === undefined ? undefined : { kind: 'task', appId: app, taskId: text as TaskId };
}

function appNamed(text: string, { apps }: Desired): Question | undefined {
  const id = asAppId(text);
  if (apps.has(id)) return { kind: 'app', appId: id };
  for (const { app, ports } of apps.values())
    if (ports.some(({ service }) => service?.definition.backend === text))
      return { kind: 'app', appId: app.id };
  return undefined;
}
