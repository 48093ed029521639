/**
 * Remembers which apps served which hosts, paths, ports, app ids and deployment groups. A newcomer does not get what
 * another app has, not even after a restart.
 */
import { z } from 'zod';
import { noOwners, type Owners } from '../../core/services/claims.ts';
import type { Desired } from '../../core/desired/desired.ts';
import type { AppId } from '../../core/model/ids.ts';
import { ownersOf } from '../../core/desired/owners.ts';
import { sameValue } from '../../core/collections/same.ts';
import { saved } from '../storage/saved.ts';

/** The remembered owners. */
export interface RememberedOwners {
  readonly current: () => Owners;
  /** HAProxy serves this now. */
  readonly serves: (desired: Desired) => void;
  readonly close: () => Promise<void>;
}

/** What `openOwners` needs. */
export interface OwnersOptions {
  readonly file: string;
  readonly warn: (message: string) => void;
}

/** A line of the file: the apps of one service, and everything they own. */
const lineFormat = z.strictObject({
  apps: z.array(z.string().transform((id) => id as AppId)).min(1),
  claims: z.array(z.string()),
});

/** Reads the file. A file that cannot be used is set aside, with a warning. */
export async function openOwners({ file, warn }: OwnersOptions): Promise<RememberedOwners> {
  let owners = noOwners;
  /** The desired state from which the owners were last read. */
  let last: Pick<Desired, 'claims' | 'groups' | 'assigned'> | undefined;
  const store = await saved(
    { file, what: 'the owners of hosts, ports and groups', text: () => textOf(owners), warn },
    (text) => {
      owners = ownersIn(text);
    },
  );
  return {
    current: () => owners,
    serves: (desired) => {
      const { claims, groups, assigned } = desired;
      const isSame = last?.claims === claims && last.groups === groups && last.assigned === assigned;
      last = { claims, groups, assigned };
      if (isSame) return;
      const found = ownersOf(desired);
      if (sameOwners(owners, found)) return;
      owners = found;
      store.changed();
    },
    close: store.close,
  };
}

const sameOwners = (a: Owners, b: Owners): boolean =>
  a.size === b.size && [...a].every(([claim, apps]) => sameValue([...apps], [...(b.get(claim) ?? [])]));

function textOf(owners: Owners): string {
  const byApps = new Map<string, { apps: AppId[]; claims: string[] }>();
  for (const [claim, apps] of owners) {
    const key = [...apps].join(' ');
    const line = byApps.get(key) ?? { apps: [...apps], claims: [] };
    line.claims.push(claim);
    byApps.set(key, line);
  }
  return [...byApps.values()].map((line) => `${JSON.stringify(line)}\n`).join('');
}

/** @throws Error that says what is wrong with the text */
function ownersIn(text: string): Owners {
  const owners = new Map<string, ReadonlySet<AppId>>();
  for (const line of text.split('\n').filter((it) => it !== '')) {
    const { apps, claims } = lineFormat.parse(JSON.parse(line));
    for (const claim of claims) owners.set(claim, new Set(apps));
  }
  return owners;
}
