/** Whether there is somebody behind a unix socket, without asking anything. */
import { connect } from 'node:net';
import { codeOf } from '../files/durable.ts';

/**
 * Whether somebody listens on a socket: a connection that is neither refused at once nor without a file.
 * A path too long to connect to is nobody's.
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

/** [linux] connect(2), unix(7) */
const nobody = new Set(['ENOENT', 'ECONNREFUSED', 'ENOTSOCK', 'ENOTDIR', 'EINVAL', 'ENAMETOOLONG']);
