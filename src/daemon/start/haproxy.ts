/**
 * Chooses how to control HAProxy, by the settings, and makes sure that one serves: with the last good configuration, or
 * else the bootstrap one.
 */
import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { nothingDesired } from '../../core/desired/desired.ts';
import { messageOf, PacerError } from '../../errors.ts';
import { attachHaproxy } from '../../haproxy/control/attach.ts';
import { commandHaproxy } from '../../haproxy/control/command.ts';
import type { HaproxyControl } from '../../haproxy/control/control.ts';
import type { HaproxyLog } from '../../haproxy/control/events.ts';
import { nameOf } from '../../haproxy/machine/port-holder.ts';
import { judgePorts, type PortOwner } from '../../haproxy/machine/ports.ts';
import { activeConfigFile, type PublishedRevision } from '../../haproxy/files/publish.ts';
import { runningOf } from '../../haproxy/control/running.ts';
import { openStateDir, type StateDir } from '../../haproxy/process/state-dir.ts';
import { superviseHaproxy } from '../../haproxy/control/supervise.ts';
import type { HaproxyVersion } from '../../haproxy/machine/version.ts';
import type { Logger } from '../../observe/log.ts';
import type { ChangingHead } from '../../render/head.ts';
import type { Rendering } from '../../render/render.ts';
import { childEnvironment } from '../../settings/environment.ts';
import type { Settings } from '../../settings/settings.ts';
import { createFileObserver } from '../files/observer.ts';
import { writeGivenCertificates } from '../files/given-certificates.ts';
import { requireSocketPaths } from '../publish/own-sockets.ts';
import { activeHash, createPublisher, type Publisher } from '../publish/publisher.ts';
import { ownPorts, readMachineFacts } from '../publish/machine-facts.ts';

/** The control of HAProxy for the mode in the settings. Does not start or reload anything. */
export async function openControl(
  settings: Settings,
  program: HaproxyProgram,
  log: HaproxyLog,
): Promise<HaproxyControl> {
  const { haproxyMode, masterSocket, runtimeSocket, stateDir, command = '' } = settings;
  const runDir = join(stateDir, 'run');
  await mkdir(runDir, { recursive: true, mode: 0o750 });
  switch (haproxyMode) {
    case 'supervise': {
      const stopGraceMs = settings.stopTimeout * 1000;
      return superviseHaproxy({
        program: program.path,
        version: program.version,
        runDir,
        runtimeSocket,
        stopGraceMs,
        env: childEnvironment(),
        log,
      });
    }
    case 'attach':
      return attachHaproxy({ masterSocket, runtimeSocket, startDeadlineMs: attachWaitMs, log });
    case 'command': {
      const { maxReloadRetries, reloadInterval } = settings;
      return commandHaproxy({
        command,
        runtimeSocket,
        maxReloadRetries,
        retryIntervalMs: reloadInterval * 1000,
        env: childEnvironment(),
        log,
      });
    }
  }
}

/** Milliseconds that one attempt waits for a HAProxy that somebody else starts. */
const attachWaitMs = 5000;

/** The HAProxy program that Pacer uses. */
export interface HaproxyProgram {
  readonly path: string;
  readonly version: HaproxyVersion;
}

/** What `serveSomething` needs. */
export interface FirstServing {
  readonly settings: Settings;
  readonly control: HaproxyControl;
  readonly publisher: Publisher;
  readonly render: (desired: typeof nothingDesired, head: ChangingHead) => Rendering;
  readonly head: ChangingHead;
  readonly ports: PortOwner;
  readonly log: Logger;
}

/**
 * Makes HAProxy serve before Marathon is asked: it continues with what it runs, or starts with the last good
 * configuration, or, on a new machine, with one that answers 503 to everything.
 * @throws PacerError PORT_IN_USE, HAPROXY_START_FAILED, HAPROXY_REJECTS
 */
export async function serveSomething(parts: FirstServing): Promise<void> {
  const { settings, control, publisher, log } = parts;
  const file = activeConfigFile(settings.stateDir);
  if (control.mode !== 'supervise') {
    await joinHaproxy(parts);
    return;
  }
  const answer = await control.running();
  const running = runningOf(answer);
  const lastGood = await activeHash(settings.stateDir);
  if (answer.kind === 'absent') await requireOwnPorts(settings, parts.ports);
  if (answer.kind === 'silent' && answer.socketsGone !== true) {
    // It may still serve, so no second one is started. The passes take it over once it answers.
    log.warn({ reason: answer.reason }, 'HAProxy does not answer; Pacer waits for it and changes nothing');
    return;
  }
  if (lastGood !== undefined) {
    try {
      await control.start(file, lastGood);
      return;
    } catch (error) {
      log.warn(
        { error: messageOf(error) },
        'HAProxy does not start with the last good configuration; starting with an empty one',
      );
    }
  }
  const { revision, hash } = await writeBootstrap(parts);
  if (running === undefined) {
    await publisher.apply(revision, hash, false);
  } else {
    // What it serves is better than nothing until the first snapshot.
    await publisher.makeCurrent(revision);
    await control.start(file, hash);
  }
}

/**
 * Somebody else starts HAProxy, or has started it. It must find a file, and keeps what it runs until the first
 * snapshot.
 */
