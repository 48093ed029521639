import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { parseEnv, parseInfo } from '../../../src/haproxy/replies/info.ts';
import { parseMap, parseMapList, parseNewVersion } from '../../../src/haproxy/replies/maps.ts';
import { parseProc, servingWorker } from '../../../src/haproxy/replies/proc.ts';
import { parseServersState } from '../../../src/haproxy/replies/servers-state.ts';
import { parseStat } from '../../../src/haproxy/replies/stat.ts';
import { runtimeBatch } from '../../../src/haproxy/cli/runtime-socket.ts';
import { runningOf } from '../../../src/haproxy/control/running.ts';
import { installedVersion, testHaproxy } from '../../support/haproxy.ts';

test('show proc of 2.6 after a failed reload is read, with old workers and programs', () => {
  const table = parseProc(`#<PID>          <type>          <reloads>       <uptime>        <version>      
7917            master          12 [failed: 1]  1d02h03m04s     2.6.12-1+deb12u4
# workers
8551            worker          1               0d00h00m01s     2.6.12-1+deb12u4
# old workers
8000            worker          5               0d00h10m00s     2.6.12-1+deb12u4
8100            worker          4               0d00h09m00s     
# programs
9000            dataplane       0               0d00h00m01s     -

`);
  expect(table).toEqual({
    master: { pid: 7917, reloads: 12, failed: 1, uptimeSeconds: 93_784, version: '2.6.12-1+deb12u4' },
    workers: [{ pid: 8551, reloads: 1, uptimeSeconds: 1 }],
    oldWorkers: [
      { pid: 8000, reloads: 5, uptimeSeconds: 600 },
      { pid: 8100, reloads: 4, uptimeSeconds: 540 },
    ],
  });
  expect(servingWorker(table!)).toMatchObject({ pid: 8551 });
});

test('show proc of 3.4 after a failed reload lists the serving worker as old', () => {
  const table = parseProc(`#<PID>          <type>          <reloads>       <uptime>        <version>
100             master          2 [failed: 1]   0d00h00m17s     3.4.0
# workers
# old workers
200             worker          3               0d00h01m01s     3.4.0
210             worker          1               0d00h00m11s     3.4.0
`);
  expect(table).toMatchObject({ workers: [], master: { failed: 1 } });
  expect(servingWorker(table!)).toMatchObject({ pid: 210 });
});

test.each(['', 'Unknown command', '#<PID> <type>\n', '100 master 2 [fail'])(
  'the text %j is not a process table',
  (text) => {
    expect(parseProc(text)).toBeUndefined();
  },
);

test('show servers state is read by the names of its columns', () => {
  const text = `1
# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr srv_agent_port
3 b 1 s1 10.0.0.5 2 0 1 2 5 6 3 4 6 0 0 0 - 31001 - 0 0 - - 0
3 b 2 s2 - 0 5 1 1 5 1 0 0 14 0 0 0 - 0 - 0 0 - - 0
3 b 3 s3 10.0.0.6 2 12 1 1 5 1 2 0 6 0 0 0 - 31002 - 0 0 - - 0
3 b 4 cut
`;
  expect(parseServersState(text)).toEqual([
    {
      backend: 'b',
      server: 's1',
      address: '10.0.0.5',
      port: 31_001,
      operational: 'running',
      admin: 'ready',
      weight: 1,
      initialWeight: 2,
      checkEnabled: true,
      check: 'passed',
      id: 1,
    },
    {
      backend: 'b',
      server: 's2',
      address: '',
      port: 0,
      operational: 'stopped',
      admin: 'maint',
      weight: 1,
      initialWeight: 1,
      checkEnabled: true,
      check: 'unknown',
      id: 2,
    },
    {
      backend: 'b',
      server: 's3',
      address: '10.0.0.6',
      port: 31_002,
      operational: 'running',
      admin: 'drain',
      weight: 1,
      initialWeight: 1,
      checkEnabled: true,
      check: 'failed',
      id: 3,
    },
  ]);
  expect(parseServersState("Can't find backend.")).toEqual([]);
});

test('maps are read: the list, the entries, and the prepared version', () => {
  expect(
    parseMapList(
      "# id (file) description\n0 (maps/a.map) pattern loaded from file 'maps/a.map' used by map at file '/c/haproxy.cfg' line 12. curr_ver=3 next_ver=4 entry_cnt=7\n-1 () x",
    ),
  ).toEqual([{ id: 0, file: 'maps/a.map', currentVersion: 3, nextVersion: 4, entries: 7 }]);
  expect(parseMap('0x56 h.com/a/ team_web_10001\n0x57 k \n\n')).toEqual([
    { ref: '0x56', key: 'h.com/a/', value: 'team_web_10001' },
    { ref: '0x57', key: 'k', value: '' },
  ]);
  expect(parseNewVersion('New version created: 12')).toBe(12);
  expect(parseNewVersion('Unknown map')).toBeUndefined();
});

