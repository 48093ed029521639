/** An examination with the real renderer and the real `haproxy -c`, of apps without a daemon around them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nextDesired, nothingDesired } from '../../src/core/desired.ts';
import type { App } from '../../src/core/model.ts';
import { examine, type Examined } from '../../src/daemon/examine.ts';
import { openLastGood, type LastGood } from '../../src/daemon/last-good.ts';
import type { Wanted } from '../../src/daemon/pipeline-types.ts';
import { createQuarantine } from '../../src/daemon/quarantine.ts';
import { openVerdicts, type Verdicts } from '../../src/daemon/verdicts.ts';
import { checkConfiguration, type CheckMessage } from '../../src/haproxy/check.ts';
import { publishRevision } from '../../src/haproxy/publish.ts';
import { loadFragments } from '../../src/render/fragments.ts';
import { renderer } from '../../src/render/render.ts';
import { steadyFrame } from '../../src/daemon/surroundings.ts';
import { resolveSettings } from '../../src/settings/settings.ts';
import { aContext } from './context.ts';
import { changingFrame } from './changing-frame.ts';

export interface Examination {
  /** What comes of these apps, and how often HAProxy was asked. */
  readonly of: (apps: readonly App[]) => Promise<Examined & { checks: number }>;
  /** What stands in its messages instead of places and names. */
  readonly nameless: { now: boolean };
  /** How many times HAProxy refuses whatever it is given. */
  readonly refusals: { left: number };
  /** As a new daemon starts. */
  readonly restart: () => Promise<void>;
  readonly warnings: string[];
  readonly directory: string;
  readonly close: () => Promise<void>;
}

const program = process.env['PACER_TEST_HAPROXY'] ?? 'haproxy';

export async function anExamination(settings: Record<string, unknown> = {}): Promise<Examination> {
  const directory = await mkdtemp(join(tmpdir(), 'pacer-examine-'));
  const warnings: string[] = [];
  const warn = (message: string) => warnings.push(message);
  const frame = steadyFrame(
    resolveSettings({
      flags: { groups: ['external'], stateDir: directory, dontBindHttpHttps: true, ...settings },
      environment: {},
      file: undefined,
    }).settings,
  );
  const render = renderer(loadFragments(), frame);
  const nameless = { now: false };
  const refusals = { left: 0 };
  let verdicts: Verdicts;
  let lastGood: LastGood;
  const open = async () => {
    verdicts = await openVerdicts({ file: join(directory, 'verdicts.json'), haproxyVersion: 'any', warn });
    lastGood = await openLastGood({ file: join(directory, 'last-good.jsonl'), context: aContext(), warn });
  };
  const close = async () => {
    await verdicts.close();
    await lastGood.close();
  };
  await open();
  let number = 0;
  let live = '';

  return {
    nameless,
    refusals,
    warnings,
    directory,
    restart: async () => {
      await close();
      await open();
    },
    close: async () => {
      await close();
      await rm(directory, { recursive: true, force: true });
    },
    of: async (apps) => {
      const context = aContext({ lastGood: lastGood.of });
      const derived = nextDesired(nothingDesired, { changed: apps, removed: [] }, context);
      const quarantine = createQuarantine({ verdicts, lastGood, sample: render.sample });
      await quarantine.look(derived);
      let checks = 0;
      const found = await examine({
        quarantine,
        want: (): Promise<Wanted> => {
          const changing = changingFrame();
          const made = quarantine.writable(derived, (some) => render.render(some, changing));
          return Promise.resolve({ ...made, changing });
        },
        runsAlready: ({ rendering }) => rendering.hash === live,
        write: ({ rendering }) =>
          publishRevision(directory, { number: ++number, hash: rendering.hash, files: rendering.files }),
        complaints: async (revision) => {
          checks += 1;
          if (refusals.left > 0) {
            refusals.left -= 1;
            await rm(revision.directory, { recursive: true });
            return [{ severity: 'alert', text: 'out of order' }];
          }
          const verdict = await checkConfiguration({
            program,
            file: join(revision.directory, 'haproxy.cfg'),
          });
          if (verdict.kind === 'accepted') return undefined;
          await rm(revision.directory, { recursive: true });
          return nameless.now ? verdict.messages.map(withoutNames) : verdict.messages;
        },
        discard: (revision) => rm(revision.directory, { recursive: true }),
      });
      live = found.wanted.rendering.hash;
      lastGood.serves(found.wanted.desired);
      return { ...found, checks };
    },
  };
}

const withoutNames = ({ severity }: CheckMessage): CheckMessage => ({ severity, text: 'something is wrong' });