async function joinHaproxy(parts: FirstServing): Promise<void> {
  const { settings, control, publisher, log } = parts;
  if (!(await hasConfiguration(settings.stateDir))) {
    const { revision } = await writeBootstrap(parts);
    await publisher.makeCurrent(revision);
  }
  try {
    await control.start(activeConfigFile(settings.stateDir), '');
  } catch (error) {
    const remedy = error instanceof PacerError ? error.remedy : '';
    log.warn({ error: messageOf(error), remedy }, 'HAProxy does not answer yet; Pacer waits for it');
  }
}

/** Milliseconds that `pacer init` waits for the configuration of a Pacer that has just started. */
const initWaitMs = 10_000;

/**
 * `pacer init`: writes a configuration for a HAProxy that starts before Pacer. Does not start or reload HAProxy.
 * @param program checks the configuration; undefined if HAProxy is not installed here
 * @returns false if there was a configuration already
 * @throws PacerError STATE_DIR_UNWRITABLE, STATE_DIR_IN_USE, SOCKET_PATH_TOO_LONG, CERTIFICATE_INVALID, HAPROXY_REJECTS
 */
export async function prepareStateDir(
  settings: Settings,
  render: FirstServing['render'],
  program: string | undefined,
): Promise<boolean> {
  const { stateDir, masterSocket, runtimeSocket, archiveVersions: keep } = settings;
  requireSocketPaths(settings);
  if (await hasConfiguration(stateDir)) return false;
  let held: StateDir;
  try {
    held = await openStateDir(stateDir, settings.haproxyMode !== 'supervise');
  } catch (error) {
    // A Pacer that has just started writes it itself.
    if (await appears(() => hasConfiguration(stateDir), initWaitMs)) return false;
    throw error;
  }
  try {
    if (await hasConfiguration(stateDir)) return false;
    await mkdir(join(stateDir, 'run'), { recursive: true, mode: 0o750 });
    await writeGivenCertificates(settings.givenCertificates, stateDir);
    const files = createFileObserver({ stateDir, named: settings.sslCerts, warn: () => undefined });
    const { head } = await readMachineFacts(settings, undefined, files);
    const publisher = await createPublisher({
      stateDir,
      copyTo: settings.haproxyConfig,
      program: program ?? settings.haproxyBin,
      // Only used to apply a revision, which does not happen here.
      control: attachHaproxy({ masterSocket, runtimeSocket }),
      keep,
      now: Date.now,
    });
    const { revision } = await writeBootstrap({ publisher, render, head }, program !== undefined);
    await publisher.makeCurrent(revision);
    return true;
  } finally {
    await held.release();
  }
}

async function appears(isThere: () => Promise<boolean>, withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  while (performance.now() < deadline) {
    if (await isThere()) return true;
    await sleep(100);
  }
  return false;
}

/** Whether HAProxy would find a file at its start. */
async function hasConfiguration(stateDir: string): Promise<boolean> {
  return stat(activeConfigFile(stateDir)).then(
    () => true,
    () => false,
  );
}

/** Writes the configuration that answers 503 to everything. @throws PacerError HAPROXY_REJECTS */
async function writeBootstrap(
  { publisher, render, head }: Pick<FirstServing, 'publisher' | 'render' | 'head'>,
  checked = true,
): Promise<{ revision: PublishedRevision; hash: string }> {
  const rendering = render(nothingDesired, { ...head, starting: true });
  const revision = await publisher.write(rendering, nothingDesired, 'start');
  const messages = checked ? await publisher.complaints(revision) : undefined;
  if (messages === undefined) return { revision, hash: rendering.hash };
  throw new PacerError(
    'HAPROXY_REJECTS',
    `HAProxy does not accept the empty configuration: ${messages.map(({ text }) => text).join('; ')}`,
    'correct the settings it names',
  );
}

/** Without Pacer's own listeners nothing else makes sense. @throws PacerError PORT_IN_USE */
async function requireOwnPorts(settings: Settings, owner: PortOwner): Promise<void> {
  const ports = ownPorts(settings);
  const binds = [...ports.keys()].map((port) => ({ address: settings.bindAddress, port }));
  const judged = await judgePorts(binds, owner);
  const taken = judged.find(({ verdict }) => verdict.kind === 'other' || verdict.kind === 'refused');
  if (taken === undefined) return;
  const flags: [number, string][] = [
    [settings.httpPort, '--http-port'],
    [settings.httpsPort, '--https-port'],
    [settings.appidPort, '--appid-port'],
    [settings.statsPort, '--stats-port'],
  ];
  const flag = flags.find(([port]) => port === taken.port)?.[1] ?? '--http-port';
  const what = ports.get(taken.port) ?? 'a port';
  const { verdict } = taken;
  if (verdict.kind === 'refused' && verdict.reason === 'EACCES') {
    throw new PacerError(
      'PORT_IN_USE',
      `${what} ${taken.port} may not be bound by this user`,
      `run as root, or choose another port with ${flag}`,
    );
  }
  if (verdict.kind === 'refused') {
    throw new PacerError(
      'PORT_IN_USE',
      `${what} ${taken.address}:${taken.port} cannot be bound (${verdict.reason})`,
      'correct --bind-addr',
    );
  }
  const holder = verdict.kind === 'other' ? nameOf(verdict.holder) : 'another process';
  throw new PacerError(
    'PORT_IN_USE',
    `${what} ${taken.port} is held by ${holder}`,
    `end that process, or choose another port with ${flag}`,
  );
}
