/**
 * A look at HAProxy while nothing has changed: whether it runs what it was last given, and whether files have
 * changed. It reads, and changes nothing. A complete comparison of 50,000 servers would keep events waiting for
 * a second, so each look compares a share of the backends, a few at a time, and the maps when all have had their turn.
 * A change that comes meanwhile ends the look; the next one goes on from there.
 */
import { sameValue } from '../core/same.ts';
import type { Service } from '../core/service.ts';
import type { HaproxyControl } from '../haproxy/control.ts';
import { runningOf } from '../haproxy/running.ts';
import type { ChangingFrame } from '../render/head.ts';
import { frameOf, type Rendering } from '../render/render.ts';
import { fileDigest } from './certificates.ts';
import type { Inbox } from './inbox.ts';
import type { Live } from './live.ts';
import type { PipelineState, Surroundings } from './pipeline-types.ts';
import type { Publisher } from './publisher.ts';
import type { Runtime } from './runtime.ts';

export interface GlanceParts {
  readonly control: HaproxyControl;
  readonly publisher: Publisher;
  readonly runtime: Runtime;
  readonly inbox: Pick<Inbox, 'waiting'>;
  readonly surroundings: () => Promise<Surroundings>;
}

export interface GlanceAt {
  readonly live: Live & { readonly changing: ChangingFrame };
  readonly state: Pick<PipelineState, 'running' | 'desiredHash'>;
  readonly maps: () => Rendering['maps'];
}

/** One look compares so many backends, or a share of them, whichever is more. */
const fewest = 200;
const share = 1 / 24;
/** Between two groups a change has its turn. */
const groupSize = 40;

/** @returns what HAProxy runs; undefined where something differs, so that a complete pass is needed */
export type Glance = (at: GlanceAt) => Promise<PipelineState['running']>;

export function createGlance({ control, publisher, runtime, inbox, surroundings }: GlanceParts): Glance {
  let position = 0;

  return async ({ live, state, maps }) => {
    const running = runningOf(await control.running());
    if (running === undefined || frameOf(running.hash) !== live.frame) return undefined;
    if (running.workerPid !== state.running?.workerPid) return undefined;
    await publisher.look();
    if (publisher.activeHash() === undefined || publisher.activeHash() !== state.desiredHash)
      return undefined;
    const { frame } = await surroundings();
    if (!sameFrame(frame, live.changing) || !(await sameFiles(frame, live.changing))) return undefined;

    const services = [...live.desired.services.values()];
    if (position >= services.length) {
      position = 0;
      if (!(await runtime.hasMaps(maps()))) return undefined;
    }
    const end = position + Math.max(fewest, Math.ceil(services.length * share));
    for (; position < end && position < services.length; position += groupSize) {
      if (inbox.waiting()) return running;
      const group: Service[] = services.slice(position, position + groupSize);
      if (!(await runtime.has(group))) return undefined;
    }
    return running;
  };
}

/** Whether what is read anew says the same as when HAProxy was last brought to it. */
function sameFrame(frame: ChangingFrame, before: ChangingFrame): boolean {
  return Object.entries(frame).every(([key, value]) => {
    const known: unknown = before[key as keyof ChangingFrame];
    if (!(value instanceof Map)) return sameValue(value, known);
    return known instanceof Map && [...value].every(([name, each]) => known.get(name) === each);
  });
}

/** The files that services name, beside those of the listeners. */
async function sameFiles(frame: ChangingFrame, before: ChangingFrame): Promise<boolean> {
  for (const [path, digest] of [...before.certificateDigests, ...(before.fileDigests ?? [])]) {
    if (frame.certificateDigests.has(path)) continue;
    if ((await fileDigest(path).catch(() => undefined)) !== digest) return false;
  }
  return true;
}
