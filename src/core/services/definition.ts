/** From an app's labels and ports to the definitions of its services: everything but the servers. */
import { deploymentOf, type Deployment } from './deployment.ts';
import { misleading, whyNotExposed, type ExposureContext } from './exposure.ts';
import {
  keptNotice,
  needHttp,
  noServicePort,
  pathWithoutVhost,
  portAlternates,
  portIsReserved,
  portIsUdp,
  tlsWithoutCertificate,
} from './definition-diagnostics.ts';
import { rejects, type Diagnostic } from '../model/diagnostic.ts';
import type { AppId } from '../model/ids.ts';
import { noBindOptions } from '../labels/bind-options.ts';
import { vhostTlsOf } from './vhost-tls.ts';
import { readLabels } from '../labels/read.ts';
import type { AppLabelValues, PortLabelValues } from '../labels/table.ts';
import type { App, PortMapping } from '../model/model.ts';
import { backendName } from '../model/names.ts';
import { ruleFor, type Policy } from '../policy/policy.ts';
import { asWritten, keptFor } from './kept.ts';
import { balanceOf, canBeShaped, noRewrite, pathOf, rewriteOf, stickyCheck } from './label-parts.ts';
import { violations } from '../policy/policy-violations.ts';
import { keepSame } from '../collections/same.ts';
import { asConnectCheck, checkNotices, checkOf, watchingCheck } from '../servers/server-check.ts';
import type { ServiceFragments } from '../model/replaced.ts';
import type { ServiceDefinition } from '../model/service.ts';
import type { FragmentSource, TemplateContext } from '../templates/context.ts';
import { closesServicePort } from '../templates/empty.ts';
import { fragmentsOf } from '../templates/fragments.ts';

export interface DefinitionContext extends ExposureContext {
  /** Whether every service gets a listener on its service port. */
  readonly servicePorts: boolean;
  readonly defaultBindAddress: string;
  /** Slots of a sticky service, where HAProxy adds no server with a cookie at runtime; else 0. */
  readonly stickySlots: number;
  /** Backends may come and go while HAProxy runs. */
  readonly dynamicBackends: boolean;
  /** Vhosts may have TLS frontends of their own. */
  readonly groupsHttps?: boolean;
  /** Ports of Pacer's own listeners, by what they are for. */
  readonly reservedPorts: ReadonlyMap<number, string>;
  readonly templates: TemplateContext;
  /** The app that runs this load balancer: never exposed. */
  readonly ownApp: string | undefined;
  /** The definition that last served at an app's port, maybe before this daemon started. */
  readonly lastGood: (appId: AppId, portIndex: number) => ServiceDefinition | undefined;
}

export type PortDefinition =
  | { readonly kind: 'exposed'; readonly portIndex: number; readonly definition: ServiceDefinition }
  | { readonly kind: 'not-exposed'; readonly portIndex: number; readonly reason: string }
  | {
      readonly kind: 'rejected';
      readonly portIndex: number;
      readonly reason: string;
      /** What is readable of it: what it guards is guarded, though it does not serve. Undefined = nothing. */
      readonly guarding?: ServiceDefinition;
    };

export interface AppDefinition {
  /** Undefined where the app is in no deployment group. */
  readonly deployment: Deployment | undefined;
  readonly ports: readonly PortDefinition[];
  readonly diagnostics: readonly Diagnostic[];
  /** By which it was judged. */
  readonly policy: Policy;
}

