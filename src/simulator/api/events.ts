/** GET /v2/events: the head is written by hand on the socket, so that the bytes are those of Marathon. */
import type { IncomingMessage } from 'node:http';
import type { Bus } from '../faults/bus.ts';
import { event } from '../faults/events.ts';
import type { Faults } from '../faults/faults.ts';
import { EventStream, type StreamOptions } from '../faults/stream.ts';

export interface EventsContext {
  readonly bus: Bus;
  readonly faults: Faults;
  readonly streams: Set<EventStream>;
  readonly leaderUrl: () => string;
  readonly options: Omit<StreamOptions, 'types'>;
}

/** [marathon] A header line of exactly this text; a list that contains it is not enough. */
export function asksForEvents(request: IncomingMessage): boolean {
  const lines = request.rawHeaders;
  return lines.some(
    (name, i) => i % 2 === 0 && name.toLowerCase() === 'accept' && lines[i + 1] === 'text/event-stream',
  );
}

/** [marathon] Jetty's page for a method that the servlet does not know. */
export const notAnEventStream = `<html>
<head>
<meta http-equiv="Content-Type" content="text/html;charset=utf-8"/>
<title>Error 405 HTTP method GET is not supported by this URL</title>
</head>
<body><h2>HTTP ERROR 405</h2>
<p>Problem accessing /v2/events. Reason:
<pre>    HTTP method GET is not supported by this URL</pre></p><hr><a href="http://eclipse.org/jetty">Powered by Jetty:// 9.4.8.v20171121</a><hr/>
</body>
</html>
`;

export function openEventStream(
  context: EventsContext,
  request: IncomingMessage,
  query: URLSearchParams,
): void {
  const { bus, faults, streams, options } = context;
  const { socket } = request;
  socket.write(
    [
      'HTTP/1.1 200 OK',
      `X-Marathon-Leader: ${context.leaderUrl()}`,
      'X-Frame-Options: DENY',
      'X-XSS-Protection: 1; mode=block',
      'Cache-Control: no-cache, no-store, must-revalidate',
      'Pragma: no-cache',
      'Expires: 0',
      'Content-Type: text/event-stream;charset=utf-8',
      // [marathon] Jetty says so on purpose: the body is not chunked and ends with the connection.
      'Connection: close',
      '\r\n',
    ].join('\r\n'),
  );
  if (faults.takeElectionClose()) {
    socket.end();
    return;
  }
  // [marathon] The head is on its way before the stream is attached.
  setImmediate(() => {
    if (socket.destroyed) return;
    const stream = new EventStream(socket, { ...options, types: new Set(query.getAll('event_type')) });
    const { remoteAddress } = stream;
    if (faults.stalled) stream.hold();
    streams.add(stream);
    const leave = bus.subscribe((frame) => stream.send(frame));
    // Nobody reads what a client sends here, but its end must be seen.
    socket.resume();
    socket.on('end', () => socket.end());
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      leave();
      streams.delete(stream);
      bus.publish(event('event_stream_detached', { remoteAddress }));
    });
    bus.publish(event('event_stream_attached', { remoteAddress }));
  });
}
