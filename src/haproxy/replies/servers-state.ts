/** Parses `show servers state`. Pure. */

/** The state of one server. */
export interface ServerState {
  readonly backend: string;
  readonly server: string;
  /** Empty if the server has a host name that is not resolved. */
  readonly address: string;
  readonly port: number;
  /** Whether it is in service, according to HAProxy's checks. */
  readonly operational: 'stopped' | 'starting' | 'running' | 'stopping';
  /** What was set at runtime or by the configuration, without what a tracked server passes on. */
  readonly admin: 'ready' | 'drain' | 'maint';
  /** The effective weight now, including slow start and percentages. */
  readonly weight: number;
  readonly initialWeight: number;
  /** Whether health checks are enabled. */
  readonly checkEnabled: boolean;
  /** The result of the last checks. */
  readonly check: 'unknown' | 'neutral' | 'failed' | 'passed' | 'conditional';
  readonly id: number;
}

const operational = ['stopped', 'starting', 'running', 'stopping'] as const;
const results = ['unknown', 'neutral', 'failed', 'passed', 'conditional'] as const;

const headerStart = '# be_id';

/** Whether it is the table at all, with servers or without; an empty reply is not. */
export const isServersState = (text: string): boolean =>
  text.split('\n').some((line) => line.startsWith(headerStart));

/**
 * Columns are found by their names, because later versions add some. Lines that do not fit are left out.
 * [haproxy] management.txt 9.3 "show servers state"; the bits are in server-t.h (SRV_ADMF_*) and check-t.h (CHK_ST_*).
 */
export function parseServersState(text: string): ServerState[] {
  const lines = text.split('\n');
  const header = lines.find((line) => line.startsWith(headerStart)) ?? '';
  const names = header.slice(2).trim().split(' ');
  const at = (name: string) => names.indexOf(name);
  const [backend, server, address, port, op, admin] = [
    'be_name',
    'srv_name',
    'srv_addr',
    'srv_port',
    'srv_op_state',
    'srv_admin_state',
  ].map(at);
  const [uweight, iweight, checkState, checkResult, id] = [
    'srv_uweight',
    'srv_iweight',
    'srv_check_state',
    'srv_check_result',
    'srv_id',
  ].map(at);
  return lines.flatMap((line) => {
    const cells = line.split(' ');
    if (header === '' || line.startsWith('#') || cells.length < names.length - 1) return [];
    const cell = (index: number | undefined) => cells[index ?? -1] ?? '';
    const number = (index: number | undefined) => Number(cell(index));
    return {
      backend: cell(backend),
      server: cell(server),
      address: cell(address) === '-' ? '' : cell(address),
      port: number(port),
      operational: operational[number(op)] ?? 'stopped',
      admin: adminOf(number(admin)),
      weight: number(uweight),
      initialWeight: number(iweight),
      checkEnabled: (number(checkState) & 0x04) !== 0,
      check: results[number(checkResult)] ?? 'unknown',
      id: number(id),
    };
  });
}

function adminOf(bits: number): ServerState['admin'] {
  // FMAINT 0x01, RMAINT 0x20 (a name that does not resolve); FDRAIN 0x08. IMAINT 0x02 and IDRAIN 0x10 come from a
  // tracked server. CMAINT 0x04 only says that the configuration had `disabled`: it stays when the server is made
  // ready.
  if ((bits & 0x21) !== 0) return 'maint';
  return (bits & 0x08) !== 0 ? 'drain' : 'ready';
}
