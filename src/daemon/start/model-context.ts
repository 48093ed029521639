/** What the pure model needs to know about this load balancer. */
import { hash } from 'node:crypto';
import { networkInterfaces } from 'node:os';
import type { ModelContext } from '../../core/services/app-services.ts';
import { noOwners } from '../../core/services/claims.ts';
import type { Diagnostic } from '../../core/model/diagnostic.ts';
import type { ExplainContext } from '../../core/explain/explanation.ts';
import type { Policy } from '../../core/policy/policy.ts';
import { policyOf } from '../../settings/policy.ts';
import { noOperatorTemplates, type OperatorTemplates } from '../../render/operator/operator-templates.ts';
import type { Settings } from '../../settings/settings.ts';
import { ownPorts } from '../publish/machine-facts.ts';

/**
 * How many tasks of a sticky service can be added between two reloads, if HAProxy cannot add a server with a cookie.
 */
const slots = 8;

/** The policy of the settings, which does not change. */
function fixedPolicy(settings: Settings): () => Policy {
  const policy = policyOf(settings);
  return () => policy;
}

/** @param capabilities of the HAProxy that serves; without them, those of the newest version */
export function modelContext(
  settings: Settings,
  resolve: (host: string) => string | undefined,
  operator: OperatorTemplates = noOperatorTemplates,
  capabilities: { readonly addServerCookie: boolean } = { addServerCookie: true },
  policy: () => Policy = fixedPolicy(settings),
): ModelContext {
  const digest = (algorithm: string) => (text: string) => hash(algorithm, text);
  return {
    groups: settings.groups,
    strictMode: settings.strictMode,
    servicePorts: settings.servicePorts === 'all',
    stickySlots: capabilities.addServerCookie ? 0 : slots,
    // A service port needs a reload anyway for its listener. An operator's `defaults` can contain anything.
    dynamicBackends:
      (settings.dynamicBackends ? settings.servicePorts === 'none' : settings.spareBackends > 0) &&
      operator.head === undefined &&
      operator.fragments.size === 0,
    groupsHttps: settings.groupHttpsByVhost && !settings.dontBindHttpHttps,
    defaultBindAddress: settings.bindAddress,
    reservedPorts: ownPorts(settings),
    ownApp: settings.ownApp,
    health: {
      respectHealth: settings.healthCheck,
      unreachable: settings.unreachable,
      mode: settings.healthMode,
    },
    digests: { sha1: digest('sha1'), sha256: digest('sha256') },
    resolve,
    lastGood: () => undefined,
    owners: () => noOwners,
    assignedPorts: { first: settings.minServPort, last: settings.maxServPort },
    templates: {
      overrides: operator.overrides,
      serverDefaults: operator.head?.serverDefaults ?? [],
      labelTemplates: settings.labelTemplates,
      fileFolders: settings.labelFiles,
      certificateFolders: settings.labelCertificates ?? ['/etc/ssl'],
      policy,
      ownAddresses: Object.values(networkInterfaces()).flatMap((all) =>
        (all ?? []).map(({ address }) => address),
      ),
    },
  };
}

/** The same for explanations. `malformed`: what is wrong with Marathon's definitions. */
export function explainContext(settings: Settings, malformed: readonly Diagnostic[]): ExplainContext {
  const { dontBindHttpHttps, httpPort, httpsPort } = settings;
  return {
    ownPorts: ownPorts(settings),
    httpPort: dontBindHttpHttps ? undefined : httpPort,
    httpsPort: dontBindHttpHttps ? undefined : httpsPort,
    malformed,
  };
}
