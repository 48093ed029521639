/**
 * A HAProxy with a configuration Pacer renders, whose servers are then changed at runtime. A test says which apps
 * there are; the way from them to HAProxy is Pacer's own.
 */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { onTestFinished } from 'vitest';
import { nextDesired, nothingDesired, type Desired } from '../../src/core/desired/desired.ts';
import type { App } from '../../src/core/model/model.ts';
import type { ServerStep } from '../../src/core/plan/server-step.ts';
import { modelContext } from '../../src/daemon/start/model-context.ts';
import {
  runtimeServers,
  type RuntimeOutcome,
  type WaitingServer,
} from '../../src/daemon/runtime/runtime-servers.ts';
import { fixedHead } from '../../src/daemon/publish/machine-facts.ts';
import type { HaproxyControl } from '../../src/haproxy/control/control.ts';
import { activate, activeConfigFile, publishRevision } from '../../src/haproxy/files/publish.ts';
import { parseServersState, type ServerState } from '../../src/haproxy/replies/servers-state.ts';
import { parseStat, type StatRow } from '../../src/haproxy/replies/stat.ts';
import type { RuntimeCommand } from '../../src/haproxy/cli/runtime-command.ts';
import { superviseHaproxy } from '../../src/haproxy/control/supervise.ts';
import { loadFragments } from '../../src/render/fragments.ts';
import { renderer } from '../../src/render/render.ts';
import { resolveSettings } from '../../src/settings/settings.ts';
import { freePorts, haproxyProgram, installedVersion, temporaryFolder, until } from '../support/haproxy.ts';
import { changingHead } from '../support/changing-head.ts';

export interface RuntimeHaproxy {
  readonly control: HaproxyControl;
  /** Starts HAProxy with these apps. */
  readonly start: (...apps: App[]) => Promise<void>;
  /** Writes the text of these apps, and has HAProxy read it. */
  readonly reload: (...apps: App[]) => Promise<void>;
  /** Brings the servers to these apps at runtime, with nothing remembered. Rejects when it is impossible. */
  readonly bring: (...apps: App[]) => Promise<Brought>;
  /** As bring, with whatever comes out of it. */
  readonly attempt: (...apps: App[]) => Promise<RuntimeOutcome>;
  /** As attempt, by a daemon that believes HAProxy to have the other apps' servers. */
  readonly attemptFrom: (known: App[], apps: App[]) => Promise<RuntimeOutcome>;
  /** As Pacer derives them. */
  readonly desired: (...apps: App[]) => Desired;
  /** What happens at the next commands that may change something. */
  readonly disturb: (disturbance: Disturbance) => void;
  /** Commands that may change something, as they were sent; emptied by reading. */
  readonly takeCommands: () => string[];
  /** Sends commands as somebody else would. @throws when one failed */
  readonly say: (...commands: string[]) => Promise<string[]>;
  /** Of the servers of apps; Pacer has one of its own. */
  readonly states: () => Promise<ServerState[]>;
  /** Name → admin state, sorted by name, of all of Pacer's servers. */
  readonly admin: () => Promise<Record<string, string>>;
  readonly stat: (server: string) => Promise<StatRow>;
  /** Each of Pacer's servers as HAProxy describes it, column by column. */
  readonly columns: () => Promise<{ state: Columns; stat: Columns }>;
  /** Waits until a server's status is one of these. */
  readonly status: (server: string, wanted: RegExp) => Promise<void>;
  readonly connections: (server: string, count: number) => Promise<void>;
}

export interface Brought {
  readonly kinds: readonly ServerStep['kind'][];
  readonly waiting: readonly WaitingServer[];
  /** What was sent that may change something. */
  readonly commands: readonly string[];
}

export interface Disturbance {
  /** Done before they are sent. */
  readonly first?: () => Promise<void>;
  /** After so many of them the connection is cut. */
  readonly cutAfter?: number;
}

/** `<backend>/<server>` → column → value. */
export type Columns = Record<string, Record<string, string>>;

