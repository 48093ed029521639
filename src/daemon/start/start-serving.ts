/** The first half of the start: what serves before, and without, Marathon. */
import type { HaproxyControl } from '../../haproxy/control/control.ts';
import type { HaproxyEvent } from '../../haproxy/control/events.ts';
import type { RunAs } from '../../haproxy/process/run-as.ts';
import { runningOf } from '../../haproxy/control/running.ts';
import { openStateDir } from '../../haproxy/process/state-dir.ts';
import { capabilitiesOf } from '../../haproxy/machine/capabilities.ts';
import { findHaproxy, haproxyVersion } from '../../haproxy/machine/version.ts';
import type { StatusServer } from '../../http/server.ts';
import type { Logger } from '../../observe/log.ts';
import { loadFragments } from '../../render/fragments.ts';
import { idleTemplates, type OperatorTemplates } from '../../render/operator/operator-templates.ts';
import { renderer } from '../../render/render.ts';
import type { Settings } from '../../settings/settings.ts';
import { selfSignedCopy } from '../files/certificates.ts';
import { goodTemplates } from '../files/good-templates.ts';
import { lastInputs, type LastInputs } from '../files/last-inputs.ts';
import { createFileObserver, type FileObserver } from '../files/observer.ts';
import { refusalBy } from '../files/refusal.ts';
import { openControl, serveSomething } from './haproxy.ts';
import { requireSocketPaths } from '../publish/own-sockets.ts';
import { prepareMachine } from './prepare.ts';
import { arrangePrivileges } from './privileges.ts';
import { createPublisher, type Publisher } from '../publish/publisher.ts';
import { takeBackStop } from './stopping.ts';
import { copiesIn, readMachineFacts, fixedHead, withOneWay } from '../publish/machine-facts.ts';
import type { Teardown } from './teardown.ts';
import { tryTemplates } from './try-templates.ts';

/** What `startServing` needs. */
export interface ServingOptions {
  readonly settings: Settings;
  readonly notices: readonly string[];
  /** Pacer's version. */
  readonly version: string;
  /** The PATH in which HAProxy is searched. */
  readonly searchPath: string;
  readonly log: Logger;
}

/** What runs after the first half of the start. */
export interface Serving {
  /** As this HAProxy can do them. */
  readonly settings: Settings;
  readonly server: StatusServer;
  readonly control: HaproxyControl;
  readonly publisher: Publisher;
  readonly files: FileObserver;
  /** Last good copies of what is read at the start. */
  readonly inputs: LastInputs;
  /** Why the operator's templates are not the present files of the directories. */
  readonly templateNotices: readonly string[];
  readonly render: ReturnType<typeof renderer>;
  readonly templates: OperatorTemplates;
  /** HAProxy's version. */
  readonly haproxyVersion: string;
  readonly runAs: RunAs | undefined;
  /** Starts a HAProxy that has ended again. */
  readonly serve: () => Promise<void>;
}

/** Events that somebody should look at. */
const alarming: ReadonlySet<HaproxyEvent['kind']> = new Set([
  ...(['command-failed', 'command-slow', 'reload-by-signal'] as const),
]);

/** Opens the state directory, and makes HAProxy serve the last good configuration or the bootstrap one. */
export async function startServing(
  options: ServingOptions,
  undo: Teardown,
  end: { orderly: boolean },
  /**
   * Called once this Pacer has the state directory for itself. From then on the status server can show that it lives.
   */
  listen: () => Promise<StatusServer>,
): Promise<Serving> {
  const { notices, version, searchPath, log } = options;
  requireSocketPaths(options.settings);
  for (const notice of notices) log.warn(notice);
  if (options.settings.clusters.some(({ access }) => access.insecure)) {
    log.warn(
      "--marathon-insecure: Marathon's certificate is not verified; anyone on the network path can impersonate Marathon",
    );
  }
  const path = await findHaproxy(options.settings.haproxyBin, searchPath);
  const program = { path, version: await haproxyVersion(path) };
  const settings = withOneWay(options.settings, capabilitiesOf(program.version));
  const { stateDir, haproxyMode: mode, groups } = settings;
  const held = await openStateDir(stateDir, mode !== 'supervise');
  undo.add(() => held.release());
  const server = await listen();
  const runAs = await arrangePrivileges(settings, log);
  log.info(
    { pacer: version, haproxy: program.version.version, program: path, mode, stateDir, groups },
    'starting',
  );

  const control = await openControl(settings, program, (event) =>
    log[alarming.has(event.kind) ? 'warn' : 'debug']({ event }, `HAProxy: ${event.kind}`),
  );
  const publisher = await createPublisher({
    stateDir,
    copyTo: settings.haproxyConfig,
    program: path,
    control,
    keep: settings.archiveVersions,
    now: Date.now,
  });
  await prepareMachine(settings, log);
  const files = createFileObserver({
    ...{ stateDir, named: settings.sslCerts, refusal: refusalBy(path, stateDir) },
    warn: (message) => log.warn(message),
  });
  const { head, ports } = await readMachineFacts(settings, control, files);
  const selfMade = head.certificates.find((path) => path === selfSignedCopy(settings.stateDir));
  if (selfMade !== undefined)
    log.warn({ path: selfMade }, 'no certificate was given or found: HTTPS uses a self-signed one');

  const rendererOf = (operator: OperatorTemplates) =>
    renderer(
      loadFragments(operator.fragments),
      fixedHead(settings, operator, runAs, copiesIn(settings.stateDir)),
    );
  const inputs = lastInputs(stateDir, (message) => log.warn(message));
  const { templates, notice } = await goodTemplates(settings.templateSources, inputs, (operator) =>
    tryTemplates({
      ...{ settings, head, templates: operator, program: path },
      render: rendererOf(operator).render,
    }),
  );
  const render = rendererOf(templates);
  if (notice !== undefined) log.error(notice);
  const idle = idleTemplates(templates, settings.groupHttpsByVhost);
  for (const each of [...templates.notices, ...idle]) log.warn(each);
  const servedBefore = (await control.running()).kind !== 'absent';
  const leaveRunning = () => settings.onExit === 'keep' || (servedBefore && !end.orderly);
  undo.add(() => (leaveRunning() ? control.detach() : control.stop()));
  const serve = () =>
    serveSomething({ settings, control, publisher, render: render.render, head, ports, log });
  await serve();
  if (control.mode === 'supervise') await takeBackStop(control).catch(() => undefined);
  const running = runningOf(await control.running());
  if (running !== undefined) log.info({ workerPid: running.workerPid, hash: running.hash }, 'HAProxy serves');
  return {
    settings,
    server,
    control,
    publisher,
    files,
    inputs,
    templateNotices: notice === undefined ? [] : [notice],
    render,
    templates,
    haproxyVersion: program.version.version,
    runAs,
    serve,
  };
}
