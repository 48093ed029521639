/** Why a request, a port, an app or a task is served as it is: from the model alone, in the model's own words. */
import type { Desired } from '../desired/desired.ts';
import type { AppId, TaskId } from '../model/ids.ts';
import { guardLabels, guardsOn } from '../routing/guards.ts';
import { hostOf } from '../routing/lookups.ts';
import { nearest } from '../collections/nearest.ts';
import { candidatesFor } from './candidates.ts';
import type { Candidate, ExplainContext, Explanation, ServiceView } from './explanation.ts';
import type { Question } from './question.ts';
import { definitionsOf, diagnosticsOf, rejectionOf, servedAs, serves, serviceViews } from './service-view.ts';

export function explain(desired: Desired, question: Question, context: ExplainContext): Explanation {
  switch (question.kind) {
    case 'request':
      return explainRequest(desired, question, context);
    case 'port':
      return explainPort(desired, question.port, context);
    case 'app':
      return explainApp(desired, question.appId, context);
    case 'task':
      return explainTask(desired, question.appId, question.taskId, context);
  }
}

function explainRequest(
  desired: Desired,
  { target, scheme, port }: Extract<Question, { kind: 'request' }>,
  context: ExplainContext,
): Explanation {
  const { httpPort, httpsPort, ownPorts } = context;
  // A service port leads to its service, whatever host and path are asked for.
  const listener = port !== undefined && port !== httpPort && port !== httpsPort;
  if (listener && (ownPorts.has(port) || ownerOf(desired, port) !== undefined))
    return explainPort(desired, port, context);
  const host = hostOf(target.host);
  const subject = `${host}${target.path}`;
  const candidates = candidatesFor(desired, target);
  const hints = listener ? [`nothing of Pacer listens on port ${port}; this is the answer by host`] : [];
  if (httpPort === undefined) hints.push('HTTP and HTTPS are not bound here (--dont-bind-http-https)');
  const winner = candidates.find(({ verdict }) => verdict === 'wins');
  const depends = candidates.filter(({ verdict }) => verdict === 'depends');
  if (winner === undefined && depends.length > 0)
    return byRules(desired, subject, candidates, hints, context);
  if (depends.length > 0)
    hints.push(
      'services with rules of their own come first where their conditions hold; the others are as shown',
    );
  if (winner === undefined) {
    const known = nearest(host, hostsOf(desired));
    if (candidates.length === 0 && known !== undefined) hints.push(`did you mean ${known}?`);
    const claim = candidates.length === 0 ? '' : '; what claims it is not exposed';
    const answer = `404: no service has ${subject}${claim}`;
    const diagnostics = [...new Set(candidates.map(({ appId }) => appId))].flatMap((appId) =>
      diagnosticsOf(desired, context.malformed, appId),
    );
    return { kind: 'request', subject, answer, served: false, candidates, services: [], diagnostics, hints };
  }
  const services = serviceViews(desired, winner.appId, winner.portIndex);
  const { backend } = winner;
  const served = backend === undefined ? undefined : desired.services.get(backend)?.definition;
  const guards = served === undefined ? [] : guardsOn(served, target);
  const redirecting = guards.find((guard) => guard.redirects);
  const by = redirecting ?? winner;
  const redirects =
    redirecting !== undefined || (backend !== undefined && desired.routes.redirects.includes(backend));
  for (const guard of guards)
    hints.push(
      `guarded by ${guard.appId} port ${guard.portIndex}, which claims the host: ${guardLabels(guard).join(', ')}`,
    );
  const plain = scheme === 'http' || (scheme === undefined && port === httpPort);
  if (redirects && !plain) hints.push('over http it is a redirect to https');
  return {
    ...{ kind: 'request', subject, candidates, services, hints },
    answer:
      redirects && plain
        ? `301 to https://${subject}, by ${by.appId} port ${by.portIndex}`
        : outcome(services[0], `${winner.appId} port ${winner.portIndex}`),
    served: services.some(hasServers),
    diagnostics: diagnosticsOf(desired, context.malformed, winner.appId),
  };
}

/** Nobody is in the maps: who has it is for HAProxy to say, rule by rule. */
function byRules(
  desired: Desired,
  subject: string,
  candidates: readonly Candidate[],
  hints: readonly string[],
  context: ExplainContext,
): Explanation {
  const ruled = candidates.filter(({ verdict }) => verdict === 'depends');
  const [first] = ruled;
  const services = ruled.flatMap(({ appId, portIndex }) => serviceViews(desired, appId, portIndex));
  const answer =
    ruled.length === 1 && first !== undefined
      ? `${first.appId} port ${first.portIndex} serves it, where its rules say so`
      : `the first of ${ruled.length} services whose rules say so serves it`;
  return {
    ...{ kind: 'request', subject, answer, candidates, services, hints },
    served: services.some(hasServers),
    diagnostics: ruled.flatMap(({ appId }) => diagnosticsOf(desired, context.malformed, appId)),
  };
}

function explainPort(desired: Desired, port: number, context: ExplainContext): Explanation {
  const subject = `port ${port}`;
  const own = context.ownPorts.get(port);
  const candidates = claimsOfPort(desired, port, own);
  const winner = candidates.find(({ verdict }) => verdict === 'wins');
  const services = winner === undefined ? [] : serviceViews(desired, winner.appId, winner.portIndex);
  const diagnostics = [...new Set(candidates.map(({ appId }) => appId))].flatMap((appId) =>
    diagnosticsOf(desired, context.malformed, appId),
  );
  const nobody = own === undefined ? `no service listens on port ${port}` : `port ${port} is ${own}`;
  return {
    ...{ kind: 'port', subject, candidates, services, diagnostics, hints: [] },
    answer: winner === undefined ? nobody : outcome(services[0], `${winner.appId} port ${winner.portIndex}`),
    served: own !== undefined || services.some(hasServers),
  };
}

