/** docs/templates.md */
import { longestFragment } from '../core/templates/fragment.ts';
import { fragmentData, fragmentNames } from '../render/fragment-data.ts';
import { helpers } from '../render/helpers.ts';

export interface TemplateRow {
  readonly name: string;
  /** `raw` = none, and single braces are HAProxy's own. */
  readonly placeholders: readonly string[] | 'raw';
  readonly perPort: boolean;
  readonly doc: string;
  /** What one without a line means. */
  readonly empty: string;
}

export function templatesMarkdown(rows: readonly TemplateRow[]): string {
  const code = (text: string) => `\`${text}\``;
  const templateTable = rows.map(({ name, placeholders, perPort, doc, empty }) => {
    const data = placeholders === 'raw' ? '*raw*' : placeholders.map(code).join(' ');
    return `| \`${name}\` | ${perPort ? 'yes' : ''} | ${data} | ${doc} | ${empty} |`;
  });
  const fragmentTable = fragmentNames.map(
    (name) => `| \`${name}.hbs\` | ${fragmentData[name].map(code).join(' ')} |`,
  );
  const helperTable = Object.entries(helpers).map(([name, { doc }]) => `| \`${name}\` | ${doc} |`);
  return `# Templates

<!-- Written by \`pacer templates --format markdown\`; a test keeps it so. -->

Every piece of HAProxy's configuration can be replaced: by the operator for all services, and by an app's label for one
port. marathon-lb's templates work unchanged, under their names and in their syntax.

## Where a template may stand

From the one that wins:

1. the app's label \`HAPROXY_{n}_<NAME>\`, for the templates marked "label" below;
2. the variable \`HAPROXY_<NAME>\` in Pacer's environment, where a literal \`\\n\` is a line break;
3. the file \`HAPROXY_<NAME>\` in the directory of \`--templates\`;
4. the file \`HAPROXY_<NAME>\` in \`$MESOS_SANDBOX/templates\`, then in \`/marathon-lb/templates\`, where these exist;
5. the file \`<fragment>.hbs\` in the same directories: Pacer's own fragments, in Handlebars;
6. what Pacer has itself (the folder \`templates/\` of its source).

CRLF and CR are line breaks too. At start Pacer reads all of the operator's, tries them on sample services with
\`haproxy -c\`, and does not start with one that cannot be used: the message names the file or variable, the line, and
the placeholders, data or names that there are. A new template needs a restart of Pacer. What is wrong with a label
rejects that service alone, or keeps it at its last good version.

## Names and placeholders

\`{name}\` stands for a value, \`{{\` and \`}}\` for braces, as in Python's \`str.format\`; formats like \`{name!r}\` are not
known. Templates marked *raw* have no placeholders, and single braces there are HAProxy's own. A value is quoted as its
place asks for: bare, in double or in single quotes it stays one word, whatever is in it. Values that are several words
(\`{path}\`, \`{balance}\`, \`{sslCert}\`, the \`...Options\`) are put there ready. Fields of the health check can be had as
\`{healthCheck[path]}\`.

| name | label | placeholders | stands for | an empty one |
|---|---|---|---|---|
${templateTable.join('\n')}

\`cleanedUpHostname\` is the first vhost with everything but letters, digits and \`-\` made \`_\`, then \`_\`, then the app id
without its leading \`/\` and with \`/\` made \`_\`. \`USERLIST_HEAD\`, \`FRONTEND_HEAD\` and \`BACKEND_HEAD\` begin with their
section: \`userlist user_{backend}\`, \`frontend {backend}\`, \`backend {backend}\`. A template has at most ${longestFragment} characters:
no section of HAProxy's is longer by hand, and every line is judged.

## Empty templates

A template without a line, blanks and comments aside, is a template: nothing stands where it would. What follows from that
is in the last column. "As not set" is what cannot be missing, or protects somebody: the next template in the order above
holds, and the owner is told. An empty \`.hbs\` fragment of the same name means the same. So **empty \`FRONTEND_HEAD\` and
\`FRONTEND_BACKEND_GLUE\` close a service port**, by label for one, by file or variable for all (as \`--service-ports none\`),
also where \`--label-templates off\` allows no other template.

## Server lines

\`BACKEND_SERVER_OPTIONS\` is written into the backend once a task. Its usual line begins with
\`server {serverName} {host_ipv4}:{port}\`, or \`{host}:{port}\`, whose name Pacer looks up. It may also have

* other lines of the backend, such as \`timeout server 5m\`: without placeholders, since they stand there once;
* **server lines with a name and an address of their own**, such as \`server api 192.0.2.10:6443 ssl verify none\`: an app that
  only carries labels shows a service of elsewhere that way. They take the place of the tasks, each once, and serve while a
  task of the app does. Two lines need two names.

\`server\` lines of other templates of the backend are added to the tasks' servers, and stay when there is no task; with an
empty \`BACKEND_SERVER_OPTIONS\` they are the only ones. The labels of an app may name IP addresses that
are neither this node's nor link-local or a cloud's metadata service.
Names that HAProxy looks up, unix sockets, this node and other ports of a task's host take \`--label-templates trusted\`.
\`maxServers\` of the policy counts the servers of labels, too.

## Rules instead of maps

Pacer leads requests by look-ups in maps. A service whose rule templates (\`HTTP_FRONTEND_...\`, \`HTTPS_FRONTEND_...\`,
\`BACKEND_REDIRECT_HTTP_TO_HTTPS...\`) are replaced is taken out of the maps; its rules stand among the look-ups, after those
of its own or a larger \`HAPROXY_{n}_BACKEND_WEIGHT\`. Services of the same host and weight become rules with it, so that
their order is right: largest weight, exact hosts before wildcards, longest path, app id, port. Templates of that service
that are not replaced are Pacer's own, by Host header on both ports. Which are used:

| | HTTP | HTTPS |
|---|---|---|
| one vhost | \`HTTP_FRONTEND_ACL\`, with a path \`_WITH_PATH\`, with basic auth \`_WITH_AUTH\`, with both \`_WITH_AUTH_AND_PATH\` | \`HTTPS_FRONTEND_ACL\` and the same endings; before it \`HTTPS_FRONTEND_ACL_ONLY_WITH_PATH\` with a path |
| several vhosts | \`HTTP_FRONTEND_ACL_ONLY_WITH_PATH\` (\`_AND_AUTH\`) with a path; \`HTTP_FRONTEND_ACL_ONLY\` once a vhost; \`HTTP_FRONTEND_ROUTING_ONLY\`, \`_WITH_AUTH\`, \`_WITH_PATH\`, \`_WITH_PATH_AND_AUTH\` | the same as with one, once a vhost |
| redirect to https | one vhost: \`HTTP_FRONTEND_ACL\`, then \`BACKEND_REDIRECT_HTTP_TO_HTTPS\`; with a path or several vhosts: the \`_ONLY\` ones, then the redirect (\`_WITH_PATH\`), then the routing | |

Basic auth is asked for by the backend, whichever way a request comes, unless the rules of that port ask for it
themselves (\`http-request auth\`): then they alone decide there. \`HTTP_FRONTEND_APPID_ACL\` does the same for the app id.
\`MAP_...\` templates replace the look-up of hosts, or of app ids, in a frontend of all; a label cannot.

With \`--group-https-by-vhost\` the templates \`HTTPS_GROUPED_...\` stand for the HTTPS port, and for the way and the frontend of each
vhost that has TLS settings of its own and of the one that all others share. What they call \`{name}\`, in sections and in
\`abns@{name}\`, becomes what Pacer calls it. Pacer adds what chooses by name and what answers a misdirected request.

## HEAD

The sections of an operator's \`HEAD\` stand. Pacer adds to \`global\` its socket, its hash and what a reload needs, to the
last \`defaults\` what its own sections rely on, and its statistics listener, into which a \`listen stats\` of the template is
merged. Left out, each with a notice: \`daemon\`, \`maxconn\` (set \`--maxconn\`), server state files, marathon-lb's Lua and the
paths it answered (Pacer answers them), and a \`stats socket\` whose folder does not exist. \`default-server\` of the last
\`defaults\` holds for servers added at runtime too.

## What a label may hold

\`--label-templates own-section\` (the default): lines of the service's own section, and no other. They are judged word by
word, after HAProxy's own quoting is undone. Not allowed: section keywords; directives under a condition (\`.if\`);
environment variables and \`env()\`; Lua, external checks, services of the process; unix sockets, and addresses of the load
balancer itself; names instead of addresses in \`server\` lines; ports other than the service's own in \`bind\`; \`stats\`; files
outside \`--label-files\` (pages, lists, maps) and \`--label-certificates\`. Rules in the frontends of all must have a
condition; conditions that they define get names of their own (\`name:backend\`), so that none is added to another service's.

A rule with a condition that holds for others' requests still takes them: where apps of one load balancer do not trust each
other, use \`--label-templates off\`, which rejects a service with a template in its labels. \`trusted\` allows any text.

## Removed directives

Templates written for HAProxy 2.0 and older are translated where the meaning is the same, with a notice; else the service
is rejected (a template of the operator: Pacer does not start) and the modern form is suggested.

| written | becomes |
|---|---|
| \`reqadd\`, \`rspadd\` | \`http-request add-header\`, \`http-response add-header\` |
| \`reqdel\`, \`reqidel\`, \`rspdel\`, \`rspidel\` with \`^Name:.*\` | \`http-request del-header\`, \`http-response del-header\` |
| \`reqrep\`, \`reqirep\`, \`rsprep\`, \`rspirep\` from \`^Name: ...\` to \`Name: ...\` | \`replace-header\` |
| \`reqrep\`, \`reqirep\` from \`^([^ :]*)\\ /old/?(.*)\` to \`\\1\\ /new/\\2\` | \`http-request replace-pathq\` |
| \`block if\` | \`http-request deny if\` |
| \`option httpchk\` with headers or a body behind the version | \`option httpchk\` and \`http-check send\` |
| \`option forceclose\`; \`clitimeout\`, \`contimeout\`, \`srvtimeout\`; \`redispatch\` | \`option httpclose\`; \`timeout client\`, \`connect\`, \`server\`; \`option redispatch\` |
| \`option http-use-htx\`, \`bind-process\`, \`nbproc\` | nothing |
| \`reqdeny\`, \`reqtarpit\`, \`reqallow\`, \`reqpass\`, \`reqsetbe\`, \`monitor-net\`, \`mode health\`, \`option http-tunnel\`, \`appsession\` | rejected |

## Servers added at runtime

A server that comes while HAProxy runs is added with the words of its rendered \`server\` line, and those of
\`default-server\` before them. Words that \`add server\` does not take on the running version (\`cookie\` before 3.0, \`init-addr\`,
\`resolvers\`, \`ca-file\`, \`crt\`, ...), and a \`hash-type\` other than \`consistent\`, lead to a reload whose reason names them.

## Handlebars

\`<fragment>.hbs\` replaces one of Pacer's own fragments, which the folder \`templates/\` of its source has to begin from. Values
are ready to stand in a line: they are quoted already. What is not there is \`false\` or an empty text. Asking for anything
else is an error at start.

| fragment | data |
|---|---|
${fragmentTable.join('\n')}

Beside Handlebars' own \`if\`, \`unless\`, \`each\`, \`with\` and \`lookup\`:

| helper | |
|---|---|
${helperTable.join('\n')}
`;
}
