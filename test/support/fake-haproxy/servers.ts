/** The life of one server: how it begins, and what commands and checks do to it. As tried on 2.6, 3.0, 3.2 and 3.4. */
import type { HaproxyVersion } from '../../../src/haproxy/machine/version.ts';
import type { ParsedServer } from './server-words.ts';
import { admin, check, op, since, type FakeBackend, type FakeServer } from './worker.ts';

export interface ServerParts {
  readonly name: string;
  readonly parsed: ParsedServer;
  readonly words: readonly string[];
  /** Undefined for one added at runtime. */
  readonly line: number | undefined;
  readonly version: HaproxyVersion;
  readonly backend: Pick<FakeBackend, 'servers'>;
  readonly now: number;
  readonly pinned?: boolean;
  readonly forcedId?: boolean;
}

/** Codes of `srv_check_status`. [haproxy] check-t.h HCHK_STATUS_* */
const status = { initial: 1, connected: 6, refused: 8, httpOk: 15 } as const;
/** [haproxy] check-t.h CHK_RES_* */
const result = { unknown: 0, failed: 2, passed: 3 } as const;

/** One of the configuration: it serves at once. Written out, since thousands are made in a second. */
export function serverOf(parts: ServerParts): FakeServer {
  const { name, parsed, words, line, version, backend, now, pinned = false } = parts;
  const checked = (parsed.checkState & check.configured) !== 0;
  const paused = parsed.disabled ? check.paused : 0;
  return {
    name,
    id: parsed.id ?? freeId(backend.servers),
    forcedId: parts.forcedId ?? parsed.id !== undefined,
    line,
    address: parsed.address,
    fqdn: parsed.fqdn,
    port: parsed.port,
    admin: parsed.disabled ? admin.maint | admin.configMaint : 0,
    op: parsed.disabled ? op.stopped : op.running,
    userWeight: parsed.weight,
    initialWeight: parsed.weight,
    since: now,
    checkState: (checked ? check.configured | check.enabled : 0) | paused,
    checkStatus: status.initial,
    checkResult: result.unknown,
    // [haproxy] 3.4 counts from nothing.
    health: parsed.disabled || since({ version }, 3, 4) ? 0 : parsed.rise,
    rise: parsed.rise,
    fall: parsed.fall,
    checkPort: parsed.checkPort,
    agentPort: parsed.agentPort,
    agentState: parsed.agentState,
    ssl: parsed.ssl,
    backup: parsed.backup,
    cookie: parsed.cookie,
    words,
    sessions: 0,
    pinned,
  };
}

/** One added at runtime: in maintenance, its checks off. */
export function addedServer(parts: Omit<ServerParts, 'line'>): FakeServer {
  const { parsed, version } = parts;
  const made = serverOf({ ...parts, line: undefined });
  made.checkState = parsed.checkState;
  // [haproxy] `enabled` is a word of 2.6 alone.
  if (parsed.enabled) return made;
  made.admin = admin.maint | (parsed.disabled && !since({ version }, 3, 4) ? admin.configMaint : 0);
  made.op = op.stopped;
  made.health = 0;
  if (parsed.disabled) made.checkState |= check.paused;
  return made;
}

/** [haproxy] proxy.c get_next_id: the lowest that nobody has. */
export function freeId(servers: readonly FakeServer[]): number {
  const taken = new Set(servers.map(({ id }) => id));
  let id = 1;
  while (taken.has(id)) id += 1;
  return id;
}

export function setState(server: FakeServer, state: 'ready' | 'drain' | 'maint', now: number): void {
  const { admin: before, op: opBefore } = server;
  const inMaintenance = (server.admin & admin.maint) !== 0;
  if (state === 'maint') {
    if (!inMaintenance) {
      server.op = op.stopped;
      server.health = 0;
      if ((server.checkState & check.enabled) !== 0) server.checkState |= check.paused;
    }
    server.admin = (server.admin & admin.configMaint) | admin.maint;
  } else {
    if (inMaintenance) {
      if ((server.checkState & check.configured) !== 0) server.health = server.rise;
      if ((server.checkState & check.enabled) !== 0) server.checkState &= ~check.paused;
      server.op = op.running;
    }
    server.admin = (server.admin & admin.configMaint) | (state === 'drain' ? admin.drain : 0);
  }
  if (server.admin !== before || server.op !== opBefore) server.since = now;
}

export function setHealth(server: FakeServer, health: 'up' | 'down' | 'stopping', now: number): void {
  server.health = health === 'down' ? 0 : server.rise + server.fall - 1;
  if ((server.admin & admin.maint) !== 0) return;
  const next = { up: op.running, down: op.stopped, stopping: op.stopping }[health];
  if (server.op !== next) server.since = now;
  server.op = next;
}

/**
 * Its checks run until they have an answer.
 * @param http they ask by HTTP
 * @param counts the first good one is the first of `rise` (3.4)
 */
export function runCheck(
  server: FakeServer,
  alive: boolean,
  http: boolean,
  now: number,
  counts: boolean,
): void {
  const runs = (server.checkState & (check.enabled | check.paused)) === check.enabled;
  if (!runs || (server.admin & admin.maint) !== 0) return;
  const isFirst = server.checkStatus === status.initial;
  server.checkStatus = !alive ? status.refused : http ? status.httpOk : status.connected;
  server.checkResult = alive ? result.passed : result.failed;
  setHealth(server, alive ? 'up' : 'down', now);
  // [haproxy] 3.4 takes it for up at once, and counts on from there.
  if (alive && isFirst && counts) server.health = 1;
}

/** Whether new requests may go to it. */
export const isUsed = ({ admin: bits, op: state, userWeight }: FakeServer): boolean =>
  (bits & (admin.maint | admin.drain)) === 0 &&
  (state === op.running || state === op.starting) &&
  userWeight > 0;

export const stateHeader =
  '# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr srv_agent_port';

/** A line of `show servers state`. */
export function stateLine({ id, name }: FakeBackend, server: FakeServer, now: number): string {
  const { address, fqdn } = server;
  return (
    `${id} ${name} ${server.id} ${server.name} ${address === '' ? '-' : address} ${server.op} ${server.admin} ` +
    `${server.userWeight} ${server.initialWeight} ${Math.floor((now - server.since) / 1000)} ${server.checkStatus} ` +
    `${server.checkResult} ${server.health} ${server.checkState} ${server.agentState} 0 ${server.forcedId ? 1 : 0} ` +
    `${fqdn === '' ? '-' : fqdn} ${server.port} - ${server.ssl ? 1 : 0} ${server.checkPort} - - ${server.agentPort}`
  );
}