test('variables are read, set or not', () => {
  expect(parseEnv('PACER_HASH=a=b\n', 'PACER_HASH')).toBe('a=b');
  expect(parseEnv('Variable not found\n', 'PACER_HASH')).toBeUndefined();
});

test('statistics are read by the names of their columns, quoted or not', () => {
  const rows = parseStat(`# pxname,svname,qcur,scur,status,type,last_chk,
web,FRONTEND,,2,OPEN,0,,
b,s1,0,1,UP 1/3,2,"a ""b"", c",
b,BACKEND,0,,UP,1,,
`);
  expect(
    rows.map(({ proxy, name, kind, status, currentSessions }) => [
      proxy,
      name,
      kind,
      status,
      currentSessions,
    ]),
  ).toEqual([
    ['web', 'FRONTEND', 'frontend', 'OPEN', 2],
    ['b', 's1', 'server', 'UP 1/3', 1],
    ['b', 'BACKEND', 'backend', 'UP', 0],
  ]);
  expect(rows[1]?.value('last_chk')).toBe('a "b", c');
  expect(rows[1]?.value('nosuch')).toBeUndefined();
  expect(parseStat('')).toEqual([]);
});

test('a real HAProxy replies as the parsers expect', async () => {
  const { control, publish, runtimeSocket, masterSocket } = await testHaproxy();
  const backend = `backend b
  server off 127.0.0.1:7 disabled
  server on 127.0.0.1:8 weight 7
  server leaving 127.0.0.1:9 check inter 60s
`;
  const { hash, file } = await publish(1, 'one', backend);
  await control.start(file, hash);
  const setup = ['set server b/leaving state drain'];
  const shows = [
    'show servers state',
    'show map',
    'show map maps/hosts.map',
    'show info',
    'show env PACER_HASH',
    'show stat',
  ];
  const texts = (await runtimeBatch(runtimeSocket, [...setup, ...shows])).slice(1).map(({ text }) => text);
  const [servers = '', list = '', map = '', info = '', env = '', stat = ''] = texts;
  expect(parseServersState(servers)).toMatchObject([
    { backend: 'b', server: 'off', admin: 'maint', port: 7, operational: 'stopped' },
    { server: 'on', admin: 'ready', weight: 7, address: '127.0.0.1', checkEnabled: false },
    { server: 'leaving', admin: 'drain', checkEnabled: true },
  ]);
  expect(parseMapList(list)).toMatchObject([{ file: 'maps/hosts.map', entries: 1 }]);
  expect(parseMap(map)).toMatchObject([{ key: 'h', value: 'one' }]);
  expect(parseInfo(info)).toMatchObject({
    stopping: false,
    version: expect.stringContaining(installedVersion.version) as string,
  });
  expect(parseInfo(info).pid).toBe(runningOf(await control.running())?.workerPid);
  expect(parseInfo(info).fileLimit).toBeGreaterThan(1000);
  expect(parseEnv(env, 'PACER_HASH')).toBe(hash);
  expect(parseStat(stat).find(({ name }) => name === 'on')).toMatchObject({
    proxy: 'b',
    kind: 'server',
    status: 'no check',
  });
  const [proc] = await runtimeBatch(masterSocket, ['show proc'], { master: true });
  expect(parseProc(proc?.text ?? '')).toMatchObject({
    master: { reloads: 0, failed: 0 },
    workers: [{ reloads: 0 }],
    oldWorkers: [],
  });
});

test('a server that the configuration disables is ready after it was enabled at runtime', async () => {
  const { control, publish } = await testHaproxy();
  const { hash, file } = await publish(1, 'one', 'backend b\n  server-template t 1-1 127.0.0.1:1 disabled\n');
  await control.start(file, hash);
  const [, state] = await control.runtime(['set server b/t1 state ready', 'show servers state']);
  expect(parseServersState(state?.text ?? '')).toMatchObject([{ server: 't1', admin: 'ready' }]);
});

test('an old worker that still has a connection is listed as an old one', async () => {
  const { control, publish, port } = await testHaproxy();
  const { hash, file } = await publish(1, 'one');
  await control.start(file, hash);
  const { workerPid } = runningOf(await control.running())!;
  const client = connect(port, '127.0.0.1');
  client.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
  await new Promise((resolve) => client.once('data', resolve));
  const next = await publish(2, 'two');
  expect(await control.reload(next.hash)).toMatchObject({ kind: 'done', oldWorkers: 1 });
  expect(runningOf(await control.running())).toMatchObject({ oldWorkers: [{ pid: workerPid, reloads: 1 }] });
  client.destroy();
});
