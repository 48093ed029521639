/**
 * Finds the listeners that HAProxy could not open, before it tries: `haproxy -c` does not see them, and a reload that
 * cannot bind costs a second of refused connections on every frontend. The kernel says whether a bind fails; the owner
 * of the socket says whose fault it is. HAProxy's own sockets are no obstacle, whatever its state, and everything
 * uncertain is `unknown`.
 */
import { createServer } from 'node:net';
import { codeOf } from '../files/durable.ts';
import { inTheWay, type Listener, readListeners } from './listeners.ts';
import type { Network } from './network.ts';
import { type OursBy, ourProcesses } from '../process/our-processes.ts';
import { type HeldBy, type Holder, holdersOf } from './port-holder.ts';
import { mayBindAnyPort } from '../process/proc-fs.ts';

/** A listener to open. */
export interface Bind {
  /** `*` (all of IPv4), `::`, an IPv4 or an IPv6 address. */
  readonly address: string;
  readonly port: number;
}

/** Whether HAProxy could open a listener. */
export type PortVerdict =
  | { readonly kind: 'free' }
  /** A process of our HAProxy has it: running, old or frozen. */
  | { readonly kind: 'ours' }
  | { readonly kind: 'other'; readonly holder: Holder }
  /** `reason` is EACCES, EADDRNOTAVAIL or EAFNOSUPPORT. */
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'unknown'; readonly reason: string };

/** A listener with its verdict. */
export interface JudgedBind extends Bind {
  readonly verdict: PortVerdict;
}

/** What matters of HAProxy for its listeners. */
export interface PortOwner {
  readonly ours: OursBy;
  /** The master's pid, if it is valid in this pid namespace. */
  readonly masterPid?: number | undefined;
  readonly network: Network;
  /** This process starts HAProxy, so HAProxy has the same privileges. */
  readonly ourRights: boolean;
  /**
   * HAProxy has just reported what it runs, and none of the binds in question is in it: any other process that has one
   * is not HAProxy.
   */
  readonly hasNone?: boolean;
}

/** Judges each listener. Those that are free were bound for a moment. */
export async function judgePorts(binds: readonly Bind[], owner: PortOwner): Promise<JudgedBind[]> {
  const { network } = owner;
  if (network.kind === 'unknown') return binds.map((bind) => ({ ...bind, verdict: network }));
  const first: JudgedBind[] = [];
  for (const bind of binds)
    first.push({ ...bind, verdict: network.kind === 'shared' ? await tried(bind, owner) : taken });
  if (!first.some(({ verdict }) => verdict === taken)) return first;

  const listeners = await readListeners(network.of);
  const wayOf = (bind: Bind) => inTheWay(listeners ?? [], bind);
  const holders = await holdersOf(first.filter(({ verdict }) => verdict === taken).flatMap(wayOf), {
    ...owner,
    pids: await ourProcesses(owner.ours),
  });
  return first.map((bind) =>
    bind.verdict === taken ? { ...bind, verdict: whose(listeners && wayOf(bind), holders, network) } : bind,
  );
}

/** The verdict on a bind that fails, or cannot be tried, until it is known who is in the way. */
const taken: PortVerdict = { kind: 'unknown', reason: 'another process has it' };

function whose(
  listeners: readonly Listener[] | undefined,
  holders: ReadonlyMap<string, HeldBy>,
  network: Network,
): PortVerdict {
  if (listeners === undefined) return { kind: 'unknown', reason: '/proc does not say who listens there' };
  if (listeners.length === 0) {
    return network.kind === 'other'
      ? { kind: 'free' }
      : { kind: 'unknown', reason: 'a process has bound it without listening' };
  }
  const all = listeners.map(({ inode }) => holders.get(inode) ?? taken);
  return (
    all.find(({ kind }) => kind === 'other') ?? all.find(({ kind }) => kind === 'unknown') ?? { kind: 'ours' }
  );
}

/** Concerns this machine or this process, not the port: says nothing about HAProxy. */
async function tried(bind: Bind, { masterPid, ourRights }: PortOwner): Promise<PortVerdict> {
  const reason = await tryBind(bind);
  switch (reason) {
    case undefined:
      return { kind: 'free' };
    case 'EADDRINUSE':
      return taken;
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
      return { kind: 'refused', reason };
    case 'EACCES': {
      const may = masterPid === undefined ? undefined : await mayBindAnyPort(masterPid);
      if (may === true) return { kind: 'free' };
      if (may === false || ourRights) return { kind: 'refused', reason };
      return {
        kind: 'unknown',
        reason: 'Pacer may not bind it itself, and HAProxy may have other privileges',
      };
    }
    default:
      return { kind: 'unknown', reason: `Pacer cannot try to bind it (${reason})` };
  }
}

/** Milliseconds for a bind, which may have to look up a name. */
const tryMs = 2_000;

function tryBind({ address, port }: Bind): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    const end = (reason: string | undefined) => {
      clearTimeout(timer);
      server.close(() => resolve(reason));
    };
    const timer = setTimeout(() => end(`no answer within ${tryMs} ms`), tryMs);
    server.once('error', (error) => end(codeOf(error) ?? error.message));
    // [haproxy] configuration.txt 4.2 "bind": `*` is all IPv4 addresses; `::` also takes IPv4 by default.
    server.listen({ host: address === '*' ? '0.0.0.0' : address, port, exclusive: true }, () =>
      end(undefined),
    );
  });
}
