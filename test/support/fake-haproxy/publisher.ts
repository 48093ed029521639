/** `Publisher` on the fake's disk: what src/daemon/publisher.ts does with files and `haproxy -c`, in memory. */
import type { Desired } from '../../../src/core/desired/desired.ts';
import { PacerError } from '../../../src/errors.ts';
import { bindKey } from '../../../src/daemon/publish/preflight-ports.ts';
import type { Contents, Publisher } from '../../../src/daemon/publish/publisher.ts';
import type { HaproxyControl } from '../../../src/haproxy/control/control.ts';
import type { CheckMessage } from '../../../src/haproxy/files/messages.ts';
import type { PublishedRevision } from '../../../src/haproxy/files/publish.ts';
import { runningOf } from '../../../src/haproxy/control/running.ts';
import { skeletonOf } from '../../../src/render/render.ts';
import type { FakeDisk } from './disk.ts';
import { withFault, type FakeCall, type Fault } from './faults.ts';
import { readMessages } from './messages.ts';
import type { FakeProcesses } from './processes.ts';

export interface FakePublisherOptions {
  readonly control: HaproxyControl;
  /** How many revisions are kept; 5 unless told. */
  readonly keep?: number;
  /**
   * A test's own verdict on a revision, after that of the fake HAProxy. Messages name a line or a backend, as
   * HAProxy's do. @returns undefined where it is accepted
   */
  readonly verdict?: (revision: PublishedRevision, text: string) => readonly CheckMessage[] | undefined;
}

/** As many as the real one remembers. */
const rememberedSkeletons = 20;

export function fakePublisher(
  haproxy: FakeProcesses,
  { control, keep = 5, verdict = () => undefined }: FakePublisherOptions,
  fault: (call: Omit<FakeCall, 'number'>) => Fault | undefined,
): Publisher {
  const { disk, clock } = haproxy;
  let lastNumber = disk.list()[0]?.published.number ?? 0;
  let active = disk.current?.hash;
  const contents = contentsOn(disk);
  /** A disk that fails says so; a verdict that does not come is one against the revision. */
  const guarded = <T>(
    kind: FakeCall['kind'],
    work: () => T | Promise<T>,
    unanswered?: () => T,
  ): Promise<T> => {
    const fail = (): never => {
      throw new PacerError('STATE_DIR_UNWRITABLE', `${disk.stateDir} cannot be written: ENOSPC`, 'make room');
    };
    return withFault<T>({
      ...{ fault: fault({ kind }), sleep: (ms) => clock.sleep(ms), deadlineMs: 30_000 },
      work: async () => work(),
      ...{ unanswered: unanswered ?? fail, failed: fail, wrong: fail },
    });
  };
  const discard = ({ directory }: PublishedRevision) => {
    disk.remove(directory);
    return Promise.resolve();
  };

  return {
    activeHash: () => active,
    activeText: () => {
      const text = disk.current?.files.get('haproxy.cfg');
      return Promise.resolve(text === undefined ? undefined : String(text));
    },
    look: () =>
      guarded('look', () => {
        active = disk.current?.hash;
      }),
    takeNumber: () => (lastNumber += 1),
    contentsOf: (hash) => contents.get(skeletonOf(hash) ?? ''),
    write: (rendering, desired) =>
      guarded('write', () => {
        lastNumber += 1;
        const skeleton = skeletonOf(rendering.hash) ?? '';
        contents.delete(skeleton);
        contents.set(skeleton, contentsOf(desired));
        const [oldest] = contents.keys();
        if (contents.size > rememberedSkeletons && oldest !== undefined) contents.delete(oldest);
        return disk.write({ number: lastNumber, hash: rendering.hash, files: rendering.files });
      }),
    complaints: (revision) =>
      guarded<readonly CheckMessage[] | undefined>(
        'complaints',
        () => {
          const said = complaintsOf(haproxy, revision) ?? verdict(revision, textOf(haproxy, revision));
          if (said !== undefined) disk.remove(revision.directory);
          return said;
        },
        () => {
          disk.remove(revision.directory);
          return [
            { severity: 'alert', text: `haproxy -c has not judged ${revision.directory} within 30000 ms` },
          ];
        },
      ),
    discard,
    makeCurrent: (revision) =>
      guarded('makeCurrent', () => {
        disk.activate(revision.directory);
        active = disk.current?.hash;
        disk.prune(keep);
      }),
    apply: (revision, hash, isRunning) =>
      guarded('apply', async () => {
        const before = disk.current?.published;
        try {
          disk.activate(revision.directory);
          if (!isRunning) await control.start(disk.configFile, hash);
          const runs = isRunning ? undefined : runningOf(await control.running())?.hash;
          if (isRunning || control.mode === 'command' || runs !== hash) await reload(control, hash);
        } catch (error) {
          if (before !== undefined && before.directory !== revision.directory) {
            disk.activate(before.directory);
            disk.remove(revision.directory);
          }
          throw error;
        }
        active = hash;
        disk.prune(keep);
      }),
  };
}

const textOf = ({ disk }: FakeProcesses, { directory }: PublishedRevision): string =>
  String(disk.at(directory)?.files.get('haproxy.cfg') ?? '');

function complaintsOf(haproxy: FakeProcesses, { directory }: PublishedRevision): CheckMessage[] | undefined {
  const revision = haproxy.disk.at(directory);
  if (revision === undefined) return [{ severity: 'alert', text: `${directory} is not there` }];
  const loaded = haproxy.judge(revision.files);
  return loaded.kind === 'worker'
    ? undefined
    : readMessages(haproxy, loaded.alerts, `${directory}/haproxy.cfg`);
}

/** Skeleton → contents. The real one reads them from the revisions, so they outlive the daemon. */
const onDisk = new WeakMap<FakeDisk, Map<string, Contents>>();

function contentsOn(disk: FakeDisk): Map<string, Contents> {
  const known = onDisk.get(disk) ?? new Map<string, Contents>();
  onDisk.set(disk, known);
  return known;
}

function contentsOf({ services }: Desired): Contents {
  const all = [...services.values()];
  const listening = all.filter(({ definition }) => definition.listens);
  return {
    binds: new Set(listening.map(({ definition }) => bindKey(definition))),
    backends: new Set(services.keys()),
  };
}

async function reload(control: HaproxyControl, hash: string): Promise<void> {
  const result = await control.reload(hash);
  if (result.kind === 'done') return;
  const messages = result.messages.map(({ text }) => text).join('; ');
  throw new PacerError(
    'HAPROXY_RELOAD_FAILED',
    messages === '' ? result.reason : `${result.reason}: ${messages}`,
    'the old configuration serves on',
  );
}
