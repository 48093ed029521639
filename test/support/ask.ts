/** One request, any headers, any method; over TLS with a client certificate where one is given. */
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';

export interface AskOptions {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

export function ask(
  url: string,
  { method = 'GET', headers = {}, body, ...tls }: AskOptions = {},
): Promise<{ status: number; headers: Record<string, string | string[] | undefined>; text: string }> {
  return new Promise((resolve, reject) => {
    const options = { method, headers, agent: false as const };
    const request = url.startsWith('https:')
      ? httpsRequest(url, { ...options, ...tls, servername: 'localhost' })
      : httpRequest(url, options);
    let answered = false;
    // A server that has answered may close before it has read everything.
    request.once('error', (error) => answered || reject(error));
    request.once('response', (response) => {
      answered = true;
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.once('error', reject);
      response.once('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
      );
    });
    request.end(body);
  });
}
