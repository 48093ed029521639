/** Reads what a round needs to know about HAProxy and the machine, cheapest first. Changes nothing. */
import { sameValue } from '../../core/collections/same.ts';
import type { Desired } from '../../core/desired/desired.ts';
import { isServiceBackend } from '../../core/model/names.ts';
import type { HaproxyControl, Running } from '../../haproxy/control/control.ts';
import { hasOneWorker } from '../../haproxy/control/running.ts';
import { skeletonOf } from '../../render/render.ts';
import type { FileObserver } from '../files/observer.ts';
import { bothFiles, withFiles } from '../files/service-files.ts';
import type { MachineFacts } from '../decide/pipeline-state.ts';
import { preflight, type PreflightInput, type PreflightResult } from '../publish/preflight.ts';
import type { Publisher } from '../publish/publisher.ts';
import { factsOf, noFacts, withMoreFacts, type Facts } from '../rejected/facts.ts';
import type { Rejections } from '../rejected/rejections.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { withRejected } from '../../core/desired/desired.ts';
import type { Applied } from '../decide/applied.ts';
import type { Observed, Sampled } from '../decide/observed.ts';

/** Reads HAProxy and the machine. Never changes anything. */
export interface Observer {
  readonly observe: (desired: Desired, applied: Applied | undefined) => Promise<Observed>;
  /** @param diskHash hash of the text that should be on disk; undefined while it is still to be written */
  readonly sample: (
    applied: Applied,
    before: Running | undefined,
    diskHash: string | undefined,
  ) => Promise<Sampled>;
}

/** What the observer needs. */
export interface ObserverParts {
  readonly control: HaproxyControl;
  readonly publisher: Publisher;
  readonly runtime: Pick<Runtime, 'descriptors' | 'serverCounts' | 'spares'>;
  readonly rejections: Rejections;
  /** Read again for each round: certificates are renewed, limits change. */
  readonly machineFacts: () => Promise<MachineFacts>;
  readonly files: Pick<FileObserver, 'services'>;
}

/** Creates the observer. */
export function createObserver(parts: ObserverParts): Observer {
  const { control, publisher, runtime, rejections, machineFacts, files } = parts;

  async function observe(desired: Desired, applied: Applied | undefined): Promise<Observed> {
    const isFirst = applied === undefined;
    // What an earlier Pacer gave HAProxy is only partly known.
    const served = applied?.adopted === undefined ? applied?.served.services : undefined;
    const haproxy = await haproxyNow(control);
    if (typeof haproxy !== 'string' && 'reason' in haproxy) return haproxy;
    const running = typeof haproxy === 'string' ? undefined : haproxy;
    await publisher.look();
    const contents = publisher.contentsOf(running?.hash);
    if (isFirst && running !== undefined) await learn(running);
    const counts = isFirst && running !== undefined ? await runtime.serverCounts() : new Map<never, never>();
    if (counts === undefined) return { kind: 'silent', reason: 'HAProxy does not say which servers it has' };
    const { head, budget, ports, ownListeners } = await machineFacts();
    await rejections.look(desired);
    const judged = await judge(desired, rejections, {
      runningBinds: contents?.binds ?? new Set(),
      served: (backend) =>
        contents?.backends.has(backend) !== true ? 'no' : (served?.get(backend) ?? 'yes'),
      budget,
      ports: { ...ports, hasNone: contents !== undefined && hasOneWorker(running) },
      files,
    });
    return {
      kind: 'seen',
      haproxy,
      inputs: withFiles(head, judged.files),
      facts: judged.facts,
      descriptors: running === undefined ? undefined : await runtime.descriptors(),
      ownListeners,
      budget,
      // Pacer's own backends are nobody's service. Where it is not known what HAProxy runs, any may be one.
      unknown:
        isFirst && running !== undefined
          ? new Map(
              [...counts].filter(([backend]) => contents?.backends.has(backend) ?? isServiceBackend(backend)),
            )
          : undefined,
    };
  }

  /** What HAProxy runs is known where the text on disk is what it has read, but for its servers. */
  async function learn({ hash }: Running): Promise<void> {
    const skeleton = skeletonOf(hash);
    const isOnDisk = skeleton !== undefined && skeletonOf(publisher.activeHash()) === skeleton;
    await runtime.spares.learn(isOnDisk ? await publisher.activeText() : undefined);
  }

  async function sample(applied: Applied, before: Running | undefined, diskHash: string | undefined) {
    const running = await haproxyNow(control);
    if (typeof running === 'string' || 'reason' in running) return differs('HAProxy does not answer');
    if (skeletonOf(running.hash) !== applied.skeleton) return differs('HAProxy runs another configuration');
    if (running.workerPid !== before?.workerPid) return differs('HAProxy has another worker');
    if (diskHash !== undefined) {
      await publisher.look();
      if (publisher.activeHash() !== diskHash) return differs('the text on disk is not what Pacer wrote');
    }
    // Checked also while the text on disk is due: one of these files may be what keeps it from being written.
    const { head } = await machineFacts();
    const named = [...applied.desired.services.values(), ...applied.served.services.values()];
    if (!sameValue(withFiles(head, await files.services(named)), applied.inputs))
      return differs('certificates or other files have changed');
    return { kind: 'same', running } as const;
  }

  return { observe, sample };
}

const differs = (what: string): Sampled => ({ kind: 'differs', what });

async function haproxyNow(control: HaproxyControl) {
  const answer = await control.running();
  switch (answer.kind) {
    case 'running':
      return answer.running;
    case 'silent':
      return { kind: 'silent', reason: answer.reason } as const;
    case 'absent':
      // Whoever configured a reload command also starts HAProxy.
      return control.mode === 'command' ? 'blind' : 'absent';
    case 'blind':
      return 'blind';
  }
}

/** What the machine has against services, and against the previous versions that would serve instead. */
async function judge(
  desired: Desired,
  rejections: Rejections,
  input: Omit<PreflightInput, 'desired'>,
): Promise<Omit<PreflightResult, 'findings'> & { readonly facts: Facts }> {
  const ask = (facts: Facts) => {
    const holds = rejections.of(desired, { facts, waiting: [], complaint: '' });
    return preflight({ ...input, desired: withRejected(desired, holds) });
  };
  const first = await ask(noFacts);
  if (first.findings.size === 0) return { ...first, facts: noFacts };
  const facts = factsOf(first.findings.values());
  const second = await ask(facts);
  return {
    facts: withMoreFacts(facts, second.findings.values()),
    files: bothFiles(first.files, second.files),
  };
}
