/** Parses `show info`, `show env NAME` and `show version`. Pure. */

/** What a worker reports about itself. */
export interface WorkerInfo {
  readonly version: string;
  readonly pid: number;
  readonly uptimeSeconds: number;
  /** The worker only finishes its connections; a newer worker serves. */
  readonly stopping: boolean;
  readonly currentConnections: number;
  /** The limit of open files. */
  readonly fileLimit: number;
  /** All fields, by HAProxy's names. */
  readonly all: ReadonlyMap<string, string>;
}

/** [haproxy] management.txt 9.3 "show info": `Name: value` lines. */
export function parseInfo(text: string): WorkerInfo {
  const all = new Map<string, string>();
  for (const line of text.split('\n')) {
    const colon = line.indexOf(': ');
    if (colon > 0) all.set(line.slice(0, colon), line.slice(colon + 2).trim());
  }
  const number = (name: string) => Number(all.get(name) ?? 0);
  return {
    version: all.get('Version') ?? '',
    pid: number('Pid'),
    uptimeSeconds: number('Uptime_sec'),
    stopping: number('Stopping') !== 0,
    currentConnections: number('CurrConns'),
    fileLimit: number('Ulimit-n'),
    all,
  };
}

/** The value in the reply to `show env NAME`; undefined if the variable is not set ("Variable not found"). */
export function parseEnv(text: string, name: string): string | undefined {
  const line = text.split('\n').find((each) => each.startsWith(`${name}=`));
  return line?.slice(name.length + 1).trimEnd();
}
