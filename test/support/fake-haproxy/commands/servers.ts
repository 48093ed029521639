/** `add server`, `del server`, `set server`, `enable`, `disable`, `shutdown sessions server`, `show servers state`. */
import { isIPv4, isIPv6 } from 'node:net';
import { emptyServer, parseServerWords } from '../server-words.ts';
import { addedServer, setHealth, setState, stateHeader, stateLine } from '../servers.ts';
import { admin, check, since, type FakeBackend, type FakeServer, type FakeWorker } from '../worker.ts';
import { failed, notice, shown, silent, told, type Answer, type Command } from './answer.ts';

type Found = { readonly backend: FakeBackend; readonly server: FakeServer } | Answer;

function find(worker: FakeWorker, path: string | undefined): Found {
  const [name = '', serverName] = path?.split('/') ?? [];
  if (serverName === undefined) return failed("Require 'backend/server'.");
  const backend = worker.backends.get(name);
  if (backend === undefined) return failed('No such backend.');
  const server = backend.servers.find((each) => each.name === serverName);
  return server === undefined ? failed('No such server.') : { backend, server };
}

/** A command about one server. */
const onServer =
  (
    work: (
      found: { backend: FakeBackend; server: FakeServer },
      words: readonly string[],
      now: number,
      worker: FakeWorker,
    ) => Answer,
  ): Command =>
  ([path, ...words], { worker, now }) => {
    const found = find(worker, path);
    return 'server' in found ? work(found, words, now, worker) : found;
  };

export const addServer: Command = ([path, ...words], { worker, now }) => {
  const [backendName = '', name] = path?.split('/') ?? [];
  if (name === undefined) return failed("Require 'backend/server'.");
  const backend = worker.backends.get(backendName);
  if (backend === undefined) return failed('No such backend.');
  if (!backend.dynamic)
    return failed(
      since(worker, 3, 4)
        ? `Backend does not support dynamic servers : backend '${backendName}' uses a non dynamic load balancing method.`
        : 'Backend must use a dynamic load balancing to support dynamic servers.',
    );
  const isTaken = backend.servers.some((server) => server.name === name);
  const taken = failed('Already exists a server with the same name in backend.');
  // [haproxy] 3.4 looks at the name before the words.
  if (isTaken && since(worker, 3, 4)) return taken;
  const parsed = emptyServer();
  const owner = (id: number) => {
    const other = backend.servers.find((server) => server.id === id);
    if (other === undefined) return undefined;
    const place = other.line === undefined ? '(null):0' : `${worker.configFile}:${other.line}`;
    return `${place} ('server ${other.name}')`;
  };
  const refused = worker.capabilities.refusedServerWords;
  const problem = parseServerWords(name, words, worker, refused, owner, parsed);
  if (problem !== undefined) return failed(problem);
  if (isTaken) return taken;
  const server = addedServer({ name, parsed, words: words.slice(1), version: worker.version, backend, now });
  // [haproxy] 3.4: the newest comes first in a backend that was itself added at runtime.
  if (backend.atRuntime) backend.servers.unshift(server);
  else backend.servers.push(server);
  return told('New server registered.');
};

export const deleteServer: Command = onServer(({ backend, server }) => {
  if (server.pinned)
    return failed(
      'This server cannot be removed at runtime due to other configuration elements pointing to it.',
    );
  if ((server.admin & admin.maint) === 0) return failed('Only servers in maintenance mode can be deleted.');
  if (server.sessions > 0) return failed('Server still has connections attached to it, cannot remove it.');
  backend.servers.splice(backend.servers.indexOf(server), 1);
  return told('Server deleted.');
});

const usage =
  'usage: set server <backend>/<server> addr | agent | agent-addr | agent-port | agent-send | check-addr | check-port | fqdn | health | ssl | state | weight';

