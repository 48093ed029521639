/** Which apps have tasks on which agents. */
import type { AppId } from '../../core/model/ids.ts';

/** Which apps have tasks on which agents. */
export interface HostUse {
  /** Records all agents of an app. @returns these agents, each once */
  readonly set: (app: AppId, hosts: readonly string[]) => ReadonlySet<string>;
  readonly appsOn: (host: string) => readonly AppId[];
  /** Agents on which no app has had a task for this many milliseconds. */
  readonly unusedFor: (ms: number) => readonly string[];
  readonly forget: (host: string) => void;
}

/** Creates an empty record. */
export function hostUse(): HostUse {
  const hostsOf = new Map<AppId, ReadonlySet<string>>();
  const appsOn = new Map<string, Set<AppId>>();
  /** On the clock of `performance.now()`. */
  const unusedSince = new Map<string, number>();
  return {
    set: (app, list) => {
      const before = hostsOf.get(app) ?? new Set<string>();
      const hosts = new Set(list);
      if (hosts.size === 0) hostsOf.delete(app);
      else hostsOf.set(app, hosts);
      for (const host of hosts) {
        if (before.has(host)) continue;
        unusedSince.delete(host);
        const apps = appsOn.get(host);
        if (apps === undefined) appsOn.set(host, new Set([app]));
        else apps.add(app);
      }
      for (const host of before) {
        if (hosts.has(host)) continue;
        const apps = appsOn.get(host);
        apps?.delete(app);
        if (apps?.size === 0) unusedSince.set(host, performance.now());
      }
      return hosts;
    },
    appsOn: (host) => [...(appsOn.get(host) ?? [])],
    unusedFor: (ms) => {
      const limit = performance.now() - ms;
      return [...unusedSince].flatMap(([host, since]) => (since <= limit ? [host] : []));
    },
    forget: (host) => {
      appsOn.delete(host);
      unusedSince.delete(host);
    },
  };
}
