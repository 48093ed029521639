/** Asks HAProxy again and again for one virtual host, each time over a new connection, and tells who answered. */
import { connect, type Socket } from 'node:net';
import { now } from './messages.ts';

export interface ProbeAnswer {
  /** The task that answered; undefined when there was no answer, or not one of a sample task. */
  readonly task: string | undefined;
  /** What came instead. */
  readonly failure: string | undefined;
  /** `now()` when the answer's first bytes were here. */
  readonly at: number;
}

export interface Probing {
  readonly stop: () => void;
}

/** Probes begun each millisecond: round robin comes to a new server only after the others of its backend. */
const eachTick = 2;
/** So that a HAProxy that stalls for a moment is not met by a crowd of connections after it. */
const mostInFlight = 8;
const patienceMs = 5000;

export function startProbing(port: number, host: string, onAnswer: (answer: ProbeAnswer) => void): Probing {
  const open = new Set<Socket>();
  const timer = setInterval(() => {
    for (let i = 0; i < eachTick && open.size < mostInFlight; i++) {
      const socket: Socket = probe(port, host, (answer) => {
        open.delete(socket);
        onAnswer(answer);
      });
      open.add(socket);
    }
  }, 1);
  return {
    stop: () => {
      clearInterval(timer);
      for (const socket of open) socket.destroy();
    },
  };
}

/** Not told at all when it is destroyed from outside. */
function probe(port: number, host: string, onAnswer: (answer: ProbeAnswer) => void): Socket {
  let text = '';
  let told = false;
  const tell = (answer: Omit<ProbeAnswer, 'at'>) => {
    if (told) return;
    told = true;
    onAnswer({ ...answer, at: now() });
    socket.destroy();
  };
  const fail = (failure: string) => tell({ task: undefined, failure });
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  socket.setTimeout(patienceMs, () => fail(`no answer within ${patienceMs} ms`));
  socket.write(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  socket.setEncoding('latin1');
  socket.on('data', (chunk: string) => {
    text += chunk;
    const task = /"task":"([^"]+)"/.exec(text)?.[1];
    if (task !== undefined) tell({ task, failure: undefined });
  });
  socket.on('error', ({ message }) => fail(message));
  socket.on('end', () =>
    fail(text === '' ? 'closed without an answer' : text.slice(0, text.indexOf('\r\n'))),
  );
  return socket;
}
