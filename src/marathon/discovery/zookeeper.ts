/**
 * Finds the leader and its followers in ZooKeeper. The node is watched, and also read again from time to time, because
 * a watch on a dead connection reports nothing.
 */
import type { Client, Exception } from 'node-zookeeper-client';
import type { ZooKeeperAddress } from '../../core/model/marathon-address.ts';
import { jittered } from '../bounds/backoff.ts';
import type { Finder, FinderEvents } from './finder.ts';

/** Milliseconds. If a Marathon fails without closing its session, ZooKeeper forgets it when that session ends. */
const sessionMs = 10_000;
const pauseMs = 30_000;
const answerMs = 10_000;
const noNode = -101;

/** Watches the election of a Marathon in ZooKeeper. */
export class ZooKeeperFinder implements Finder {
  readonly #address: ZooKeeperAddress;
  readonly #events: FinderEvents;
  #client: Client | undefined;
  #timer: NodeJS.Timeout | undefined;
  #reading: Promise<void> | undefined;
  /** Something changed during the last read. */
  #again = false;
  #closed = false;
  /** Always the same function: ZooKeeper registers it only once, however often its path is read. */
  readonly #watch = (): void => this.refresh();

  constructor(address: ZooKeeperAddress, events: FinderEvents) {
    this.#address = address;
    this.#events = events;
    this.refresh();
  }

  refresh(): void {
    if (this.#closed) return;
    if (this.#reading !== undefined) {
      this.#again = true;
      return;
    }
    clearTimeout(this.#timer);
    this.#again = false;
    this.#reading = this.#read().finally(() => {
      this.#reading = undefined;
      if (this.#closed) return;
      if (this.#again) this.refresh();
      else this.#timer = setTimeout(() => this.refresh(), jittered(this.#client ? pauseMs : 2_000));
    });
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#drop();
  }

  async #read(): Promise<void> {
    try {
      const client = (this.#client ??= await this.#connect());
      if (this.#isOver()) return;
      const hosts = await this.#hosts(client);
      if (this.#isOver()) return;
      if (hosts.length === 0) throw new Error(`no Marathon stands for election below ${this.#address.path}`);
      const { scheme } = this.#address;
      const urls = hosts.map((host) => new URL(`${scheme}://${host}`));
      const [leader] = urls;
      this.#events.onFound({ urls, ...(leader && { leader }) });
    } catch (error) {
      if (this.#closed) return;
      // A client that does not answer is dropped; a new one starts with another server.
      if (error instanceof Silence) this.#drop();
      this.#events.onFailed(error);
    }
  }

  async #connect(): Promise<Client> {
    // The library is loaded only if a ZooKeeper address is given.
    const { default: zookeeper } = await import('node-zookeeper-client');
    const { servers, auth } = this.#address;
    const options = { sessionTimeout: sessionMs, spinDelay: 500, retries: 0 };
    const client = zookeeper.createClient(servers, options);
    if (auth !== undefined) client.addAuthInfo('digest', Buffer.from(auth));
    client.on('state', (state) => {
      if (this.#client !== client) return;
      if (state === zookeeper.State.EXPIRED || state === zookeeper.State.AUTH_FAILED) this.#drop();
      this.refresh();
    });
    client.connect();
    return client;
  }

  /** The finder may have been closed during an await. */
  #isOver(): boolean {
    if (this.#closed) this.#drop();
    return this.#closed;
  }

  #drop(): void {
    const client = this.#client;
    this.#client = undefined;
    client?.close();
  }

  async #hosts(client: Client): Promise<string[]> {
    for (const layout of electionPaths) {
      const hosts = byTurn(await this.#members(client, `${this.#address.path}/${layout}`));
      if (hosts.length > 0) return hosts;
    }
    return [];
  }

  async #members(client: Client, path: string): Promise<Member[]> {
    const names = await answer<string[]>((done) => client.getChildren(path, this.#watch, done));
    if (names === undefined) {
      // The path is created by the first Marathon.
      await answer((done) => client.exists(path, this.#watch, done));
      return [];
    }
    const members = names.map(async (name) => {
      const data = await answer<Buffer>((done) => client.getData(`${path}/${name}`, done));
      // This member has just gone; the watch will report it.
      return data === undefined ? [] : [{ name, data: data.toString('utf8') }];
    });
    return (await Promise.all(members)).flat();
  }
}

class Silence extends Error {
  override readonly name = 'Silence';
}

/** Undefined if the node does not exist. */
function answer<T>(
  ask: (done: (error: Error | Exception | null, result: T) => void) => void,
): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const limit = setTimeout(() => reject(new Silence('ZooKeeper does not answer')), answerMs);
    ask((error, result) => {
      clearTimeout(limit);
      if (error === null) resolve(result);
      else if ('getCode' in error && error.getCode() === noNode) resolve(undefined);
      else reject(new Error(String(error)));
    });
  });
}

/** Finds the leader in what Marathons store in ZooKeeper. Pure. */

/** A child of the election's node. */
interface Member {
  readonly name: string;
  /** `host:port` */
  readonly data: string;
}

/** Below Marathon's own path, the newer layout first. */
const electionPaths = ['leader-curator', 'leader'] as const;

/**
 * `host:port` of the members in the order of their turn: the first one leads.
 * [marathon] core/election: Curator's latch `_c_<uuid>-latch-<sequence>`; up to 1.4 `member_<sequence>`, where
 * `member_-00000000` stands for the leader of the latch
 */
export function byTurn(members: readonly Member[]): string[] {
  const turns = members.flatMap(({ name, data }) => {
    const sequence = /(?:-latch-|^member_)(-?\d+)$/.exec(name)?.[1];
    const host = /^[^\s/@]+:\d{1,5}$/.exec(data.trim())?.[0];
    return sequence === undefined || host === undefined ? [] : [{ turn: turnOf(sequence), host }];
  });
  return [...new Set(turns.sort((a, b) => a.turn - b.turn).map(({ host }) => host))];
}

/** [marathon] `-00000000` comes before every number. */
const turnOf = (sequence: string): number => (sequence.startsWith('-') ? -1 : Number(sequence));
