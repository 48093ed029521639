/** Requests whose answers arrive in any order: of each app, the mirror knows what the latest answered request saw. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asAppId, type AppId } from '../../../src/core/model/ids.ts';
import { MirrorState, type Mark } from '../../../src/marathon/mirror/mirror-state.ts';
import { answer, app } from '../mirror-build.ts';

const ids = ['/a', '/team/b', '/team/c'].map(asAppId);

type Step =
  /** Marathon changes an app, makes it or deletes it. */
  | { readonly kind: 'change'; readonly id: AppId }
  /** A request is sent: for one app, for a group, for all. */
  | { readonly kind: 'send'; readonly target: AppId | '/team' | '/' }
  /** One of the answers under way arrives; or never does. */
  | { readonly kind: 'arrive' | 'fail'; readonly which: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('change' as const), id: fc.constantFrom(...ids) }),
  fc.record({
    kind: fc.constant('send' as const),
    target: fc.constantFrom(...ids, '/team' as const, '/' as const),
  }),
  fc.record({
    kind: fc.constantFrom('arrive' as const, 'arrive' as const, 'fail' as const),
    which: fc.nat(20),
  }),
);

interface Request {
  readonly mark: Mark;
  readonly target: AppId | '/team' | '/';
  /** What Marathon had when the request was sent: the version of each app that existed. */
  readonly seen: ReadonlyMap<AppId, string>;
}

const covers = (target: Request['target'], id: AppId) =>
  target === id || target === '/' || (target === '/team' && id.startsWith('/team/'));

const made = (id: AppId, version: string) => app([], { id, version });

function install(mirror: MirrorState, { mark, target, seen }: Request): void {
  const listed = [...seen].filter(([id]) => covers(target, id)).map(([id, version]) => made(id, version));
  if (target === '/') mirror.installAll(mark, answer(...listed), 0, false);
  else if (target === '/team')
    mirror.installGroup(mark, target, listed.length === 0 ? undefined : answer(...listed), 0);
  else mirror.installOne(mark, target, listed.length === 0 ? undefined : answer(...listed), 0);
}

describe('in whatever order answers arrive', () => {
  it('the mirror has each app as in the latest request that has been answered', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 60, size: 'max' }), (steps) => {
        const mirror = new MirrorState();
        mirror.newStream();
        const base = mirror.mark();
        mirror.installAll(base, answer(), 0, false);
        mirror.over(base);
        const truth = new Map<AppId, string>();
        const known = new Map<AppId, { readonly order: number; readonly version: string | undefined }>();
        const underWay: Request[] = [];
        let changes = 0;
        for (const one of steps) {
          if (one.kind === 'change') {
            if (truth.has(one.id) && changes % 2 === 0) truth.delete(one.id);
            else truth.set(one.id, `v${changes}`);
            changes++;
          } else if (one.kind === 'send') {
            underWay.push({ mark: mirror.mark(one.target), target: one.target, seen: new Map(truth) });
          } else if (underWay.length > 0) {
            const [request] = underWay.splice(one.which % underWay.length, 1);
            if (one.kind === 'arrive') {
              install(mirror, request!);
              for (const id of ids)
                if (covers(request!.target, id) && (known.get(id)?.order ?? 0) < request!.mark.order)
                  known.set(id, { order: request!.mark.order, version: request!.seen.get(id) });
            }
            mirror.over(request!.mark);
            for (const id of ids) expect(mirror.apps.get(id)?.version).toBe(known.get(id)?.version);
          }
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
