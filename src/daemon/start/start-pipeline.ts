/** Assembles the control loop. */
import type { HaproxyControl } from '../../haproxy/control/control.ts';
import type { Logger } from '../../observe/log.ts';
import type { Renderer } from '../../render/render.ts';
import type { Settings } from '../../settings/settings.ts';
import { describeWithheld } from '../decide/describe-withheld.ts';
import { coalesce } from '../storage/coalesce.ts';
import type { FileObserver } from '../files/observer.ts';
import type { Journal } from '../storage/journal.ts';
import type { Remembered } from '../rejected/remembered.ts';
import { networkNotice } from '../publish/network-notice.ts';
import { createActor } from '../pipeline/act.ts';
import { createChanges } from '../pipeline/take-changes.ts';
import { createCandidates } from '../pipeline/candidates.ts';
import type { Change, Inbox } from '../pipeline/inbox.ts';
import { createObserver } from '../pipeline/observe.ts';
import { createSettling } from '../pipeline/settling.ts';
import { createPipeline, type Pipeline } from '../pipeline/pipeline.ts';
import { createReporter } from '../pipeline/report.ts';
import type { Model } from '../pipeline/derive.ts';
import type { PipelineState } from '../decide/pipeline-state.ts';
import type { Publisher } from '../publish/publisher.ts';
import { createRejections } from '../rejected/rejections.ts';
import { reloadBudget } from '../publish/reload-budget.ts';
import { createRuntime } from '../runtime/runtime.ts';
import { readMachineFacts } from '../publish/machine-facts.ts';

/** What `startPipeline` needs. */
export interface PipelineOptions {
  readonly settings: Settings;
  readonly log: Logger;
  readonly inbox: Inbox;
  readonly control: HaproxyControl;
  readonly publisher: Publisher;
  readonly files: FileObserver;
  readonly renderer: Renderer;
  readonly memory: Remembered;
  readonly model: Model;
  readonly journal: Journal;
  readonly learnHosts: (change: Change) => Promise<void>;
  readonly confirmedAt: () => number | undefined;
  readonly unheard: () => readonly string[];
  /** Fetches the whole state from Marathon. */
  readonly resync: (reason: string) => void;
  /** Called after each pass. */
  readonly onPass: (pipeline: Pipeline) => void;
}

/** The loop while it runs. */
export interface RunningPipeline extends Omit<Pipeline, 'pass'> {
  /** Requests a pass. Returns at once. */
  readonly request: () => void;
}

/** Milliseconds that a change which needs a reload waits for others that do. */
const gatherMs = 20;
/** Milliseconds between two checks whether HAProxy runs what it should, and whether files changed. */
const sampleMs = 5000;

/** Assembles and starts the loop. Its first pass follows the first change in the inbox. */
export function startPipeline(options: PipelineOptions): RunningPipeline {
  const { settings, log, inbox, control, publisher, files, renderer, memory, journal } = options;
  const now = Date.now;
  const rejections = createRejections({ ...memory, sample: renderer.sample });
  const settling = createSettling({
    afterMs: settings.settleAfter * 1000,
    later,
    demandReload: (cause) => {
      inbox.demandReload(cause);
      passes.request();
    },
  });
  const runtime = createRuntime({
    control,
    onPlacement: settling.note,
    serverLine: renderer.serverLine,
    drainTimeoutMs: settings.drainTimeout * 1000,
    now,
  });
  const budget = reloadBudget(settings.reloadBurst, settings.reloadSpacing * 1000);
  const noticed = networkNotice(control, log);
  const machineFacts = async () => noticed(await readMachineFacts(settings, control, files));
  const observer = createObserver({
    control,
    publisher,
    runtime,
    rejections,
    machineFacts,
    files,
  });
  const candidates = createCandidates({
    rejections,
    render: renderer.render,
    placing: { ...runtime.spares, place: renderer.place, isSettling: settling.isDue },
    now,
  });
  const pipeline = createPipeline({
    inbox,
    changes: createChanges({
      ...{ inbox, request: () => passes.request(), now, later },
      model: options.model,
      learnHosts: options.learnHosts,
    }),
    serving: memory.context,
    actor: createActor({ control, publisher, runtime, rejections, observer, budget, now }),
    candidates,
    runtime,
    publisher,
    budget,
    limits: {
      maxShare: settings.maxRemoval / 100,
      floor: settings.maxRemovalFloor,
      pauseMs: settings.removalPause * 1000,
      gatherMs,
      sampleMs,
    },
    confirmedAt: options.confirmedAt,
    unheard: options.unheard,
    socketFault: () => control.socketFault?.(),
    report: createReporter({
      journal,
      lastGood: memory.lastGood,
      publisher,
      onWithheld: (withheld) => {
        log.warn(withheld, describeWithheld(withheld));
        later(() => options.resync('a withheld change waits for confirmation'), settings.removalPause * 1000);
      },
      onReleased: (withheld, approved) =>
        log.warn(
          withheld,
          approved
            ? 'the withheld change is applied: it is approved'
            : 'nothing is withheld any more: Marathon confirmed the change, or its cause is gone',
        ),
      takeRenderMs: candidates.takeRenderMs,
      now,
    }),
    request: () => passes.request(),
    now,
    later,
  });
  const state = (): PipelineState => {
    const view = pipeline.state();
    return { ...view, diagnostics: [...view.diagnostics, ...files.kept()] };
  };
  // Events that arrive together are one change; no event waits for more.
  const passes = coalesce(async () => {
    await pipeline.pass();
    options.onPass({ ...pipeline, state });
  }, 0);
  files.onChanging((afterMs) =>
    later(() => {
      inbox.note('a file is being written');
      passes.request();
    }, afterMs),
  );
  return {
    state,
    approve: pipeline.approve,
    request: passes.request,
    close: async () => {
      settling.close();
      await passes.close();
      await pipeline.close();
    },
  };
}

function later(callback: () => void, afterMs: number): () => void {
  const timer = setTimeout(callback, Math.min(afterMs, longestTimerMs)).unref();
  return () => clearTimeout(timer);
}

/** With a longer time, setTimeout fires at once. */
const longestTimerMs = 2 ** 31 - 1;
