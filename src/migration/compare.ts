/** Where Pacer would serve otherwise than a running marathon-lb: host by host, port by port, app id by app id. */
import type { Desired } from '../core/desired/desired.ts';
import { guardsOn } from '../core/routing/guards.ts';
import { resolveRoute } from '../core/routing/lookups.ts';
import type { Service, ServiceDefinition } from '../core/model/service.ts';
import { backendDifferences, backendNotes } from './compare-backends.ts';
import type { LbAnswer } from './lb-frontend.ts';
import type { LbView } from './lb-view.ts';
import type { Comparison, Note, RoutingDifference } from './comparison.ts';
import { scaledToZero, whyAccess, whyNotBackend, whyOnlyPacer, whyOther } from './why.ts';

export function compare(lb: LbView, desired: Desired, withHttp = true): Comparison {
  const differences: RoutingDifference[] = [];
  const unknown = new Map<string, string>();
  const notes: Note[] = [];
  let compared = 0;
  if (withHttp) compareHosts();
  comparePorts();
  compareAppIds();
  for (const service of desired.services.values()) {
    if (isEmpty(service)) notes.push({ subject: service.definition.backend, text: scaledToZero });
    const theirs = lb.backends.get(service.definition.backend);
    if (theirs === undefined) continue;
    compared++;
    differences.push(...backendDifferences(service, theirs, desired));
    notes.push(...backendNotes(service, theirs));
  }
  return {
    compared,
    differences: differences.sort(bySubject),
    notes,
    unknown: [...unknown].map(([subject, why]) => ({ subject, why })),
  };

  function compareHosts(): void {
    const ruled = new Map(
      desired.routes.rules.flatMap(({ backend }) =>
        (desired.services.get(backend)?.definition.vhosts ?? []).map(
          (host) => [String(host), backend] as const,
        ),
      ),
    );
    for (const { host, path } of targetsOf(lb, desired)) {
      const rule = ruled.get(host);
      if (rule !== undefined) {
        unknown.set(host, `templates of ${rule} replace its rules in Pacer; try it with requests`);
        continue;
      }
      for (const secure of [false, true]) {
        compared++;
        const theirs = lb.answerHost({ secure, host, path, appId: '' });
        const subject = `${host}${path}`;
        if (theirs.kind === 'unknown') {
          unknown.set(
            subject,
            `marathon-lb's line ${theirs.line.number} cannot be judged: ${theirs.line.text}`,
          );
          continue;
        }
        const ours = ownAnswer(desired, { host, path }, secure);
        if (ours.service !== undefined) compareAccess(secure, { host, path }, theirs, ours.service);
        if (ours.text === answerText(theirs) || bothAnswer503(theirs, ours.service)) continue;
        const kind = secure ? 'https' : 'http';
        // What is said once over http need not be said again over https.
        const said = differences.some(
          (it) =>
            it.subject === subject &&
            it.kind === 'http' &&
            it.marathonLb === answerText(theirs) &&
            it.pacer === ours.text,
        );
        if (said) continue;
        const why = whyOther({ theirs, ours: ours.service, host, path, desired });
        differences.push({ kind, subject, marathonLb: answerText(theirs), pacer: ours.text, why });
      }
    }
  }

  /** Who may come, where both serve it. What a backend asks by itself is compared with the backends. */
  function compareAccess(
    secure: boolean,
    target: { readonly host: string; readonly path: string },
    theirs: LbAnswer,
    { definition }: Service,
  ): void {
    if (theirs.kind !== 'backend') return;
    const subject = `${target.host}${target.path}`;
    const guards = guardsOn(definition, target);
    const add = (marathonLb: string, pacer: string, why: string) => {
      const isSaid = differences.some(
        (it) => it.subject === subject && it.marathonLb === marathonLb && it.pacer === pacer,
      );
      if (!isSaid) differences.push({ kind: secure ? 'https' : 'http', subject, marathonLb, pacer, why });
    };
    const anonymous = lb.answerHost({ secure, ...target, appId: '', anonymous: true });
    const asked = anonymous.kind === 'asked';
    const guard = guards.find(({ realm }) => realm !== undefined);
    const asks = definition.auth !== undefined || guard !== undefined;
    // What a backend asks by itself, or should, is told with the backends.
    const isOwn = lb.backends.get(definition.backend)?.hasAuth === true || definition.auth !== undefined;
    if (anonymous.kind !== 'unknown' && asked !== asks && !isOwn)
      add(asksText(asked), asksText(asks), whyAccess(definition, guard));
    const limits = guards.find(({ networks }) => networks.length > 0);
    if (limits !== undefined)
      add('open to every network', 'only some networks', whyAccess(definition, limits));
  }

  function comparePorts(): void {
    const own = new Map(
      [...desired.services.values()].flatMap(({ definition }) =>
        definition.listens ? [[definition.servicePort, definition] as const] : [],
      ),
    );
    for (const port of [...new Set([...lb.ports.keys(), ...own.keys()])].sort((a, b) => a - b)) {
      compared++;
      const theirs = lb.ports.get(port);
      const ours = own.get(port);
      const [theirText, ourText] = [
        portText(theirs?.backend, theirs?.tls),
        portText(ours?.backend, usesTls(ours)),
      ];
      const empty = ours !== undefined && isEmpty(desired.services.get(ours.backend));
      if (theirText === ourText || (theirs === undefined && empty)) continue;
      const why =
        ours === undefined
          ? whyNotBackend(theirs?.backend ?? '', desired)
          : theirs === undefined
            ? whyOnlyPacer
            : `port ${port} is another service's, or has another certificate, in Marathon now`;
      differences.push({ kind: 'port', subject: String(port), marathonLb: theirText, pacer: ourText, why });
    }
  }

  function compareAppIds(): void {
    const own = new Map(
      desired.routes.appIds.map(({ key, backend }) => [key.toLowerCase(), String(backend)]),
    );
    for (const id of new Set([...lb.appIds.map((it) => it.toLowerCase()), ...own.keys()])) {
      compared++;
      const theirs = lb.answerAppId(lb.appIds.find((it) => it.toLowerCase() === id) ?? id);
      if (theirs.kind === 'unknown') continue;
      const ours = own.get(id);
      const ourText = ours ?? 'nobody';
      const service =
        ours === undefined ? undefined : desired.services.get(ours as ServiceDefinition['backend']);
      if (answerText(theirs) === ourText || bothAnswer503(theirs, service)) continue;
      const why =
        ours === undefined && theirs.kind === 'backend'
          ? whyNotBackend(theirs.backend, desired)
          : theirs.kind === 'backend'
            ? 'of several ports Pacer takes the first that speaks http'
            : whyOnlyPacer;
      differences.push({ kind: 'app-id', subject: id, marathonLb: answerText(theirs), pacer: ourText, why });
    }
  }
}

