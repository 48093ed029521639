/** Whether a program listens on a unix socket, without sending anything. */
import { connect } from 'node:net';
import { codeOf } from '../files/durable.ts';

/**
 * Whether a program listens on the socket: the connection is not refused at once, and the file exists. A path too long
 * to connect to has no listener.
 */
export function listens(socketPath: string, timeoutMs = 1_000): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path: socketPath });
    const end = (answer: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    const timer = setTimeout(() => end(true), timeoutMs);
    socket.once('connect', () => end(true));
    socket.once('error', (error) => end(!nobody.has(codeOf(error) ?? '')));
  });
}

/** Errors that mean that nobody listens. [linux] connect(2), unix(7) */
const nobody = new Set(['ENOENT', 'ECONNREFUSED', 'ENOTSOCK', 'ENOTDIR', 'EINVAL', 'ENAMETOOLONG']);
