/** The contract's world with the fake HAProxy of each version that Pacer is held to, under each of its controls. */
import { fakeHaproxy } from '../support/fake-haproxy/fake-haproxy.ts';
import { contractFiles, type ControlTarget, type ControlWorld } from './control-world.ts';

const versions = ['2.6.12-1+deb12u4', '3.0.11-1+deb13u4', '3.2.26-1', '3.4.7-1'];
const ways = [
  ['supervise', 'supervise', true],
  ['attach', 'attach', true],
  ['attach without a runtime socket', 'attach', false],
  ['command', 'command', true],
  ['command without a runtime socket', 'command', false],
] as const;

export const fakeTargets: readonly ControlTarget[] = versions.flatMap((version) =>
  ways.map(([title, mode, runtimeSocket]) => ({
    title: `${title}, fake HAProxy ${version.replace(/-.*/, '')}`,
    ...{ mode, runtimeSocket, open: () => Promise.resolve(open(version, mode, runtimeSocket)) },
  })),
);

const ports = { http: 8000, tcp: 8001, extra: 8002, one: 31001, two: 31002, echo: 31003 };

function open(version: string, mode: ControlTarget['mode'], runtimeSocket: boolean): ControlWorld {
  const fake = fakeHaproxy({ version });
  const { haproxy, disk, clock } = fake;
  const make = () =>
    fake.control({
      mode,
      runtimeSocket,
      reloadDeadlineMs: mode === 'command' ? 3_000 : 20_000,
      startDeadlineMs: 20_000,
    });
  const control = make();
  let number = 0;
  const settle = async <T>(work: Promise<T>): Promise<T> => {
    let over = false;
    const ended = work.finally(() => {
      over = true;
    });
    // What it came to is the caller's business, not an unhandled rejection.
    ended.catch(() => undefined);
    await clock.until(() => over, 600_000);
    return ended;
  };
  return {
    ...{ control, settle, versionText: version },
    another: make,
    publish: (parts) => {
      number += 1;
      const hash = `hash-${number}`;
      const files = contractFiles(hash, `${disk.stateDir}/haproxy.sock`, ports, parts);
      disk.activate(disk.write({ number, hash, files }).directory);
      return Promise.resolve(hash);
    },
    start: async (hash) => {
      if (mode !== 'supervise' && haproxy.master === undefined) haproxy.start();
      await settle(control.start(disk.configFile, hash));
    },
    until: async (holds) => {
      for (let waited = 0; !(await settle(Promise.resolve(holds()))); waited += 100) {
        if (waited > 600_000) throw new Error('it never comes to be');
        await clock.advance(100);
      }
    },
    request: (host) => {
      const answer = fake.request({ port: ports.http, host });
      if (answer.kind === 'status') return Promise.resolve(String(answer.status));
      if (answer.kind !== 'servers') return Promise.resolve(answer.kind);
      const [server] = answer.servers;
      const names: Record<number, string> = { [ports.one]: 'task-1', [ports.two]: 'task-2' };
      return Promise.resolve(server === undefined ? '503' : (names[server.port] ?? ''));
    },
    session: () => Promise.resolve(fake.session('tcp/t')),
    reloadBySomebodyElse: () => settle(haproxy.reload()),
    kill: () => {
      haproxy.kill();
      return Promise.resolve();
    },
    freeze: (which) => {
      haproxy.freeze(which);
      return Promise.resolve();
    },
    thaw: () => {
      haproxy.thaw();
      return Promise.resolve();
    },
    removeSockets: (...which) => haproxy.removeSockets(...which),
    takePort: () => {
      haproxy.takenPorts.add(ports.extra);
      return Promise.resolve();
    },
  };
}