/** @param refusal why the deployment group that its labels name is closed to it: it is served as if it named none */
export function defineServices(
  app: App,
  context: DefinitionContext,
  previous: AppDefinition | undefined,
  refusal?: Diagnostic,
): AppDefinition {
  const labels = readLabels(app.id, app.labels, app.ports.length);
  const diagnostics: Diagnostic[] = refusal === undefined ? [] : [refusal];
  const misled = misleading(labels);
  const named = misled === undefined ? deploymentOf(labels.app) : previous?.deployment;
  const deployment = refusal === undefined ? named : undefined;
  const name = deployment?.group ?? app.id;
  const policy = context.templates.policy();
  // What other rules let through, templates above all, is judged by those of now.
  const before = (portIndex: number): ServiceDefinition | undefined => {
    const port = previous?.ports[portIndex];
    if (port?.kind !== 'exposed') return undefined;
    const { definition } = port;
    if (previous?.policy === policy) return definition;
    const isPlain = definition.fragments === undefined;
    return isPlain && violations(definition, policy).length === 0 ? definition : undefined;
  };
  const ports = app.ports.map((mapping, portIndex): PortDefinition => {
    const values = labels.ports.get(portIndex) ?? {};
    const hidden =
      app.id === context.ownApp
        ? 'it is the app that runs this load balancer (FRAMEWORK_NAME)'
        : whyNotExposed(values, values.GROUP ?? labels.app.GROUP ?? [], context);
    if (hidden !== undefined) return { kind: 'not-exposed', portIndex, reason: hidden };
    const found = labels.diagnostics.filter((entry) => entry.portIndex === portIndex);
    const texts = labels.fragments.get(portIndex) ?? {};
    const isClosed = closesServicePort(texts, context.templates.overrides);
    const about = { portIndex, name, isClosed };
    const result = withFragments(
      judged(defineService(app, mapping, about, labels.app, values, context), policy),
      {
        check: watchingCheck(app, { portIndex, chosen: values.BACKEND_HEALTHCHECK_PORT_INDEX }),
        labels: texts,
      },
      context.templates,
    );
    diagnostics.push(...found, ...result.diagnostics);
    const wrong =
      [...found, ...result.diagnostics].find(rejects) ?? (previous === undefined ? misled : undefined);
    const good = context.lastGood(app.id, portIndex) ?? before(portIndex);
    // In the group it may have served before, it would be what it was refused.
    const last = refusal !== undefined && good?.name !== name ? undefined : good && asWritten(good);
    if (wrong === undefined && result.definition !== undefined) {
      return { kind: 'exposed', portIndex, definition: keepSame(last, result.definition) };
    }
    if (wrong === undefined)
      return { kind: 'not-exposed', portIndex, reason: result.diagnostics[0]?.reason ?? 'not exposed' };
    // What served before serves on: a bad label on a new version must not take the service away.
    if (last !== undefined) {
      diagnostics.push(keptNotice(app.id, portIndex));
      // Nobody knows which hosts a label means that cannot be read.
      const isRead = !found.some((it) => rejects(it) && it.label === `HAPROXY_${portIndex}_VHOST`);
      const hosts = isRead ? (values.VHOST ?? []) : undefined;
      const { AUTH: auth, BACKEND_NETWORK_ALLOWED_ACL: networks } = values;
      const claimed = { hosts, listens: !isClosed, auth, networks };
      return { kind: 'exposed', portIndex, definition: keptFor(last, claimed) };
    }
    // A policy that forbids a claim forbids what it would guard, too.
    const isForbidden = [...found, ...result.diagnostics].some(({ code }) => code === 'POLICY_FORBIDS');
    const { definition } = result;
    return {
      ...{ kind: 'rejected', portIndex, reason: `${wrong.label ?? 'the definition'}: ${wrong.reason}` },
      ...(definition !== undefined && !isForbidden && { guarding: definition }),
    };
  });
  // What an app says that this load balancer does not expose is nobody's concern here.
  if (ports.some((port) => port.kind !== 'not-exposed')) {
    diagnostics.push(
      ...labels.diagnostics
        .filter((entry) => (entry.portIndex ?? app.ports.length) >= app.ports.length)
        .map((entry) =>
          rejects(entry) && misled === undefined ? { ...entry, severity: 'warning' as const } : entry,
        ),
    );
    if (misled !== undefined && previous !== undefined) diagnostics.push(keptNotice(app.id));
  }
  return { deployment, ports, diagnostics, policy };
}

/** With what the policy has against it. */
function judged(
  { definition, diagnostics }: ReturnType<typeof defineService>,
  policy: Policy,
): ReturnType<typeof defineService> {
  const found = definition === undefined ? [] : violations(definition, policy);
  return { definition, diagnostics: [...diagnostics, ...found] };
}

/** A definition with what templates replace of it. */
function withFragments(
  { definition, diagnostics }: ReturnType<typeof defineService>,
  source: Omit<FragmentSource, 'definition'>,
  context: TemplateContext,
): ReturnType<typeof defineService> {
  if (definition === undefined) return { definition, diagnostics };
  const made = fragmentsOf({ definition, ...source }, context);
  const { fragments } = made;
  const sticks = definition.mode === 'tcp' && fragments?.texts.BACKEND_STICKY_OPTIONS !== undefined;
  // A slot is a server of Pacer's own making, with a cookie of its own.
  const foreign =
    fragments?.texts.BACKEND_STICKY_OPTIONS !== undefined ||
    fragments?.serverLine !== undefined ||
    fragments?.own !== undefined;
  return {
    definition:
      fragments === undefined
        ? definition
        : { ...definition, fragments, hasProfile: false, slots: foreign ? 0 : definition.slots },
    diagnostics: [
      ...diagnostics.filter(({ label }) => !(sticks && label === `HAPROXY_${definition.portIndex}_STICKY`)),
      ...made.diagnostics,
      ...tooManyOwn(fragments, definition, context),
    ],
  };
}

