/**
 * The contract of `HaproxyControl`: the same cases for each real control on the HAProxy of TEST_HAPROXY, and for the
 * fake of each version. What a case says of one holds for all, so that what is tried on the fake is true of the rest.
 */
import { describe, expect, test } from 'vitest';
import type { Running } from '../../src/haproxy/control/control.ts';
import { runningOf } from '../../src/haproxy/control/running.ts';
import { parseMap } from '../../src/haproxy/replies/maps.ts';
import { parseServersState } from '../../src/haproxy/replies/servers-state.ts';
import { parseVersion } from '../../src/haproxy/machine/version.ts';
import { extraLine, type ControlTarget, type ControlWorld } from './control-world.ts';

const seen = async ({ control, settle }: ControlWorld): Promise<Running | undefined> =>
  runningOf(await settle(control.running()));
const unreachable = { code: 'HAPROXY_UNREACHABLE' };
const number = expect.any(Number) as number;

export const controlContract = (targets: readonly ControlTarget[]): void =>
  describe.each(targets)('$title', ({ mode, runtimeSocket, open }) => {
    const hasMaster = mode !== 'command';
    /** The worker can be asked. */
    const asks = hasMaster || runtimeSocket;
    const severity = runtimeSocket ? { severity: 3 } : {};

    /** HAProxy runs, with `h` led to task 1. */
    async function started() {
      const world = await open();
      const hash = await world.publish();
      await world.start(hash);
      return { ...world, hash };
    }

    test.runIf(asks)('what runs is read back', async () => {
      const { control, hash, versionText, settle } = await started();
      const answer = await settle(control.running());
      expect(answer).toEqual({
        kind: 'running',
        running: {
          ...{ hash, version: expect.stringContaining(control.capabilities().version) as string },
          ...(hasMaster ? { masterPid: number } : {}),
          ...{ workerPid: number, uptimeSeconds: number, oldWorkers: [], reloads: 0, failedReloads: 0 },
        },
      });
      expect(runningOf(answer)?.version).toBe(versionText);
    });

    test.runIf(!asks)('nothing can be asked, and a reload is judged by its command alone', async () => {
      const { control, publish, settle, until, request } = await started();
      expect(await settle(control.running())).toEqual({ kind: 'blind' });
      await expect(settle(control.runtime(['show info']))).rejects.toMatchObject(unreachable);
      const next = await publish({ hosts: { h: 'two' } });
      expect(await settle(control.reload(next))).toEqual({ kind: 'done', oldWorkers: 0, durationMs: number });
      await until(async () => (await request('h')) === 'task-2');
    });

    test.runIf(asks)(
      'commands are answered in order, and one that fails does not stop the others',
      async () => {
        const world = await started();
        const { control, settle, request } = world;
        expect(await request('h')).toBe('task-1');
        expect(await request('other')).toBe('404');
        const replies = await settle(
          control.runtime([
            'set map hosts.map h two',
            'set map hosts.map nobody two',
            'add server one/b 127.0.0.1:31009 id 2',
            'add server one/b 127.0.0.1:31009 id 2',
            'show servers state one',
            'show map hosts.map',
          ]),
        );
        expect(replies.slice(0, 4)).toMatchObject([
          { kind: 'ok', text: '' },
          { kind: 'failed', text: 'entry not found.', ...severity },
          { kind: 'ok', text: 'New server registered.' },
          { kind: 'failed', ...severity },
        ]);
        expect(parseServersState(replies[4]?.text ?? '')).toMatchObject([
          { backend: 'one', server: 'a', admin: 'ready', id: 1 },
          { backend: 'one', server: 'b', admin: 'maint', id: 2, address: '127.0.0.1', port: 31009 },
        ]);
        expect(parseMap(replies[5]?.text ?? '')).toMatchObject([{ key: 'h', value: 'two' }]);
        expect(await request('h')).toBe('task-2');
      },
    );

    test.runIf(asks)('no command, no reply; one that would be two is not sent', async () => {
      const { control, settle } = await started();
      expect(await settle(control.runtime([]))).toEqual([]);
      await expect(settle(control.runtime(['show info; clear map hosts.map']))).rejects.toThrow(TypeError);
    });

    test.runIf(asks)('a server in maintenance or drained gets no request', async () => {
      const { control, settle, request } = await started();
      for (const state of ['maint', 'ready', 'drain']) {
        await settle(control.runtime([`set server one/a state ${state}`]));
        expect(await request('h')).toBe(state === 'ready' ? 'task-1' : '503');
      }
    });

    test.runIf(asks)(
      'a reload makes a new worker, which has what is on disk and nothing of the commands',
      async () => {
        const world = await started();
        const { control, publish, settle, request } = world;
        const before = await seen(world);
        await settle(control.runtime(['add map hosts.map other two']));
        expect(await request('other')).toBe('task-2');
        const next = await publish({ hosts: { h: 'two' } });
        const result = await settle(control.reload(next));
        const after = await seen(world);
        expect(result).toEqual({
          kind: 'done',
          workerPid: after?.workerPid,
          oldWorkers: number,
          durationMs: number,
        });
        expect(after?.workerPid).not.toBe(before?.workerPid);
        expect(after).toMatchObject({ hash: next, failedReloads: 0, reloads: hasMaster ? 1 : 0 });
        expect([await request('h'), await request('other')]).toEqual(['task-2', '404']);
      },
    );

    test.runIf(asks)(
      'a refused configuration leaves the old worker, and the next good one is loaded',
      async () => {
        const world = await started();
        const { control, publish, settle, request, hash } = world;
        const before = await seen(world);
        const bad = await publish({ hosts: { h: 'two' }, extra: 'backend bad from nobody\n' });
        const result = await settle(control.reload(bad));
        expect(result).toMatchObject({ kind: 'failed', durationMs: number });
        // A master that is attached to tells why only from 2.7 on, and a command that succeeds tells nothing.
        if (mode === 'supervise')
          expect(result).toMatchObject({
            messages: [
              { severity: 'alert', line: extraLine, text: expect.stringContaining('nobody') as string },
            ],
          });
        expect(await seen(world)).toMatchObject({
          ...{ hash, workerPid: before?.workerPid },
          ...(hasMaster ? { failedReloads: 1, reloads: 1 } : {}),
        });
        expect(await request('h')).toBe('task-1');
        const good = await publish({ hosts: { h: 'two' } });
        expect(await settle(control.reload(good))).toMatchObject({ kind: 'done' });
        expect(await seen(world)).toMatchObject({ hash: good, failedReloads: 0 });
      },
    );

    test.runIf(asks)(
      'a port that somebody else holds makes a reload fail, and costs nothing that is served',
      async () => {
        const world = await started();
        const { control, publish, settle, request, takePort, hash } = world;
        await takePort();
        const next = await publish({ hosts: { h: 'two' }, extraBind: true });
        expect(await settle(control.reload(next))).toMatchObject({ kind: 'failed' });
        expect((await seen(world))?.hash).toBe(hash);
        expect(await request('h')).toBe('task-1');
      },
    );

    test.runIf(asks)(
      'a reload of another revision than is on disk has failed, and says what runs',
      async () => {
        const world = await started();
        const { control, publish, settle } = world;
        const next = await publish();
        const result = await settle(control.reload('another'));
        expect(result).toMatchObject({
          kind: 'failed',
          reason: expect.stringContaining(`${next}, not another`) as string,
        });
        expect((await seen(world))?.hash).toBe(next);
      },
    );

    test('a reload that is given up before it begins is none', async () => {
      const { control, publish, settle, request } = await started();
      const next = await publish({ hosts: { h: 'two' } });
      const result = await settle(control.reload(next, AbortSignal.abort()));
      expect(result).toMatchObject({
        kind: 'failed',
        reason: expect.stringContaining('stopped waiting') as string,
      });
      expect(await request('h')).toBe('task-1');
    });

    test.runIf(hasMaster)('an old worker stays while it has a session, and ends with it', async () => {
      const world = await started();
      const { control, publish, settle, session, until } = world;
      const before = await seen(world);
      const end = await session();
      const next = await publish();
      expect(await settle(control.reload(next))).toMatchObject({ kind: 'done', oldWorkers: 1 });
      expect(await seen(world)).toMatchObject({
        hash: next,
        oldWorkers: [{ pid: before?.workerPid, reloads: 1, connections: 1, uptimeSeconds: number }],
      });
      end();
      await until(async () => (await seen(world))?.oldWorkers.length === 0);
    });

    test.runIf(asks)(
      'a server with a session is deleted once the session is over, or was shut down',
      async () => {
        const { control, settle, session, until } = await started();
        await session();
        const remove = async () => (await settle(control.runtime(['del server tcp/t'])))[0];
        expect(await remove()).toMatchObject({
          kind: 'failed',
          text: 'Only servers in maintenance mode can be deleted.',
        });
        await settle(control.runtime(['set server tcp/t state maint']));
        expect(await remove()).toMatchObject({
          kind: 'failed',
          text: expect.stringContaining('still has connections') as string,
        });
        await settle(control.runtime(['shutdown sessions server tcp/t']));
        await until(async () => (await remove())?.kind === 'ok');
      },
    );

    test.runIf(asks)("somebody else's reload is read back, and undoes what commands did", async () => {
      const world = await started();
      const { control, publish, settle, reloadBySomebodyElse, request, until } = world;
      await settle(control.runtime(['set map hosts.map h two']));
      const next = await publish({ hosts: { h: 'one' } });
      await reloadBySomebodyElse();
      await until(async () => (await seen(world))?.hash === next);
      expect(await request('h')).toBe('task-1');
    });

    test.runIf(asks)('a HAProxy that was killed is absent, and nothing reaches it', async () => {
      const world = await started();
      const { control, settle, kill } = world;
      await seen(world);
      await kill();
      expect(await settle(control.running())).toEqual({ kind: 'absent' });
      await expect(settle(control.runtime(['show info']))).rejects.toMatchObject(unreachable);
    });

    test.runIf(hasMaster)('an end is told once, and a HAProxy that was started again is read', async () => {
      const world = await started();
      const { control, kill, until, publish, start, request } = world;
      const exits: unknown[] = [];
      control.onExit((exit) => exits.push(exit));
      const before = await seen(world);
      await kill();
      await until(() => exits.length > 0);
      expect(exits).toMatchObject([{ masterPid: before?.masterPid }]);
      const next = await publish({ hosts: { h: 'two' } });
      await start(next);
      await until(async () => (await seen(world))?.hash === next);
      const after = await seen(world);
      expect(after?.masterPid).not.toBe(before?.masterPid);
      expect(await request('h')).toBe('task-2');
      expect(exits).toHaveLength(1);
    });

    test('a daemon that was started anew takes HAProxy as it is', async () => {
      const world = await started();
      const { another, publish, settle, request, hash } = world;
      const before = await seen(world);
      if (asks) await settle(world.control.runtime(['set map hosts.map h two']));
      world.control.detach();
      const control = another();
      await publish();
      await settle(control.start('/unused', hash).catch(async () => Promise.resolve()));
      if (asks)
        expect(await seen({ ...world, control })).toMatchObject({ hash, workerPid: before?.workerPid });
      expect(await request('h')).toBe(asks ? 'task-2' : 'task-1');
      control.detach();
    });

    test.runIf(asks)(
      'a frozen worker is silent, not gone, and when it goes on it may do what it was told meanwhile',
      async () => {
        const world = await started();
        const { control, settle, freeze, thaw, request, until } = world;
        const before = await seen(world);
        await freeze('worker');
        expect(await settle(control.running())).toMatchObject({
          ...{ kind: 'silent', reason: expect.any(String) as string },
        });
        const late = ['add map hosts.map late-1 two', 'add map hosts.map late-2 two'];
        await expect(settle(control.runtime(late))).rejects.toMatchObject(unreachable);
        await thaw();
        expect(await seen(world)).toMatchObject({ workerPid: before?.workerPid });
        // 3.2 reads what is left in its socket, 2.6 finds it closed; through the master the first one gets there.
        const { minor, major } = parseVersion(world.versionText)!;
        const bySocket =
          runtimeSocket && (major > 3 || (major === 3 && minor > 0)) ? ['late-1', 'late-2'] : [];
        const wanted = [...bySocket, ...(hasMaster ? ['late-1'] : [])].sort();
        await until(async () => {
          const [shown] = await settle(control.runtime(['show map hosts.map']));
          const keys = parseMap(shown?.text ?? '').map(({ key }) => key);
          return (
            keys
              .filter((key) => key !== 'h')
              .sort()
              .join() === wanted.join()
          );
        });
        expect(await settle(control.runtime(['set map hosts.map h two']))).toMatchObject([{ kind: 'ok' }]);
        expect(await request('h')).toBe('task-2');
      },
    );

    test.runIf(hasMaster && runtimeSocket)(
      'with the master frozen the worker is asked and changed, and no reload is begun',
      async () => {
        const world = await started();
        const { control, settle, freeze, thaw, request, publish, hash } = world;
        const before = await seen(world);
        await freeze('master');
        expect(await seen(world)).toMatchObject({ hash, workerPid: before?.workerPid });
        expect(await settle(control.runtime(['set map hosts.map h two']))).toMatchObject([{ kind: 'ok' }]);
        const next = await publish();
        expect(await settle(control.reload(next))).toMatchObject({
          ...{ kind: 'failed', reason: expect.stringContaining('is frozen') as string },
        });
        expect(await request('h')).toBe('task-2');
        await thaw();
        expect(await settle(control.reload(next))).toMatchObject({ kind: 'done' });
      },
    );

    test.runIf(hasMaster)(
      'with all of it frozen HAProxy is silent, and the reason says how to wake it',
      async () => {
        const world = await started();
        const { control, settle, freeze, thaw } = world;
        const before = await seen(world);
        await freeze('both');
        expect(await settle(control.running())).toEqual({
          ...{
            kind: 'silent',
            reason: expect.stringContaining(`kill -CONT ${before?.masterPid ?? 0}`) as string,
          },
        });
        await thaw();
        expect(await seen(world)).toMatchObject({ workerPid: before?.workerPid });
      },
    );

    test.runIf(hasMaster && runtimeSocket)(
      'without the master socket the worker is asked, and a reload makes it again',
      async () => {
        const world = await started();
        const { control, settle, removeSockets, publish, until } = world;
        const before = await seen(world);
        removeSockets('master');
        expect(await seen(world)).toMatchObject({ workerPid: before?.workerPid });
        expect(await settle(control.runtime(['set map hosts.map h two']))).toMatchObject([{ kind: 'ok' }]);
        const next = await publish();
        expect(await settle(control.reload(next))).toMatchObject({ kind: 'done' });
        await until(async () => (await seen(world))?.masterPid === before?.masterPid);
      },
    );

    test.runIf(hasMaster && runtimeSocket)(
      'without the runtime socket commands go through the master, and the control says so',
      async () => {
        const world = await started();
        const { control, settle, removeSockets, request } = world;
        expect(control.socketFault?.()).toBeUndefined();
        removeSockets('runtime');
        expect(await settle(control.runtime(['set map hosts.map h two']))).toMatchObject([{ kind: 'ok' }]);
        expect(control.socketFault?.()).toEqual(expect.any(String));
        expect(await request('h')).toBe('task-2');
      },
    );

    test.runIf(hasMaster)(
      'without any socket HAProxy is silent and says so, and a reload repairs it',
      async () => {
        const world = await started();
        const { control, settle, removeSockets, publish, until } = world;
        const before = await seen(world);
        removeSockets('master', 'runtime');
        expect(await settle(control.running())).toMatchObject({ kind: 'silent', socketsGone: true });
        await expect(settle(control.runtime(['show info']))).rejects.toMatchObject(unreachable);
        const next = await publish();
        expect(await settle(control.reload(next))).toMatchObject({ kind: 'done' });
        await until(async () => (await seen(world))?.hash === next);
        expect(await seen(world)).toMatchObject({ masterPid: before?.masterPid });
        expect(await settle(control.runtime(['show info']))).toMatchObject([{ kind: 'ok' }]);
      },
    );

    test.runIf(mode === 'supervise')('stop ends HAProxy; detach leaves it running', async () => {
      const world = await started();
      const { control, settle, request } = world;
      control.detach();
      expect(await request('h')).toBe('task-1');
      await settle(control.stop());
      expect(await settle(control.running())).toEqual({ kind: 'absent' });
    });
  });
