/**
 * From what is wanted to what HAProxy accepts. Its messages name most culprits, several at once; where they name
 * none, the services that are new are tried by halves. Whatever is found, all others go on in the same pass.
 */
import type { ServiceDefinition } from '../core/service.ts';
import { PacerError } from '../errors.ts';
import type { CheckMessage } from '../haproxy/check.ts';
import type { PublishedRevision } from '../haproxy/publish.ts';
import type { Wanted } from './pipeline-types.ts';
import type { Quarantine } from './quarantine.ts';

export interface Examined {
  readonly wanted: Wanted;
  /** Undefined where HAProxy runs just that already. */
  readonly revision: PublishedRevision | undefined;
  /** True where services wait that may be well. */
  readonly unfinished: boolean;
}

export interface ExamineParts {
  readonly quarantine: Quarantine;
  /** What is wanted without those that are held back now. */
  readonly want: () => Promise<Wanted>;
  readonly runsAlready: (wanted: Wanted) => boolean;
  readonly write: (wanted: Wanted) => Promise<PublishedRevision>;
  /** What HAProxy has against a revision, which is then gone; undefined where it accepts it. */
  readonly complaints: (revision: PublishedRevision) => Promise<readonly CheckMessage[] | undefined>;
  readonly discard: (revision: PublishedRevision) => Promise<void>;
}

/** How many times HAProxy is asked, but for a search by halves among many, which takes as many as it takes. */
const mostChecks = 12;

/** @throws PacerError HAPROXY_REJECTS where HAProxy refuses what is no service's, or was live before */
export async function examine(parts: ExamineParts): Promise<Examined> {
  const { quarantine, want } = parts;
  quarantine.wait([]);
  let limit = mostChecks;
  /** HAProxy has refused something without a name: it may be what it accepted before, for a reason of the machine. */
  let isDoubted = false;
  /** The same since it accepted what is not new: no reason of the machine that has passed meanwhile. */
  let isCertain = false;
  const cleared = new Set<ServiceDefinition>();
  const newIn = ({ desired }: Wanted) => quarantine.newIn(desired).filter((it) => !cleared.has(it));
  let wanted = await want();
  const all = newIn(wanted);
  const waitAllBut = (tried: readonly ServiceDefinition[]) =>
    quarantine.wait(all.filter((it) => !cleared.has(it) && !tried.includes(it)));
  let good: Omit<Examined, 'unfinished'> | undefined;
  /** One of these is a culprit. Undefined before it is known that all is well without what is new. */
  let guilty: readonly ServiceDefinition[] | undefined;

  for (let checks = 1; ; checks++, wanted = await want()) {
    const tried = newIn(wanted);
    // All that was new has been found guilty.
    if (good !== undefined && tried.length === 0)
      return { ...good, wanted, unfinished: quarantine.isWaiting() };
    const { revision, messages } = await tryOut(wanted, parts, isDoubted && good === undefined);
    if (messages === undefined) {
      if (good?.revision !== undefined) await parts.discard(good.revision);
      good = { wanted, revision };
      if (!quarantine.isWaiting()) return { ...good, unfinished: false };
      for (const definition of tried) cleared.add(definition);
      guilty = (guilty ?? all).filter((it) => !cleared.has(it));
    } else if ((await quarantine.blame(messages, wanted, tried)) > 0) {
      if (good !== undefined) guilty = [];
    } else if (tried.length === 0) {
      throw refused(messages);
    } else {
      quarantine.complain(messages);
      isDoubted = true;
      isCertain = good !== undefined;
      if (good === undefined) limit = Math.max(limit, checks + 3 + Math.ceil(Math.log2(tried.length)));
      guilty = good === undefined ? undefined : tried;
      // The next try is without all that is new.
      waitAllBut([]);
    }

    const [only] = guilty ?? [];
    // Found by elimination alone, it is tried once more by itself.
    if (guilty?.length === 1 && only !== undefined && isCertain) {
      await quarantine.convict(only);
      guilty = [];
    }
    if (checks >= limit - 1) waitAllBut([]);
    else if (guilty !== undefined)
      waitAllBut(guilty.length === 0 ? all : guilty.slice(0, Math.ceil(guilty.length / 2)));
    if (checks >= limit && messages !== undefined && good === undefined) throw refused(messages);
  }
}

/** @param isDoubted what runs already is asked about as well, so that nobody is blamed for what is nobody's fault */
async function tryOut(
  wanted: Wanted,
  { runsAlready, write, complaints, discard }: ExamineParts,
  isDoubted: boolean,
) {
  const runs = runsAlready(wanted);
  if (runs && !isDoubted) return { revision: undefined, messages: undefined };
  const revision = await write(wanted);
  const messages = await complaints(revision);
  if (!runs) return { revision, messages };
  if (messages === undefined) await discard(revision);
  return { revision: undefined, messages };
}

function refused(messages: readonly CheckMessage[]): PacerError {
  return new PacerError(
    'HAPROXY_REJECTS',
    messages.map(({ text, line }) => (line === undefined ? text : `line ${line}: ${text}`)).join('; '),
    'it is about no service: see the settings and templates of Pacer that the message names',
  );
}
