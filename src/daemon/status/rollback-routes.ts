/** `POST /rollback` and `GET /diff`: back to a revision, and what the next apply would change. */
import { withRejected, type Desired } from '../../core/desired/desired.ts';
import { difference, type ReloadReason } from '../../core/plan/plan.ts';
import { PacerError } from '../../errors.ts';
import { maskConfiguration } from '../../http/mask.ts';
import { failure, get, json, post, type Route } from '../../http/route.ts';
import type { ChangingHead } from '../../render/head.ts';
import type { Renderer } from '../../render/render.ts';
import type { Pinning } from '../storage/pin.ts';
import type { PipelineState } from '../decide/pipeline-state.ts';
import type { RolledBack } from './answers.ts';

/** What the routes need. */
export interface RollbackParts {
  readonly pinning: Pinning;
  readonly pipeline: () => PipelineState;
  readonly render: Renderer['render'];
  readonly head: () => Promise<ChangingHead>;
}

/** The difference between what HAProxy runs and what Marathon says now. */
export interface PendingChange {
  readonly pinned: { readonly revision: number; readonly at: string } | null;
  readonly inSync: boolean;
  /** Definitions and routes that would change. Most versions of HAProxy need a reload for them. */
  readonly reasons: readonly ReloadReason[];
  /** Backends of which only servers differ. */
  readonly servers: readonly string[];
  /** The texts now and then of each file that would differ. Passwords are masked. */
  readonly files: readonly { readonly name: string; readonly before: string; readonly after: string }[];
}

/** The routes. */
export function rollbackRoutes({ pinning, pipeline, render, head }: RollbackParts): readonly Route[] {
  return [
    post('/rollback', async ({ body }) => {
      const revision = revisionIn(body);
      if (revision === null) {
        const was = pinning.state();
        if (await pinning.release()) return json({ released: was?.revision ?? 0 } satisfies RolledBack);
        return failure(409, 'no revision is pinned', 'see /status');
      }
      const pinned = (await pinning.pin(revision)) ? pinning.state() : undefined;
      if (pinned !== undefined) return json({ pinned } satisfies RolledBack);
      const known = pinning.known().slice(0, 20).join(', ');
      const remedy = known === '' ? 'nothing was applied since Pacer started' : `choose one of ${known}`;
      return failure(404, `revision ${revision} is not known since Pacer started`, remedy);
    }),
    get('/diff', async () => {
      const { desired, unpinned, inSync } = pipeline();
      if (desired === undefined)
        return failure(503, 'Marathon has not given a complete snapshot yet', 'see /readyz');
      const changing = await head();
      // What is rejected stays rejected.
      const next = withRejected(unpinned, desired.rejected);
      const pin = pinning.state();
      return json({
        pinned: pin === undefined ? null : { revision: pin.revision, at: pin.at },
        inSync,
        reasons: difference(desired, next),
        servers: serverChanges(desired, next),
        files: fileChanges(render(desired, changing).files, render(next, changing).files),
      } satisfies PendingChange);
    }),
  ];
}

/** Null means release. */
function revisionIn(body: string): number | null {
  try {
    const { revision } = JSON.parse(body) as { revision?: unknown };
    if (revision === null || (typeof revision === 'number' && Number.isInteger(revision))) return revision;
  } catch {
    // Reported below.
  }
  throw new PacerError('REQUEST_INVALID', 'no revision is named', 'send {"revision": N}, or null to release');
}

function serverChanges(before: Desired, after: Desired): string[] {
  return [...after.services].flatMap(([backend, service]) => {
    const old = before.services.get(backend);
    const serversOnly = old?.definition === service.definition && old.servers !== service.servers;
    return serversOnly ? [backend] : [];
  });
}

type Files = ReadonlyMap<string, string | Buffer>;

function fileChanges(before: Files, after: Files): PendingChange['files'] {
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((name) => {
    const [old, next] = [before, after].map((files) => withoutHash(String(files.get(name) ?? '')));
    return old === undefined || next === undefined || old === next
      ? []
      : [{ name, before: maskConfiguration(old), after: maskConfiguration(next) }];
  });
}

const withoutHash = (text: string): string => text.replace(/^ *setenv PACER_HASH .*\n/m, '');
