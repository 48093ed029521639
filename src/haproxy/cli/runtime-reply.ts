/** Judges HAProxy's reply to a command. Pure. A reply that is not known to mean success is a failure. */
import type { RuntimeReply } from './runtime-command.ts';

/** Replies that never mean success, whatever the command. Needed where HAProxy sends no severity (master socket). */
const refusals =
  /^(?:Unknown command|Permission denied|Can't (?:find|connect)|The command (?:line )?is too big|This command expects|Require[sd]? )/;

/** What commands that change something reply on success. The first match counts. */
const successes: readonly (readonly [command: RegExp, success: RegExp])[] = [
  [/^prepare (?:map|acl) /, /^New version created: \d+/],
  [/^(?:add|set|del|commit|clear) (?:map|acl) /, /^$/],
  [/^add backend /, /^New backend registered/],
  [/^(?:publish|unpublish) backend /, /^Backend (?:un)?published/],
  // Messages about its servers may come first.
  [/^del backend /, /Backend deleted/],
  [/^set var /, /^$/],
  [/^add server /, /^New server registered/],
  [/^del server /, /^Server deleted/],
  // 2.6: "no need to change the addr, port changed from"; 3.x: "port changed from", "nothing changed".
  [
    /^set server \S+ (?:addr|check-addr|agent-addr|check-port) /,
    /changed from|no need to change|nothing changed|updated/,
  ],
  [/^set server \S+ (?:state|weight|health|agent|maxconn) /, /^$/],
  [/^(?:enable|disable) (?:server|health|agent|frontend) /, /^$/],
  [/^set (?:weight|maxconn) /, /^$/],
  [/^new ssl cert /, /^New empty certificate store/],
  [/^set ssl cert /, /^Transaction (?:created|updated)/],
  [/^(?:commit ssl cert|add ssl crt-list) /, /Success!/],
  [/^abort ssl cert /, /^Transaction aborted/],
];

/**
 * @param line the command without prefix and payload
 * @param raw everything up to the prompt
 */
export function judgeReply(line: string, raw: string): RuntimeReply {
  // In prompt mode, HAProxy writes "+ " for each line of a payload. [haproxy] management.txt 9.3
  const text = raw.replace(/^(?:\+ )+/, '').replace(/^\n+|\s+$/g, '');
  const severity = /^\[([0-7])\]: /.exec(text)?.[1];
  if (severity === undefined) return { kind: verdict(line, text), text };
  const bare = text.slice('[n]: '.length);
  // [3] is an error. [6] is information, but also "Unknown command". [haproxy] management.txt 9.3 "set severity-output"
  const kind = Number(severity) <= 3 ? 'failed' : verdict(line, bare);
  return { kind, text: bare, severity: Number(severity) };
}

function verdict(line: string, text: string): RuntimeReply['kind'] {
  if (refusals.test(text)) return 'failed';
  const command = line.trim().replaceAll(/\s+/g, ' ');
  const rule = successes.find(([pattern]) => pattern.test(`${command} `));
  return rule === undefined || rule[1].test(text) ? 'ok' : 'failed';
}
