import zookeeper from 'node-zookeeper-client';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { ZooKeeperAddress } from '../../src/core/model/marathon-address.ts';
import type { Found } from '../../src/marathon/discovery/finder.ts';
import { ZooKeeperFinder } from '../../src/marathon/discovery/zookeeper.ts';
import {
  openSession,
  startZooKeeper,
  zookeeperIsHere,
  type Session,
  type ZooKeeperServer,
} from '../support/zookeeper.ts';
import { follow, simulate, until, webApp } from './mirroring.ts';

if (!zookeeperIsHere)
  console.log('ZooKeeper is not here, so its tests are skipped: npm run test:zookeeper fetches it');

let server: ZooKeeperServer;
let count = 0;

async function session(auth?: string): Promise<Session> {
  const made = await openSession(server.address, auth);
  onTestFinished(() => made.end());
  return made;
}

function address(path: string, parts: Partial<ZooKeeperAddress> = {}): ZooKeeperAddress {
  return { kind: 'zookeeper', servers: server.address, path, auth: undefined, scheme: 'http', ...parts };
}

function find(where: ZooKeeperAddress): { found: () => string[] | undefined; failures: unknown[] } {
  let last: Found | undefined;
  const failures: unknown[] = [];
  const finder = new ZooKeeperFinder(where, {
    onFound: (found) => (last = found),
    onFailed: (error) => failures.push(error),
  });
  onTestFinished(() => finder.close());
  return {
    found: () => {
      if (last !== undefined) expect(last.leader).toBe(last.urls[0]);
      return last?.urls.map(({ host }) => host);
    },
    failures,
  };
}

/** As Curator's latch does. */
const latch = (of: Session, path: string, host: string) =>
  of.create(
    `${path}/leader-curator/_c_${crypto.randomUUID()}-latch-`,
    host,
    zookeeper.CreateMode.EPHEMERAL_SEQUENTIAL,
  );

describe.skipIf(!zookeeperIsHere)('in a real ZooKeeper', () => {
  beforeAll(async () => {
    server = await startZooKeeper();
  });
  afterAll(() => server.close());
  const somewhere = () => `/marathon-${++count}`;

  it('the first member of the latch leads, and a change is reported at once', async () => {
    const path = somewhere();
    const [one, two] = [await session(), await session()];
    await latch(one, path, 'm1.example:8080');
    await latch(two, path, 'm2.example:8080');
    const { found } = find(address(path));
    await until(() => expect(found()).toEqual(['m1.example:8080', 'm2.example:8080']));
    one.end();
    await until(() => expect(found()).toEqual(['m2.example:8080']));
    await latch(await session(), path, 'm1.example:8080');
    await until(() => expect(found()).toEqual(['m2.example:8080', 'm1.example:8080']));
  });

  it('the members of 1.3 and 1.4 are found, and the stand-in of a latch is their first', async () => {
    const path = somewhere();
    const marathon = await session();
    await marathon.create(`${path}/leader/member_0000000007`, 'm7.example:8080');
    await marathon.create(`${path}/leader/member_0000000003`, 'm3.example:8080');
    const { found } = find(address(path));
    await until(() => expect(found()).toEqual(['m3.example:8080', 'm7.example:8080']));
    await marathon.create(`${path}/leader/member_-00000000`, 'm9.example:8080');
    await until(() => expect(found()).toEqual(['m9.example:8080', 'm3.example:8080', 'm7.example:8080']));
  });

  it('a missing path is waited for, and the last result is kept when the path is empty', async () => {
    const path = somewhere();
    const { found, failures } = find(address(path));
    await until(() => expect(String(failures[0])).toContain(`no Marathon stands for election below ${path}`));
    const marathon = await session();
    const member = await latch(marathon, path, 'm1.example:8080');
    await until(() => expect(found()).toEqual(['m1.example:8080']));
    const before = failures.length;
    await marathon.remove(member);
    await until(() => expect(failures.length).toBeGreaterThan(before));
    expect(found()).toEqual(['m1.example:8080']);
  });

  it('a node that only its creator may read is read with the credentials of the address', async () => {
    const path = somewhere();
    await latch(await session('marathon:secret'), path, 'm1.example:8080');
    const { found } = find(address(path, { auth: 'marathon:secret', scheme: 'https' }));
    await until(() => expect(found()).toEqual(['m1.example:8080']));
    const stranger = find(address(path));
    await until(() => expect(String(stranger.failures[0])).toContain('NO_AUTH'));
  });

  it('a mirror follows the leader, also to the next one, and keeps serving while ZooKeeper is away', async () => {
    const path = somewhere();
    const [first, second] = [await simulate(), await simulate()];
    await first.deploy(webApp);
    await second.deploy({ ...webApp, instances: 5 });
    const [one, two] = [await session(), await session()];
    const hostOf = ({ url }: { url: string }) => new URL(url).host;
    await latch(one, path, hostOf(first));
    await latch(two, path, hostOf(second));
    const { source } = follow({ endpoints: [address(path)] });
    await until(() =>
      expect(source.status()).toMatchObject({ connected: true, leader: first.url, tasks: 3 }),
    );
    // The old leader hangs: its stream stays open, and only ZooKeeper tells.
    first.faults.stallStreams();
    one.end();
    await until(() =>
      expect(source.status()).toMatchObject({ connected: true, leader: second.url, tasks: 5 }),
    );
    expect(source.status().endpoints).toMatchObject([{ url: second.url, leader: true, healthy: true }]);
    await server.stop();
    await second.scale('/team/web', 2);
    await until(() => expect(source.status().tasks).toBe(2));
    await until(() => expect(source.status().discovery[0]?.found).toBe(1));
    await server.start();
    await latch(await session(), path, hostOf(first));
    await until(() => expect(source.status().endpoints.map(({ url }) => url)).toContain(first.url));
  });
});
