/**
 * Adds and removes backends at runtime. HAProxy does not report which profile a backend was added with. So a process
 * variable in HAProxy contains the digest of the pool it was last brought to, and Pacer compares with that.
 * [haproxy] management.txt 3.4 9.3 "add backend", "publish backend", "del backend"; "set var", "get var"
 */
import type { BackendName } from '../../core/model/ids.ts';
import type { RuntimeAccess } from '../../haproxy/control/control.ts';
import { parseServersState } from '../../haproxy/replies/servers-state.ts';
import type { AddedBackends } from '../../render/profiles.ts';

/** The same variable is set by the configuration. */
const variable = 'proc.pacer_backends';

/** The result of adding backends. */
export type BackendsOutcome =
  | {
      readonly kind: 'done';
      readonly added: readonly BackendName[];
      readonly removed: readonly BackendName[];
    }
  | { readonly kind: 'impossible'; readonly reason: string };

/** Backends that HAProxy can add and remove at runtime. */
export interface RuntimeBackends {
  /** Call when HAProxy has read a configuration with this pool. */
  readonly loaded: (pool: AddedBackends | undefined) => void;
  /** Adds missing backends. The outcome also names those to remove. Rejects if HAProxy cannot be asked. */
  readonly add: (pool: AddedBackends) => Promise<BackendsOutcome>;
  /** Removes backends. Call when no request reaches them any more. */
  readonly settle: (pool: AddedBackends, removed: readonly BackendName[]) => Promise<void>;
}

const nothing: BackendsOutcome = { kind: 'done', added: [], removed: [] };

/** @param control the HAProxy whose backends change */
export function runtimeBackends(control: RuntimeAccess): RuntimeBackends {
  let last: AddedBackends | undefined;
  /** Backends that still had sessions when they should have been removed. */
  const leaving = new Set<BackendName>();

  async function remove(backend: BackendName): Promise<void> {
    const [, state] = await control.runtime([
      `unpublish backend ${backend}`,
      `show servers state ${backend}`,
    ]);
    const names = parseServersState(state?.text ?? '').map(({ server }) => `${backend}/${server}`);
    const replies = await control.runtime([
      ...names.flatMap((name) => [`set server ${name} state maint`, `del server ${name}`]),
      `del backend ${backend}`,
    ]);
    if (replies.at(-1)?.kind === 'ok') leaving.delete(backend);
    else leaving.add(backend);
  }

  return {
    loaded: (pool) => {
      last = pool;
      leaving.clear();
    },
    add: async (pool) => {
      const [reply] = await control.runtime([`get var ${variable}`]);
      const running = /<([0-9a-f]{32})>/.exec(reply?.text ?? '')?.[1];
      if (running === pool.digest) {
        last = pool;
        for (const backend of leaving) await remove(backend);
        return nothing;
      }
      const { version, addBackend } = control.capabilities();
      if (!addBackend) return impossible(`HAProxy ${version} adds no backend at runtime`);
      if (running === undefined || last?.digest !== running)
        return impossible('HAProxy has other backends than Pacer gave it');
      const before = last.profiles;
      const changed = [...pool.profiles].find(([name, profile]) => (before.get(name) ?? profile) !== profile);
      if (changed !== undefined) return impossible(`backend ${changed[0]} has other options`);
      const added = [...pool.profiles].filter(([name]) => !before.has(name));
      const commands = added.flatMap(([name, profile]) => [
        `add backend ${name} from ${profile} mode http`,
        `publish backend ${name}`,
      ]);
      const replies = await control.runtime(commands);
      const failed = replies.findIndex(({ kind }) => kind === 'failed');
      if (failed >= 0) return impossible(`${commands[failed] ?? ''}: ${replies[failed]?.text ?? ''}`);
      for (const [name] of added) leaving.delete(name);
      const removed = [...before.keys()].filter((name) => !pool.profiles.has(name));
      return { kind: 'done', added: added.map(([name]) => name), removed };
    },
    settle: async (pool, removed) => {
      for (const backend of removed) await remove(backend);
      const [, reply] = await control.runtime([
        // As of 3.4, `set var` needs experimental mode. It ends with this connection.
        'experimental-mode on',
        `set var ${variable} str(${pool.digest})`,
      ]);
      // If the digest could not be stored, nothing can be compared, and the next change takes a reload.
      last = reply?.kind === 'ok' ? pool : undefined;
    },
  };
}

const impossible = (reason: string): BackendsOutcome => ({ kind: 'impossible', reason });
