/** Reads what HAProxy prints about a configuration. Pure; knows nothing of how it was run. */

export interface CheckMessage {
  readonly severity: 'alert' | 'warning';
  /** The file as HAProxy was given it. */
  readonly file?: string;
  /** 1-based. */
  readonly line?: number;
  /** The frontend or backend it is about. */
  readonly proxy?: string;
  readonly server?: string;
  /** The message without severity, pid and place. May have several lines. */
  readonly text: string;
}

/** Lines that only sum up the messages before them. */
const summary =
  /^(?:config : )?(?:Error\(s\) found in configuration file|Fatal errors found in configuration|Failed to initialize server\(s\) addr|Some warnings were found|Warnings were found|Configuration file is valid)/;

/**
 * The messages in HAProxy's stderr (or in the reply to `reload`), in order. Notices are left out, and so
 * are the lines that sum up, unless an alert says nothing else.
 */
export function parseMessages(output: string): CheckMessage[] {
  const found: { severity: string; text: string }[] = [];
  for (const line of output.split(/\r?\n/)) {
    const start = /^\[(ALERT|WARNING|NOTICE|DIAG|EMERG|CRIT|ERR)\s*\]\s+(?:\d+\/\d+ )?\(\d+\) : (.*)$/.exec(
      line,
    );
    if (start !== null) found.push({ severity: start[1] ?? '', text: start[2] ?? '' });
    // A message may go on on lines of its own, indented.
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
  // `[file:line]`, but `frontend 'f' (file:line) tries to use incompatible backend`.
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

/** [haproxy] cfgparse.c and server.c name what a message is about in these ways. */
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
