/** What tells of the process: `show info`, `show env`, `show version`, `show stat`; variables; switches of the session. */
import type { FakeServer, FakeWorker } from '../worker.ts';
import { admin, check, op } from '../worker.ts';
import { failed, shown, silent, told, type Command } from './answer.ts';

/** Those lines that do not change by themselves, and what Pacer reads; counters are left out. */
export const showInfo: Command = (_, { worker, now }) => {
  const seconds = Math.floor((now - worker.startedAt) / 1000);
  const lines = {
    Name: 'HAProxy',
    Version: worker.versionText,
    Pid: worker.pid,
    Uptime: `${Math.floor(seconds / 86_400)}d ${Math.floor(seconds / 3600) % 24}h${two((seconds / 60) % 60)}m${two(seconds % 60)}s`,
    Uptime_sec: seconds,
    'Ulimit-n': worker.maxsock,
    Maxsock: worker.maxsock,
    CurrConns: sessionsOf(worker),
    Stopping: worker.stopping ? 1 : 0,
  };
  return shown(
    Object.entries(lines)
      .map(([name, value]) => `${name}: ${value}\n`)
      .join(''),
  );
};

const two = (n: number): string => String(Math.floor(n)).padStart(2, '0');

export const sessionsOf = ({ backends }: FakeWorker): number => {
  let sum = 0;
  for (const { servers } of backends.values()) for (const { sessions } of servers) sum += sessions;
  return sum;
};

export const showEnv: Command = ([name], { worker }) => {
  if (name === undefined)
    return shown([...worker.environment].map(([each, value]) => `${each}=${value}\n`).join(''));
  const value = worker.environment.get(name);
  return value === undefined ? failed('Variable not found') : shown(`${name}=${value}\n`);
};

export const showVersion: Command = (_, { worker }) => told(worker.versionText);

/** Only the columns that Pacer or a test reads, by their names. */
export const showStat: Command = (_, { worker }) => {
  const lines = ['# pxname,svname,scur,status,weight,iid,sid,type,addr,cookie,mode,'];
  for (const { name, binds } of worker.frontends)
    if (binds.length > 0) lines.push(`${name},FRONTEND,0,OPEN,,,,0,,,,`);
  for (const { id, name, servers, mode } of worker.backends.values()) {
    for (const server of servers)
      lines.push(
        `${name},${server.name},${server.sessions},${statusOf(server)},${server.userWeight},${id},${server.id},2,${server.address}:${server.port},${server.cookie},${mode},`,
      );
    lines.push(`${name},BACKEND,0,UP,,${id},0,1,,,${mode},`);
  }
  return shown(`${lines.join('\n')}\n`);
};

function statusOf(server: FakeServer): string {
  if ((server.admin & admin.maint) !== 0) return 'MAINT';
  if (server.op === op.stopped) return 'DOWN';
  if (server.op === op.stopping) return 'NOLB';
  if ((server.admin & admin.drain) !== 0) return 'DRAIN';
  return (server.checkState & check.enabled) === 0 ? 'no check' : 'UP';
}

export const getVar: Command = ([name], { worker }) => {
  if (name === undefined) return failed('Missing process-wide variable identifier.');
  const found = worker.variables.get(name);
  return found === undefined
    ? failed('Variable not found.')
    : told(`${name}: type=${found.type} value=<${found.value}>`);
};

export const setVar: Command = ([name = '', expression], { worker, session }) => {
  if (!session.experimental) return failed('This command is restricted to experimental mode only.');
  if (!name.startsWith('proc.'))
    return failed(`'set var': cannot set variable '${name}', only scope 'proc' is permitted here.`);
  if (expression === undefined) return failed("Missing either 'expr', 'fmt' or expression.");
  const [, fetch = '', argument = ''] = /^([a-z_]+)(?:\((.*)\))?$/.exec(expression) ?? [];
  if (fetch !== 'str' && fetch !== 'int') return failed(`unknown fetch method '${fetch}'`);
  worker.variables.set(name, { type: fetch === 'int' ? 'sint' : 'str', value: argument });
  return silent;
};

export const experimentalMode: Command = ([state], { session }) => {
  if (state === undefined) return told(`experimental-mode is ${session.experimental ? 'ON' : 'OFF'}`);
  session.experimental = state === 'on';
  return silent;
};
