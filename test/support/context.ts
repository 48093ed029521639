import { hash } from 'node:crypto';
import { noOwners } from '../../src/core/services/claims.ts';
import { allowsAll } from '../../src/core/policy/policy.ts';
import type { ModelContext } from '../../src/core/services/app-services.ts';

const digest = (algorithm: string) => (text: string) => hash(algorithm, text);

export const digests = { sha1: digest('sha1'), sha256: digest('sha256') };

export function aContext(parts: Partial<ModelContext> = {}): ModelContext {
  return {
    groups: ['external'],
    strictMode: false,
    servicePorts: true,
    defaultBindAddress: '*',
    stickySlots: 0,
    dynamicBackends: false,
    reservedPorts: new Map(),
    ownApp: undefined,
    lastGood: () => undefined,
    owners: () => noOwners,
    health: { respectHealth: false, unreachable: 'keep', mode: 'all' },
    digests,
    resolve: () => undefined,
    assignedPorts: { first: 10050, last: 10100 },
    templates: {
      overrides: new Map(),
      serverDefaults: [],
      labelTemplates: 'own-section',
      fileFolders: ['/etc/haproxy/errors'],
      certificateFolders: ['/etc/ssl'],
      policy: () => allowsAll,
    },
    ...parts,
  };
}
