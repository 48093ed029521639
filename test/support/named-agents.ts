/** A Marathon whose agents have host names: what the simulator says, with other hosts for the tasks of some apps. */
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface NamedAgents {
  readonly url: string;
  readonly close: () => Promise<void>;
}

/** @param nameOf the host of an app's tasks; undefined = as the simulator says */
export async function nameAgents(
  marathon: () => string,
  nameOf: (appId: string) => string | undefined,
): Promise<NamedAgents> {
  const renamed = (text: string): string => {
    if (!text.startsWith('{')) return text;
    const parsed = JSON.parse(text, (_, value: unknown) => {
      if (typeof value !== 'object' || value === null || !('host' in value) || !('appId' in value))
        return value;
      return { ...value, host: nameOf(String(value.appId)) ?? value.host };
    }) as unknown;
    return JSON.stringify(parsed);
  };
  const server = createServer((request, response) => pass(request, response, marathon(), renamed));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function pass(
  request: IncomingMessage,
  response: ServerResponse,
  marathon: string,
  renamed: (text: string) => string,
): void {
  const headers = { ...request.headers, 'accept-encoding': 'identity' };
  const forward = httpRequest(
    new URL(request.url ?? '/', marathon),
    { method: request.method, headers, agent: false },
    (answer) => {
      const isStream = String(answer.headers['content-type']).startsWith('text/event-stream');
      const { 'content-length': _, ...shown } = answer.headers;
      response.writeHead(answer.statusCode ?? 502, shown);
      response.flushHeaders();
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk: string) => {
        text += chunk;
        for (let end = text.indexOf('\n'); isStream && end >= 0; end = text.indexOf('\n')) {
          const line = text.slice(0, end);
          text = text.slice(end + 1);
          const data = /^data: (.*?)(\r?)$/.exec(line);
          response.write(`${data === null ? line : `data: ${renamed(data[1] ?? '')}${data[2] ?? ''}`}\n`);
        }
      });
      answer.on('end', () => response.end(isStream ? text : renamed(text)));
      answer.on('error', () => response.destroy());
    },
  );
  forward.on('error', () => response.destroy());
  response.on('close', () => forward.destroy());
  request.pipe(forward);
}
