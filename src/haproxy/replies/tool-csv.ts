/**
 * The statistics as tools of marathon-lb's time read them. They make a record with a field for each column of the
 * header, which a column named `-` is no name for, and put the rows of several load balancers under the header of one.
 * So the columns are the same whatever HAProxy's version, and no value is quoted. Pure.
 */

/** Those that HAProxy 2.6 has before `-`, where each of its modules adds some. [haproxy] management.txt 9.1 */
export const toolColumns: readonly string[] = [
  ...['pxname', 'svname', 'qcur', 'qmax', 'scur', 'smax', 'slim', 'stot', 'bin', 'bout', 'dreq', 'dresp'],
  ...['ereq', 'econ', 'eresp', 'wretr', 'wredis', 'status', 'weight', 'act', 'bck', 'chkfail', 'chkdown'],
  ...['lastchg', 'downtime', 'qlimit', 'pid', 'iid', 'sid', 'throttle', 'lbtot', 'tracked', 'type', 'rate'],
  ...['rate_lim', 'rate_max', 'check_status', 'check_code', 'check_duration', 'hrsp_1xx', 'hrsp_2xx'],
  ...['hrsp_3xx', 'hrsp_4xx', 'hrsp_5xx', 'hrsp_other', 'hanafail', 'req_rate', 'req_rate_max', 'req_tot'],
  ...['cli_abrt', 'srv_abrt', 'comp_in', 'comp_out', 'comp_byp', 'comp_rsp', 'lastsess', 'last_chk'],
  ...['last_agt', 'qtime', 'ctime', 'rtime', 'ttime', 'agent_status', 'agent_code', 'agent_duration'],
  ...['check_desc', 'agent_desc', 'check_rise', 'check_fall', 'check_health', 'agent_rise', 'agent_fall'],
  ...['agent_health', 'addr', 'cookie', 'mode', 'algo', 'conn_rate', 'conn_rate_max', 'conn_tot'],
  ...['intercepted', 'dcon', 'dses', 'wrew', 'connect', 'reuse', 'cache_lookups', 'cache_hits', 'srv_icur'],
  ...['src_ilim', 'qtime_max', 'ctime_max', 'rtime_max', 'ttime_max', 'eint', 'idle_conn_cur'],
  ...['safe_conn_cur', 'used_conn_cur', 'need_conn_est', 'uweight', 'agg_server_status'],
  ...['agg_server_check_status', 'agg_check_status'],
];

/** How many rows are rewritten in one go: some ten milliseconds. */
const rowsAtOnce = 10_000;

/**
 * @param csv what `show stat` says
 * @param pause lets others go on between two portions
 * @returns a line for each row, each with its newline; undefined where it is no statistics
 */
export async function toolCsv(csv: string, pause: () => Promise<unknown>): Promise<string | undefined> {
  const [header = '', ...rows] = unquoted(csv)
    .split('\n')
    .filter((line) => line !== '');
  if (!header.startsWith('# ')) return undefined;
  const row = rowOf(header.slice(2).replace(/,$/, '').split(','));
  const portions = [`# ${toolColumns.join(',')},\n`];
  for (let start = 0; start < rows.length; start += rowsAtOnce) {
    if (start > 0) await pause();
    portions.push(
      rows
        .slice(start, start + rowsAtOnce)
        .map((line) => `${row(line)},\n`)
        .join(''),
    );
  }
  return portions.join('');
}

/** What was quoted, without what it was quoted for; and no apostrophe, which is a quote to some readers. */
const unquoted = (csv: string): string =>
  csv
    .replaceAll(/"(?:[^"]|"")*"/g, (field) =>
      field
        .slice(1, -1)
        .replaceAll('"', '')
        .replaceAll(',', ';')
        .replaceAll(/[\r\n]+/g, ' '),
    )
    .replaceAll("'", '');

function rowOf(columns: readonly string[]): (line: string) => string {
  const beyond = columns.length - toolColumns.length;
  if (toolColumns.every((name, index) => columns[index] === name)) return (line) => withoutLast(line, beyond);
  const places = toolColumns.map((name) => columns.indexOf(name));
  return (line) => {
    const cells = line.split(',');
    return places.map((place) => cells[place] ?? '').join(',');
  };
}

/** A line without its last cells, of which each but the last of HAProxy's is followed by a comma, as that one is. */
function withoutLast(line: string, count: number): string {
  let end = line.length;
  for (let left = count + 1; left > 0; left--) end = line.lastIndexOf(',', end - 1);
  return line.slice(0, end);
}
