/** What an operator can request while the daemon runs, by signals of the process or over the statistics port. */
import type { EventEmitter } from 'node:events';
import type { HaproxyControl } from '../../haproxy/control/control.ts';
import type { RunAs } from '../../haproxy/process/run-as.ts';
import { serveEndpoints } from '../../http/endpoints.ts';
import { tokenFile } from '../../http/token-file.ts';
import type { Logger } from '../../observe/log.ts';
import type { Settings } from '../../settings/settings.ts';
import { marathonLbEndpoints } from '../status/endpoints.ts';
import type { PipelineState } from '../decide/pipeline-state.ts';
import { endpointsSocket } from '../publish/machine-facts.ts';

/** Each with its cause, for logs. */
export type OperatorSignals = EventEmitter<{
  /** Fetch everything from Marathon and apply it. */
  refetch: [cause: string];
  /** Make HAProxy read its configuration again. */
  reload: [cause: string];
}>;

/** What `followSignals` needs. */
export interface AskParts {
  readonly settings: Settings;
  readonly asks: OperatorSignals;
  readonly control: HaproxyControl;
  readonly pipeline: () => PipelineState;
  readonly refetch: (cause: string) => void;
  readonly reload: (cause: string) => void;
  readonly log: Logger;
  /** The user HAProxy runs as. */
  readonly runAs: RunAs | undefined;
}

/** @throws PacerError PORT_IN_USE, SOCKET_PATH_TOO_LONG, FILE_UNREADABLE, FILE_MALFORMED */
export async function followSignals(parts: AskParts): Promise<{ readonly close: () => Promise<void> }> {
  const { asks, log, control, pipeline } = parts;
  const { stateDir, getconfigSecrets: showsSecrets, statusTokenFile } = parts.settings;
  const refetch = (cause: string) => {
    log.info({ cause }, 'asked to fetch everything from Marathon');
    parts.refetch(cause);
  };
  const reload = (cause: string) => {
    log.info({ cause }, 'asked to reload HAProxy');
    parts.reload(cause);
  };
  asks.on('refetch', refetch).on('reload', reload);
  const endpoints = await serveEndpoints(
    endpointsSocket(parts.settings),
    marathonLbEndpoints({
      ...{ stateDir, showsSecrets, control, pipeline, refetch, reload },
      now: Date.now,
    }),
    // The status server already warns about this file.
    statusTokenFile === undefined ? undefined : tokenFile(statusTokenFile, () => undefined),
    parts.runAs,
  );
  return {
    close: () => {
      asks.off('refetch', refetch).off('reload', reload);
      return endpoints.close();
    },
  };
}