export const setServer: Command = onServer(({ backend, server }, [what, ...values], now, worker) => {
  const [value = ''] = values;
  switch (what) {
    case 'state':
      if (value !== 'ready' && value !== 'drain' && value !== 'maint')
        return failed("'set server <srv> state' expects 'ready', 'drain' and 'maint'.");
      setState(server, value, now);
      return silent;
    case 'health':
      if (value !== 'up' && value !== 'down' && value !== 'stopping')
        return failed("'set server <srv> health' expects 'up', 'stopping', or 'down'.");
      setHealth(server, value, now);
      return silent;
    case 'weight':
      return setWeight(backend, server, value);
    case 'addr':
      return setAddress(server, values, worker);
    case 'check-port':
      server.checkPort = Number(value);
      return silent;
    case 'fqdn':
      return failed('set server <b>/<s> fqdn failed because no resolution is configured.');
    default:
      return failed(usage);
  }
});

function setWeight({ dynamic, balance }: FakeBackend, server: FakeServer, text: string): Answer {
  if (text === '') return failed('Require <weight> or <weight%>.');
  const [, digits, rest = ''] = /^(-?\d+)(.*)$/.exec(text) ?? [];
  if (digits === undefined) return failed('Empty weight string empty or preceded by garbage');
  let weight = Number(digits);
  if (rest === '%') {
    if (weight < 0) return failed('Relative weight must be positive.');
    weight = Math.min(256, Math.floor((server.initialWeight * Math.min(weight, 25_600)) / 100));
  } else if (weight < 0 || weight > 256)
    return failed('Absolute weight can only be between 0 and 256 inclusive.');
  else if (rest !== '') return failed('Trailing garbage in weight string');
  if (weight !== 0 && weight !== server.initialWeight && !dynamic && balance !== 'first')
    return failed("Backend is using a static LB algorithm and only accepts weights '0%' and '100%'.");
  server.userWeight = weight;
  return silent;
}

function setAddress(
  server: FakeServer,
  [address, word, port]: readonly string[],
  worker: FakeWorker,
): Answer {
  if (address === undefined)
    return failed('set server <b>/<s> addr requires an address and optionally a port.');
  const old = !since(worker, 3, 0);
  const by = " by 'stats socket command'";
  if (!isIPv4(address) && !isIPv6(address)) return notice(`Invalid addr '${address}'${old ? by : ''}`);
  const parts: string[] = [];
  if (server.address !== address) parts.push(`IP changed from '${server.address}' to '${address}'`);
  else if (old) parts.push('no need to change the addr');
  server.address = address;
  if (word === 'port' && port !== undefined) {
    const next = Number(port) & 0xffff;
    if (server.port !== next) parts.push(`port changed from '${server.port}' to '${next}'`);
    else if (old) parts.push('no need to change the port');
    server.port = next;
  }
  return notice(parts.length === 0 ? 'nothing changed' : `${parts.join(', ')}${by}`);
}

export const enableServer: Command = onServer(({ server }, _, now) => {
  setState(server, 'ready', now);
  return silent;
});
export const disableServer: Command = onServer(({ server }, _, now) => {
  setState(server, 'maint', now);
  return silent;
});
export const enableHealth: Command = onServer(({ server }) => {
  if ((server.checkState & check.configured) === 0)
    return failed('Health check was not configured on this server, cannot enable.');
  server.checkState |= check.enabled;
  return silent;
});
export const disableHealth: Command = onServer(({ server }) => {
  server.checkState &= ~check.enabled;
  return silent;
});
export const enableAgent: Command = onServer(({ server }) =>
  server.agentState === 0 ? failed('Agent was not configured on this server, cannot enable.') : silent,
);
export const disableAgent: Command = onServer(() => silent);

export const shutdownSessions: Command = onServer(({ server }) => {
  server.sessions = 0;
  return silent;
});

export const showServersState: Command = ([name], { worker, now }) => {
  const backend = name === undefined ? undefined : worker.backends.get(name);
  if (name !== undefined && backend === undefined) return failed("Can't find backend.");
  const lines = ['1', stateHeader];
  for (const each of backend === undefined ? worker.backends.values() : [backend])
    for (const server of each.servers) lines.push(stateLine(each, server, now));
  return shown(`${lines.join('\n')}\n`);
};