function claimsOfPort(desired: Desired, port: number, own: string | undefined): Candidate[] {
  const found: Candidate[] = [];
  for (const definition of definitionsOf(desired)) {
    if (definition.servicePort !== port) continue;
    const { appId, portIndex, backend, weight, listens, bindAddress } = definition;
    const about = { appId, portIndex, backend, weight, claim: `${bindAddress}:${port}` };
    if (!serves(desired, definition)) {
      const reason = rejectionOf(desired, appId, portIndex)?.reason ?? 'see the diagnostics';
      found.push({ ...about, verdict: 'rejected', reason: `rejected: ${reason}` });
    } else if (!listens || own !== undefined)
      found.push({ ...about, verdict: 'loses', reason: 'services get no listener of their own here' });
    else if (servedAs(desired, definition)?.listens === false)
      found.push({ ...about, verdict: 'loses', reason: whyNoListener(desired, appId, portIndex) });
    else found.push({ ...about, verdict: 'wins', reason: 'it is its service port' });
  }
  return found.sort((a, b) => Number(b.verdict === 'wins') - Number(a.verdict === 'wins'));
}

/** It serves by host and app id alone. */
const whyNoListener = ({ conflicts }: Desired, appId: AppId, portIndex: number): string =>
  conflicts.find((it) => it.appId === appId && it.portIndex === portIndex && it.code.startsWith('PORT_'))
    ?.reason ?? 'another app has it';

const ownerOf = (desired: Desired, port: number) =>
  [...desired.services.values()].find(
    ({ definition }) => definition.servicePort === port && definition.listens,
  );

function explainApp(desired: Desired, appId: AppId, context: ExplainContext): Explanation {
  const services = serviceViews(desired, appId);
  const diagnostics = diagnosticsOf(desired, context.malformed, appId);
  const about = { kind: 'app', subject: appId, candidates: [], services, diagnostics } as const;
  if (!desired.apps.has(appId)) {
    const known = nearest(appId, desired.apps.keys());
    const answer = diagnostics.length > 0 ? `${appId} cannot be read` : `Marathon has no app ${appId}`;
    return { ...about, answer, served: false, hints: known === undefined ? [] : [`did you mean ${known}?`] };
  }
  const serving = services.filter((service) => service.serving);
  const servers = serving.reduce((sum, service) => sum + service.servers.length, 0);
  const [first] = services;
  const answer =
    first === undefined
      ? `${appId} has no port, so there is nothing to serve`
      : serving.length === 0
        ? `${appId} is not served: ${first.reason}`
        : serving.length === 1 && services.length === 1
          ? outcome(serving[0], appId, 'is served')
          : `${appId} serves ${serving.length} of its ${services.length} ports, with ${counted(servers, 'server')}`;
  return { ...about, answer, served: serving.some(hasServers), hints: [] };
}

function explainTask(desired: Desired, appId: AppId, taskId: TaskId, context: ExplainContext): Explanation {
  const app = desired.apps.get(appId)?.app;
  const services = serviceViews(desired, appId).map((view) => ({
    ...view,
    servers: view.servers.filter((server) => server.taskId === taskId),
    tasks: view.tasks.filter((task) => task.taskId === taskId),
  }));
  const task = app?.tasks.find(({ id }) => id === taskId);
  const decisions = services.flatMap(({ tasks, portIndex, serving, reason }) =>
    tasks.map((decision) => ({ ...decision, portIndex, held: serving ? undefined : reason })),
  );
  const [first] = decisions;
  const answer =
    task === undefined
      ? `Marathon does not list the task any more; ${appId} has ${counted(app?.tasks.length ?? 0, 'other task')}`
      : first === undefined
        ? `the task of ${appId} serves nothing: ${services[0]?.reason ?? 'the app has no port'}`
        : `the task of ${appId} is ${first.held === undefined ? words[first.admin] : 'out'}: ${first.held ?? first.reason}`;
  return {
    ...{ kind: 'task', subject: taskId, answer, candidates: [], services, hints: [] },
    served: decisions.some(({ admin: admin, held }) => admin !== 'out' && held === undefined),
    diagnostics: diagnosticsOf(desired, context.malformed, appId),
  };
}

const words = { ready: 'in', drain: 'draining', maint: 'draining', out: 'out' } as const;

const hasServers = ({ serving, servers }: ServiceView): boolean => serving && servers.length > 0;

function outcome(service: ServiceView | undefined, who: string, verb = 'serves it'): string {
  if (service === undefined) return `nothing serves ${who}`;
  if (!service.serving) return `${who} is not served: ${service.reason}`;
  const { servers, tasks } = service;
  if (servers.length > 0) return `${who} ${verb}, with ${counted(servers.length, 'server')}`;
  const why = tasks[0] === undefined ? 'it has no task' : tasks[0].reason;
  return `503: ${who} has it, and no server: ${why}`;
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

const hostsOf = ({ services }: Desired): Set<string> =>
  new Set([...services.values()].flatMap(({ definition }) => [...definition.vhosts]));
