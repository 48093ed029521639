/** One request on a TLS connection that was made for another name perhaps. */
import { connect, type ConnectionOptions } from 'node:tls';

export interface TlsAsk {
  /** Of HAProxy. */
  readonly port: number;
  /** What the connection is made for; '' for a client that says no name. */
  readonly sni: string;
  readonly host: string;
  readonly path?: string;
  /** A client certificate, say. */
  readonly options?: ConnectionOptions;
}

/** The whole answer as it came. Rejects where TLS is refused: a client learns that only by reading. */
export function askTls({ port, sni, host, path = '/', options = {} }: TlsAsk): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      ...{ host: '127.0.0.1', port, servername: sni, rejectUnauthorized: false },
      ...options,
    });
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => (text += chunk));
    socket.once('error', reject);
    socket.once('close', () => (text === '' ? reject(new Error('closed without an answer')) : resolve(text)));
    socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  });
}

/** NaN for what is no answer of HTTP/1.1. */
export const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]);