const asksText = (is: boolean): string => `asks for ${is ? '' : 'no '}user and password`;

const kinds: readonly RoutingDifference['kind'][] = ['http', 'https', 'port', 'app-id', 'backend'];

const bySubject = (a: RoutingDifference, b: RoutingDifference): number =>
  kinds.indexOf(a.kind) - kinds.indexOf(b.kind) ||
  (a.subject < b.subject ? -1 : a.subject > b.subject ? 1 : 0);

/** Every host of either side, with `/` and each path that either side knows for it, and what is below that. */
function targetsOf(lb: LbView, desired: Desired): { host: string; path: string }[] {
  const paths = new Map<string, Set<string>>();
  const add = (host: string, more: Iterable<string>) =>
    paths.set(host, new Set([...(paths.get(host) ?? ['/']), ...more]));
  for (const [host, named] of lb.targets) add(host, named);
  for (const { definition } of desired.services.values())
    for (const host of definition.vhosts)
      add(host.startsWith('*.') ? `any${host.slice(1)}` : host, definition.path?.paths ?? []);
  return [...paths].flatMap(([host, named]) =>
    [...new Set([...named].flatMap((path) => [path, `${path.replace(/\/$/, '')}/below`]))].map((path) => ({
      host,
      path,
    })),
  );
}

function ownAnswer(
  { routes, services }: Desired,
  target: { host: string; path: string },
  secure: boolean,
): { readonly text: string; readonly service: Service | undefined } {
  const backend = resolveRoute(routes, target)?.entry.backend;
  const service = backend === undefined ? undefined : services.get(backend);
  if (service === undefined) return { text: 'nobody', service };
  const { definition } = service;
  const redirects =
    !secure &&
    (routes.redirects.includes(definition.backend) ||
      guardsOn(definition, target).some((guard) => guard.redirects));
  return { text: redirects ? 'redirect to https' : service.definition.backend, service };
}

function answerText(answer: LbAnswer): string {
  switch (answer.kind) {
    case 'backend':
      return answer.backend;
    case 'redirect':
      return 'redirect to https';
    case 'refused':
      return 'refused';
    case 'asked':
      return 'asks for user and password';
    case 'nobody':
      return 'nobody';
    case 'unknown':
      return 'unknown';
  }
}

const usesTls = (definition: ServiceDefinition | undefined): boolean => definition?.certificate !== undefined;

const portText = (backend: string | undefined, tls: boolean | undefined): string =>
  backend === undefined ? 'nobody' : `${backend}${tls === true ? ' over TLS' : ''}`;

const isEmpty = (service: Service | undefined): boolean => service?.servers.length === 0;

/** Nobody notices that one has a route and the other has not. */
const bothAnswer503 = (theirs: LbAnswer, ours: Service | undefined): boolean =>
  theirs.kind === 'nobody' && isEmpty(ours);
