/** Parses HAProxy's messages about a configuration. Pure; knows nothing of how HAProxy was run. */

/** One message of HAProxy. */
export interface CheckMessage {
  readonly severity: 'alert' | 'warning';
  /** The path of the file as HAProxy was given it. */
  readonly file?: string;
  /** Line number, from 1. */
  readonly line?: number;
  /** The frontend or backend it is about. */
  readonly proxy?: string;
  readonly server?: string;
  /** The message without severity, pid and location. May have several lines. */
  readonly text: string;
}

/** Lines that only summarize the messages before them. */
const summary =
  /^(?:config : )?(?:Error\(s\) found in configuration file|Fatal errors found in configuration|Failed to initialize server\(s\) addr|Some warnings were found|Warnings were found|Configuration file is valid)/;

/**
 * The messages in HAProxy's stderr (or in the reply to `reload`), in order. Notices are left out, and so are summary
 * lines, unless no alert says anything else.
 */
export function parseMessages(output: string): CheckMessage[] {
  const found: { severity: string; text: string }[] = [];
  for (const line of output.split(/\r?\n/)) {
    const start = /^\[(ALERT|WARNING|NOTICE|DIAG|EMERG|CRIT|ERR)\s*\]\s+(?:\d+\/\d+ )?\(\d+\) : (.*)$/.exec(
      line,
    );
    if (start !== null) found.push({ severity: start[1] ?? '', text: start[2] ?? '' });
    // A message may continue on indented lines.
    else if (/^\s+\S/.test(line)) {
      const last = found.at(-1);
      if (last !== undefined) last.text += `\n${line}`;
    }
  }
  const told = found.filter(({ severity }) => severity !== 'NOTICE' && severity !== 'DIAG');
  const telling = told.filter(({ text }) => !summary.test(text));
  const alerts = told.filter(({ severity }) => severity !== 'WARNING');
  const silent = alerts.length > 0 && !telling.some(({ severity }) => severity !== 'WARNING');
  return [...telling, ...(silent ? alerts : [])].map(({ severity, text }) => ({
    severity: severity === 'WARNING' ? 'warning' : 'alert',
    ...placeOf(text),
  }));
}

function placeOf(raw: string): Omit<CheckMessage, 'severity'> {
  // `[file:line]`, but also `frontend 'f' (file:line) tries to use incompatible backend`.
  const place = /\[([^[\]\s]+):(\d+)\]/.exec(raw) ?? /\((\/[^()\s]+):(\d+)\)/.exec(raw);
  const text = raw
    .replace(/^config ?: ?/, '')
    .replace(/^(?:[Pp]arsing )?\[[^[\]\s]+:\d+\]\s*:\s*/, '')
    .trim();
  return {
    ...(place?.[1] === undefined ? {} : { file: place[1], line: Number(place[2]) }),
    ...namesIn(text),
    text,
  };
}

/** [haproxy] cfgparse.c and server.c name the subject of a message in these ways. */
function namesIn(text: string): { proxy?: string; server?: string } {
  const server = /'?\b[Ss]erver '?([\w.:-]+)\/([\w.:-]+)'?/.exec(text);
  if (server?.[1] !== undefined && server[2] !== undefined) return { proxy: server[1], server: server[2] };
  const proxy = /\b(?:[Pp]roxy|[Bb]ackend|[Ff]rontend|[Ll]isten)(?: |=)'([^']+)'/.exec(text);
  const bare = /\bfor (?:frontend|backend|proxy|listen) ([\w.:-]+?):? /.exec(text);
  const alone = /\bserver '([\w.:-]+)'/.exec(text);
  const name = proxy?.[1] ?? bare?.[1];
  return {
    ...(name === undefined ? {} : { proxy: name }),
    ...(alone?.[1] === undefined ? {} : { server: alone[1] }),
  };
}
