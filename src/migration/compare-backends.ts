/** One backend that both have: its servers, and what decides how they are used. */
import type { Desired } from '../core/desired/desired.ts';
import type { Service } from '../core/model/service.ts';
import type { Note, RoutingDifference } from './comparison.ts';
import type { LbBackend } from './lb-view.ts';

export function backendDifferences(
  service: Service,
  theirs: LbBackend,
  desired: Desired,
): RoutingDifference[] {
  const { definition, servers } = service;
  const found: RoutingDifference[] = [];
  const add = (marathonLb: string, pacer: string, why: string) =>
    found.push({ kind: 'backend', subject: definition.backend, marathonLb, pacer, why });
  const place = (address: string, port: number) =>
    `${address.includes(':') ? `[${address}]` : address}:${port}`;
  const ours = new Map(servers.map((server) => [place(server.address, server.port), server]));
  for (const server of theirs.servers) {
    if (!ours.has(server)) add(`server ${server}`, 'no such server', whyOut(server, service, desired));
  }
  for (const [server, { taskId }] of ours) {
    if (!theirs.servers.has(server))
      add(
        'no such server',
        `server ${server}`,
        `Marathon has task ${taskId} there, and Pacer counts it as healthy`,
      );
  }
  const balance = definition.balance.words.join(' ');
  if (theirs.mode !== definition.mode)
    add(
      `mode ${theirs.mode}`,
      `mode ${definition.mode}`,
      'the mode follows the health check too, MESOS_HTTP(S) as HTTP(S)',
    );
  if (theirs.balance !== balance)
    add(`balance ${theirs.balance}`, `balance ${balance}`, 'templates, or labels that changed');
  if (theirs.sticky !== definition.sticky)
    add(yes('sticky', theirs.sticky), yes('sticky', definition.sticky), 'templates, or labels that changed');
  if (theirs.hasAuth !== (definition.auth !== undefined))
    add(
      yes('basic auth', theirs.hasAuth),
      yes('basic auth', definition.auth !== undefined),
      'templates, or labels that changed',
    );
  const guarded = definition.allowedNetworks.length > 0;
  if (theirs.allowsOnlySome !== guarded)
    add(
      yes('only some networks', theirs.allowsOnlySome),
      yes('only some networks', guarded),
      'templates, or labels that changed',
    );
  return found;
}

/** What guards a service guards all ways to it. */
export function backendNotes({ definition }: Service, theirs: LbBackend): Note[] {
  const guards = [
    ...(theirs.hasAuth && definition.auth !== undefined ? ['basic auth'] : []),
    ...(theirs.allowsOnlySome && definition.allowedNetworks.length > 0 ? ['the allowed networks'] : []),
  ];
  const text = (guard: string) =>
    `${guard} of its vhost also guard${guard.startsWith('the') ? '' : 's'} its service port and port 9091 in Pacer`;
  return guards.map((guard) => ({ subject: definition.backend, text: text(guard) }));
}

const yes = (what: string, is: boolean): string => (is ? what : `no ${what}`);

/** Of a server that only marathon-lb has. */
function whyOut(server: string, { definition }: Service, desired: Desired): string {
  const [, address = '', port] = /^(.*):(\d+)$/.exec(server) ?? [];
  const app = desired.apps.get(definition.appId);
  const outcome = app?.ports.find(({ portIndex }) => portIndex === definition.portIndex);
  const out = new Map(
    outcome?.tasks.flatMap(({ taskId, admin: admin, reason }) =>
      admin === 'out' ? [[taskId, reason] as const] : [],
    ),
  );
  const left = app?.app.tasks.filter(({ id }) => out.has(id)) ?? [];
  // An agent's name is not looked up here, so its port has to do.
  const there =
    left.find(({ host, ipAddresses }) => host === address || ipAddresses.includes(address)) ??
    left.find(({ ports }) => ports.includes(Number(port)));
  return there === undefined
    ? 'Marathon has no task there now'
    : `task ${there.id}: ${out.get(there.id) ?? ''}`;
}