export async function runtimeHaproxy({ maxconn = 200 } = {}): Promise<RuntimeHaproxy> {
  const stateDir = temporaryFolder();
  mkdirSync(path.join(stateDir, 'run'));
  const [appidPort = 0, statsPort = 0] = await freePorts(2);
  const { settings } = resolveSettings({
    flags: {
      ...{ groups: ['external'], stateDir, bindAddress: '127.0.0.1', appidPort, statsPort },
      dontBindHttpHttps: true,
    },
    environment: {},
    file: undefined,
  });
  const supervised = superviseHaproxy({
    program: haproxyProgram,
    version: installedVersion,
    runDir: path.join(stateDir, 'run'),
    runtimeSocket: settings.runtimeSocket,
    stopGraceMs: 0,
    startDeadlineMs: 20_000,
    reloadDeadlineMs: 20_000,
  });
  onTestFinished(() => supervised.stop());
  let sent: string[] = [];
  let disturbance: Disturbance = {};
  const control = listening(supervised, async (commands) => {
    const { first, cutAfter } = disturbance;
    disturbance = {};
    await first?.();
    sent.push(...commands.map(textOf));
    if (cutAfter === undefined) return supervised.runtime(commands);
    await supervised.runtime(commands.slice(0, cutAfter));
    throw new Error('the connection was cut');
  });
  const { render, serverLine } = renderer(loadFragments(), fixedHead(settings));
  const context = modelContext(settings, () => undefined, undefined, control.capabilities());
  let number = 0;

  const desired = (...apps: App[]) => nextDesired(nothingDesired, { changed: apps, removed: [] }, context);
  const publish = async (apps: App[]) => {
    const { hash, files } = render(desired(...apps), changingHead({ maxconn, maxpipes: 500 }));
    const revision = await publishRevision(stateDir, { number: ++number, hash, files });
    await activate(stateDir, revision.directory);
    return hash;
  };
  const attempt = (...apps: App[]) =>
    runtimeServers(control, serverLine).bring([...desired(...apps).services.values()]);
  const attemptFrom = (before: App[], apps: App[]) => {
    const { services } = desired(...apps);
    const believed = desired(...before).services;
    // As a daemon does it: only what is another than it was is looked at.
    const changed = [...services].filter(
      ([backend, service]) => !isDeepStrictEqual(believed.get(backend)?.servers, service.servers),
    );
    return runtimeServers(control, serverLine).bring(
      changed.map(([, service]) => service),
      { known: believed },
    );
  };
  const say = async (...commands: string[]) => {
    const replies = await supervised.runtime(commands);
    const failed = replies.find(({ kind }) => kind === 'failed');
    if (failed !== undefined) throw new Error(`${commands.join('; ')}: ${failed.text}`);
    return replies.map(({ text }) => text);
  };
  const ask = async (command: string) => (await say(command))[0] ?? '';
  // What Pacer itself answers by way of HAProxy is no app's.
  const states = async () =>
    parseServersState(await ask('show servers state')).filter(({ backend }) => !isOwn(backend));
  const rows = async () =>
    parseStat(await ask('show stat')).filter(({ kind, proxy }) => kind === 'server' && !isOwn(proxy));
  const stat = async (server: string) => {
    const found = (await rows()).find(({ name }) => name === server);
    if (found === undefined) throw new Error(`HAProxy has no server ${server}`);
    return found;
  };
  return {
    control,
    desired,
    attempt,
    attemptFrom,
    say,
    states,
    stat,
    start: async (...apps) => control.start(activeConfigFile(stateDir), await publish(apps)),
    reload: async (...apps) => {
      const result = await control.reload(await publish(apps));
      if (result.kind === 'failed') throw new Error(JSON.stringify(result));
    },
    bring: async (...apps) => {
      sent = [];
      const outcome = await attempt(...apps);
      if (outcome.kind === 'impossible') throw new Error(outcome.reason);
      return { kinds: outcome.steps.map(({ kind }) => kind), waiting: outcome.waiting, commands: sent };
    },
    disturb: (next) => {
      disturbance = next;
    },
    takeCommands: () => {
      const taken = sent;
      sent = [];
      return taken;
    },
    admin: async () =>
      Object.fromEntries((await states()).map(({ server, admin }) => [server, admin]).sort()) as Record<
        string,
        string
      >,
    columns: async () => ({
      state: table((await ask('show servers state')).split('\n').slice(1), ' ', 'be_name', 'srv_name'),
      stat: table((await ask('show stat')).split('\n'), ',', 'pxname', 'svname'),
    }),
    status: (server, wanted) => until(async () => wanted.test((await stat(server)).status)),
    connections: (server, count) => until(async () => (await stat(server)).currentSessions === count),
  };
}

function listening(control: HaproxyControl, change: HaproxyControl['runtime']): HaproxyControl {
  return {
    mode: control.mode,
    capabilities: () => control.capabilities(),
    running: () => control.running(),
    start: (file, hash) => control.start(file, hash),
    reload: (hash) => control.reload(hash),
    runtime: (commands) => (commands.some(changes) ? change(commands) : control.runtime(commands)),
    onExit: (callback) => control.onExit(callback),
    stop: () => control.stop(),
    detach: () => control.detach(),
  };
}

const isOwn = (backend: string) => backend.startsWith('pacer_');

const textOf = (command: RuntimeCommand) => (typeof command === 'string' ? command : command.line);
const changes = (command: RuntimeCommand) => !textOf(command).startsWith('show ');

function table(lines: readonly string[], separator: string, backend: string, server: string): Columns {
  const [head = '', ...rest] = lines.filter((line) => line.trim() !== '');
  const names = head.replace(/^# /, '').trim().split(separator);
  const cellsOf = rest.map((line) => line.split(separator));
  const found = cellsOf.map((cells) => Object.fromEntries(names.map((name, i) => [name, cells[i] ?? ''])));
  return Object.fromEntries(
    found
      .filter((cells) => !/^(?:FRONTEND|BACKEND)$/.test(cells[server] ?? '') && !isOwn(cells[backend] ?? ''))
      .map((cells) => [`${cells[backend] ?? ''}/${cells[server] ?? ''}`, cells]),
  );
}
