/**
 * Finds the services that make HAProxy refuse a configuration. HAProxy's messages name most culprits, several at once.
 * If they name none, the new services are tried by halves. Pure: each check's answer leads from one state to the next.
 */
import type { ServiceDefinition } from '../../core/model/service.ts';
import type { CheckMessage } from '../../haproxy/files/check.ts';
import type { PublishedRevision } from '../../haproxy/files/publish.ts';
import type { Candidate } from './candidate.ts';

/** What HAProxy accepted. */
export interface Good {
  readonly candidate: Candidate;
  /** Undefined if HAProxy runs exactly that already. */
  readonly revision: PublishedRevision | undefined;
  /** Services were left out that may be fine. */
  readonly unfinished: boolean;
}

type Definitions = readonly ServiceDefinition[];

/** A search that is under way. */
export interface Searching {
  readonly kind: 'searching';
  readonly checks: number;
  /** How often HAProxy is asked at most. */
  readonly limit: number;
  /** Hash of the text that was refused first. If the same text comes again, HAProxy does not run it already. */
  readonly firstHash: string;
  /** The definitions that were new when the search began. */
  readonly all: Definitions;
  readonly cleared: ReadonlySet<ServiceDefinition>;
  /** One of these is a culprit. Undefined until HAProxy has accepted everything without what is new. */
  readonly suspects: Definitions | undefined;
  /** Left out of the next check. */
  readonly waiting: Definitions;
  readonly good: Omit<Good, 'unfinished'> | undefined;
  readonly complaint: string;
  /**
   * HAProxy has refused something without naming a service. The cause may be the machine, not a definition: then it
   * also refuses what it accepted before.
   */
  readonly doubted: boolean;
  /**
   * HAProxy has refused again since it accepted everything without what is new. So the cause is not a passing fault of
   * the machine.
   */
  readonly certain: boolean;
  /** Found by elimination; to be rejected before the next check. */
  readonly culprit: ServiceDefinition | undefined;
}

/** How far the search for a culprit is. */
export type Trial =
  | { readonly kind: 'untried' }
  | Searching
  | { readonly kind: 'accepted'; readonly good: Good }
  | { readonly kind: 'refused'; readonly messages: readonly CheckMessage[] };

/** HAProxy's answer to one check. */
export type CheckAnswer =
  | { readonly kind: 'accepted'; readonly revision: PublishedRevision | undefined }
  /** `culprits`: how many services HAProxy named. They are rejected by now. */
  | { readonly kind: 'refused'; readonly messages: readonly CheckMessage[]; readonly culprits: number };

/** Does not limit a search by halves among many services: that takes as many checks as it needs. */
const mostChecks = 12;

/** The definitions that a check of the candidate is about. */
export function tried(trial: Trial, candidate: Candidate): Definitions {
  if (trial.kind !== 'searching') return candidate.fresh;
  return candidate.fresh.filter((it) => !trial.cleared.has(it));
}

/** The services left out until more is known, and what HAProxy said. */
export function suspected(trial: Trial): { readonly waiting: Definitions; readonly complaint: string } {
  if (trial.kind === 'searching') return trial;
  return { waiting: [], complaint: '' };
}

/** The next state of the search, after one check. */
export function afterCheck(trial: Trial, candidate: Candidate, answer: CheckAnswer): Trial {
  if (trial.kind === 'accepted' || trial.kind === 'refused') return trial;
  const about = tried(trial, candidate);
  const before = trial.kind === 'searching' ? trial : begin(about, candidate.rendering.hash);
  const search = { ...before, checks: before.checks + 1 };
  return answer.kind === 'accepted'
    ? accepted(search, candidate, about, answer.revision)
    : refused(search, about, answer);
}

/** The next state of the search, after the culprit has been rejected. */
export function afterRejecting(trial: Trial): Trial {
  return trial.kind === 'searching' ? { ...trial, culprit: undefined } : trial;
}

/** Everything new has been rejected: what remains is what HAProxy accepted before. */
export function withoutTheGuilty({ good, waiting }: Searching, candidate: Candidate): Good | undefined {
  return good === undefined ? undefined : { ...good, candidate, unfinished: waiting.length > 0 };
}

function begin(all: Definitions, firstHash: string): Searching {
  return {
    kind: 'searching',
    checks: 0,
    limit: mostChecks,
    firstHash,
    all,
    cleared: new Set(),
    suspects: undefined,
    waiting: [],
    good: undefined,
    complaint: '',
    doubted: false,
    certain: false,
    culprit: undefined,
  };
}

function accepted(
  search: Searching,
  candidate: Candidate,
  about: Definitions,
  revision: PublishedRevision | undefined,
): Trial {
  const good = { candidate, revision };
  if (search.waiting.length === 0) return { kind: 'accepted', good: { ...good, unfinished: false } };
  const cleared = new Set([...search.cleared, ...about]);
  const suspects = (search.suspects ?? search.all).filter((it) => !cleared.has(it));
  return narrowed({ ...search, good, cleared, suspects });
}

function refused(
  search: Searching,
  about: Definitions,
  { messages, culprits }: Extract<CheckAnswer, { kind: 'refused' }>,
): Trial {
  const last: Trial = { kind: 'refused', messages };
  if (culprits === 0 && about.length === 0) return last;
  const { good, checks } = search;
  const isLast = checks >= search.limit && good === undefined;
  if (culprits > 0) {
    if (isLast) return last;
    return narrowed(good === undefined ? search : { ...search, suspects: [] });
  }
  const halves = checks + 3 + Math.ceil(Math.log2(about.length));
  const limit = good === undefined ? Math.max(search.limit, halves) : search.limit;
  if (checks >= limit && good === undefined) return last;
  const next: Searching = {
    ...search,
    limit,
    complaint: messages.map(({ text }) => text).join('; '),
    doubted: true,
    certain: good !== undefined,
    suspects: good === undefined ? undefined : about,
    // The next check leaves out everything new.
    waiting: allBut(search, []),
  };
  return narrowed(next);
}

/** What the next check leaves out. A service is the culprit by elimination if a check of it alone was refused. */
function narrowed(search: Searching): Searching {
  const [only] = search.suspects ?? [];
  const isFound = search.suspects?.length === 1 && only !== undefined && search.certain;
  const suspects = isFound ? [] : search.suspects;
  const next = { ...search, suspects, culprit: isFound ? only : undefined };
  if (search.checks >= search.limit - 1) return { ...next, waiting: allBut(search, []) };
  if (suspects === undefined) return next;
  const half = suspects.slice(0, Math.ceil(suspects.length / 2));
  return { ...next, waiting: allBut(search, suspects.length === 0 ? search.all : half) };
}

const allBut = ({ all, cleared }: Searching, these: Definitions): Definitions =>
  all.filter((it) => !cleared.has(it) && !these.includes(it));