/** The policy counts servers that a label names as any others. */
function tooManyOwn(
  fragments: ServiceFragments | undefined,
  { appId, portIndex }: Pick<ServiceDefinition, 'appId' | 'portIndex'>,
  { policy }: TemplateContext,
): Diagnostic[] {
  const limit = ruleFor(policy(), appId, 'maxServers');
  const count = fragments?.own?.lines.length ?? 0;
  if (limit === undefined || count <= limit.value) return [];
  const reason = `its template names ${count} servers, and the policy for ${limit.prefix} allows ${limit.value}`;
  const remedy = 'name fewer servers, or ask the operator for more';
  return [{ code: 'POLICY_FORBIDS', severity: 'error', appId, portIndex, reason, remedy }];
}

function defineService(
  app: App,
  mapping: PortMapping,
  { portIndex, name, isClosed }: { portIndex: number; name: AppId; isClosed: boolean },
  labels: AppLabelValues,
  values: PortLabelValues,
  context: DefinitionContext,
): { definition: ServiceDefinition | undefined; diagnostics: Diagnostic[] } {
  const about = { appId: app.id, portIndex };
  const diagnostics: Diagnostic[] = [];
  if (mapping.protocol === 'udp') return { definition: undefined, diagnostics: [portIsUdp(about)] };
  const checked = { portIndex, chosen: values.BACKEND_HEALTHCHECK_PORT_INDEX };
  const check = checkOf(app, checked);
  const hasHttpCheck = check?.kind === 'http' || check?.kind === 'https';
  const mode = values.MODE ?? (values.VHOST !== undefined || hasHttpCheck ? 'http' : 'tcp');
  const assigned = values.PORT ?? mapping.servicePort;
  // Marathon gives pods no service ports: by host and app id one can do without, and the index stands in the name.
  const portless = assigned === undefined && app.kind === 'pod' && mode === 'http';
  const servicePort = portless ? portIndex : assigned;
  if (servicePort === undefined) return { definition: undefined, diagnostics: [noServicePort(about)] };
  const vhosts = mode === 'http' ? (values.VHOST ?? []) : [];
  const mayListen = context.servicePorts && !portless && !isClosed;
  const reserved = mayListen ? context.reservedPorts.get(servicePort) : undefined;
  if (reserved !== undefined) diagnostics.push(portIsReserved(about, servicePort, reserved, vhosts));
  if (values.PORT === undefined && servicePort === labels.DEPLOYMENT_ALT_PORT)
    diagnostics.push(portAlternates(about, servicePort));
  diagnostics.push(
    ...tlsWithoutCertificate(about, values),
    ...needHttp(about, values, mode),
    ...checkNotices(app, checked, mode),
  );
  if (values.PATH !== undefined && values.VHOST === undefined) {
    diagnostics.push(pathWithoutVhost(about));
  }
  const path = vhosts.length > 0 ? pathOf(values) : undefined;
  const sticky = mode === 'http' && values.STICKY === true;
  // As marathon-lb: who is bound to a server that does not answer goes to another one.
  const used = check ?? (values.STICKY === true ? stickyCheck : undefined);
  const definition: ServiceDefinition = {
    backend: backendName(name, servicePort),
    name,
    ...about,
    servicePort,
    mode,
    listens: mayListen && reserved === undefined,
    bindAddress: values.BIND_ADDR ?? context.defaultBindAddress,
    certificate: values.SSL_CERT,
    bindOptions: values.BIND_OPTIONS ?? noBindOptions,
    allowedNetworks: values.BACKEND_NETWORK_ALLOWED_ACL ?? [],
    balance: balanceOf(values, mode),
    sticky,
    ...(mode === 'tcp' && values.STICKY === true && { sticksByTemplate: true }),
    // Deploy tools look for the servers of a group by their names, which no slot has.
    // A slot has no port of its own to be checked.
    slots: sticky && name === app.id && check?.portIndex === undefined ? context.stickySlots : 0,
    hasProfile: context.dynamicBackends && canBeShaped(values, mode, sticky && context.stickySlots > 0),
    hsts: mode === 'http' && values.USE_HSTS === true,
    auth: mode === 'http' ? values.AUTH : undefined,
    redirectToHttps: vhosts.length > 0 && values.REDIRECT_TO_HTTPS === true,
    ...(values.AUTH_SCOPE === 'service' && { authScope: 'service' }),
    rewrite: mode === 'http' ? rewriteOf(values) : noRewrite,
    check: used === undefined || (mode === 'tcp' && hasHttpCheck) ? asConnectCheck(used) : used,
    vhosts,
    ...(context.groupsHttps === true && {
      vhostTls: vhostTlsOf(values.SSL_CERT, values.BIND_OPTIONS ?? noBindOptions),
    }),
    path,
    weight: values.BACKEND_WEIGHT ?? (path === undefined ? 0 : 1),
  };
  return { definition, diagnostics };
}
