/** What is different on purpose, for the documentation and for `pacer migrate`: one row each. */

export interface Difference {
  readonly marathonLb: string;
  readonly pacer: string;
  readonly why: string;
  /** The flag whose users it concerns above all; none = everybody. */
  readonly flag?: string;
}

export const differences: readonly Difference[] = [
  {
    marathonLb: 'A task with several health checks is healthy when any of them passes',
    pacer: 'All must pass; `--health-mode any` is the old rule',
    why: 'a half-dead task answered 500 to users',
    flag: 'health-check',
  },
  {
    marathonLb: '`HAPROXY_{n}_AUTH` and the allowed networks guard the vhost only',
    pacer:
      'They guard the service: vhost, service port and port 9091 alike. As in marathon-lb, AUTH and the redirect to https of a claim hold for all that it covers, other apps of the host too; so do the allowed networks of a host. An app that has its own, or `HAPROXY_{n}_AUTH_SCOPE: service`, is left out',
    why: 'the service port and 9091 were an open back door',
  },
  {
    marathonLb: 'Where two apps of one host have `HAPROXY_{n}_AUTH`, a request must pass both',
    pacer: 'Each app asks for its own user',
    why: 'no browser sends two passwords',
  },
  {
    marathonLb: 'Redirects to https and HSTS go by the connection alone, and redirects lead to the port 443',
    pacer:
      'A client that came by https to one of `--trusted-proxies` (X-Forwarded-Proto), or to the sender of the PROXY protocol (with HAProxy 2.9), is not redirected; one that came by http to a trusted proxy gets no HSTS. Redirects lead to `--https-port`, or to `--redirect-https-port`',
    why: 'behind a load balancer that ends TLS the redirect never ended',
  },
  {
    marathonLb: '`HAPROXY_{n}_STICKY` in tcp mode sets a cookie, which HAProxy ignores',
    pacer:
      'The template BACKEND_STICKY_OPTIONS says how a TCP service is sticky; without one there is a warning. STICKY turns `check` on in both modes, as in marathon-lb',
    why: 'a label without an effect was taken silently',
  },
  {
    marathonLb:
      '`HAPROXY_{n}_HTTP_BACKEND_PROXYPASS_PATH` strips any beginning of the path: with `/app`, `/apple` becomes `/le`',
    pacer: 'Whole segments alone: `/apple` stays as it is',
    why: 'half of a name was lost',
  },
  {
    marathonLb:
      '`HAPROXY_{n}_HTTP_BACKEND_PROXYPASS_PATH` without a vhost is a line that HAProxy refuses; with several the Host header is the whole list',
    pacer:
      'Without a vhost the path is stripped, and the Host header stays; with several it is the one that was asked for',
    why: 'the app was left out, or told a host that does not exist',
  },
  {
    marathonLb: '`HAPROXY_{n}_HTTP_BACKEND_REVPROXY_PATH` takes the place of the whole path of a `Location`',
    pacer: 'It goes before the path, which stays; without a vhost only before a path alone',
    why: 'every redirect of an app led to one page',
  },
  {
    marathonLb:
      '`HAPROXY_{n}_HTTP_BACKEND_REDIR` with several vhosts, or without one, redirects nothing: the Host header never equals the whole list',
    pacer:
      'Each of the vhosts redirects; without a vhost every request for `/` does. With one the service port and port 9091 redirect nothing, as in marathon-lb',
    why: 'the label says what is wanted',
  },
  {
    marathonLb: 'Without `--haproxy-map`, a Host header with a port (`www.example.com:8080`) is no vhost',
    pacer: 'The port does not count, as with marathon-lb’s maps',
    why: 'clients send it on every port but 80 and 443',
  },
  {
    marathonLb: 'HTTPS is routed by the TLS server name (SNI)',
    pacer:
      'The SNI picks the certificate, the Host header picks the service; a Host that the certificate of the connection does not cover gets 421',
    why: 'browsers share HTTP/2 connections between names and reached the wrong app',
  },
  {
    marathonLb: '`HAPROXY_{n}_PATH` of equal weight is tried in the order of app ids',
    pacer: 'The longest path first, then the app id',
    why: '`/` of an early app id swallowed `/api`',
  },
  {
    marathonLb: "An unknown host gets HAProxy's bare 503",
    pacer:
      '404 for a host that nobody has; 503 with `Retry-After` for a known service without a healthy server',
    why: 'nobody could tell the two apart',
  },
  {
    marathonLb: 'An app that is scaled to zero loses its route',
    pacer: 'The route stays and answers 503',
    why: 'its users were told that the host is unknown',
  },
  {
    marathonLb: '`X-Forwarded-Proto` and `X-Forwarded-Port` are added to what the client sent',
    pacer:
      'They, and `X-Forwarded-For`, replace it, and `X-Forwarded-Host`, `X-Real-IP` and `Forwarded` are removed, unless the client is one of `--trusted-proxies`',
    why: 'clients could claim to be https, or somebody else',
  },
  {
    marathonLb: 'TLS to Marathon is not verified unless a CA is given',
    pacer: "Verified against the system's CAs or `--marathon-ca-cert`; `--marathon-insecure` turns it off",
    why: 'whoever is in between could say what is served',
    flag: 'marathon',
  },
  {
    marathonLb: 'Two apps on one service port both bind it, and traffic is split at random',
    pacer:
      'The app that served it before keeps it, else the older has it; the other is served by host and app id alone, and told so',
    why: "users got another app's answers",
  },
  {
    marathonLb:
      'Port 9091 leads an app id to the first service of that name, and a deployment group may be named as another app',
    pacer: 'The app of that id has it; the group is told so',
    why: 'any app could draw what was asked of another',
  },
  {
    marathonLb: 'A service port of 80, 443, 9090 or 9091 is taken silently',
    pacer:
      'A service with hosts has no listener of its own and serves by them, with a warning; one without is rejected, with that reason',
    why: 'it took requests away from everybody else',
  },
  {
    marathonLb: 'A label `HAPROXY_{n}_ENABLED` or `HAPROXY_{n}_GROUP` without a value hides the port',
    pacer: 'It is the same as no label, as for every other label, with a warning',
    why: 'an empty value means "not set", and one rule for all labels can be remembered',
  },
  {
    marathonLb: 'A host with a port in `HAPROXY_{n}_VHOST` is compared as it is written',
    pacer: 'The port is dropped, with a warning',
    why: "no client's Host header is compared with its port, so it would lead nowhere",
  },
  {
    marathonLb: 'An item that is no host, path or network stands in the rules as it is',
    pacer:
      'The item is left out, with an error; a label without a usable item, and an unknown option of `HAPROXY_{n}_BIND_OPTIONS`, rejects the service',
    why: 'one slip of the pen cost every service its configuration',
  },
  {
    marathonLb:
      'Server lines of `HAPROXY_{n}_BACKEND_SERVER_OPTIONS` may name any address, once for each task',
    pacer:
      "Servers with fixed names are there once, while a task of the app serves. By default labels may name IP addresses that are neither this node's nor link-local or a cloud's metadata service; `--label-templates trusted` also allows names, sockets and other ports of a task's host. `server-template`, another section, and lines other than `server` with placeholders are rejected",
    why: "two tasks made HAProxy refuse the second line of that name, and a label reached the load balancer's own ports",
  },
  {
    marathonLb:
      "An empty template of a section's head, of a guard or of a server line breaks the configuration",
    pacer:
      'It is the same as no template, with a warning; what each empty template means is in [templates.md](templates.md)',
    why: 'a variable that was left empty took the whole load balancer down',
  },
  {
    marathonLb: 'UDP ports become TCP frontends',
    pacer: 'They are skipped, with that reason',
    why: 'HAProxy does not forward UDP',
  },
  {
    marathonLb: 'A port mapping without a service port shifts the pairing of those behind it',
    pacer: 'Ports are paired by the index of their mapping',
    why: "a service led to another service's port",
  },
  {
    marathonLb: 'MESOS_HTTP checks without a vhost make the mode tcp; HTTPS checks are sent as plain HTTP',
    pacer:
      'MESOS_HTTP(S) is as HTTP(S); HTTPS checks use TLS (without verifying it); COMMAND checks become a connect check',
    why: 'what the check says about the port is what it is',
  },
  {
    marathonLb: 'Every task that is being drained is `disabled`',
    pacer:
      'Tasks drained by a blue/green deploy are in MAINT, which deploy tools wait for; tasks that Marathon kills are drained',
    why: 'sessions were cut',
  },
  {
    marathonLb: '`/haproxy?stats;csv` has the columns of HAProxy 2.0',
    pacer:
      'It has those of HAProxy 2.6 up to `agg_check_status`, whatever the version; all that HAProxy has are at `/haproxy?stats;csv;all`',
    why: 'deploy tools cannot read the columns of newer versions, and need the same ones from every node',
  },
  {
    marathonLb: 'A deployment group is as many apps as name it',
    pacer: 'It is two; a third app is left out, with an error that names the others',
    why: 'tasks of a forgotten version were served as well',
  },
  {
    marathonLb:
      'In a blue/green deploy the wanted instances of a new app without health checks count as healthy',
    pacer: 'Only its tasks that run count',
    why: 'old tasks were drained for new ones that could not answer yet',
  },
  {
    marathonLb: 'A `HEAD` template without `daemon` or with other sockets is taken as it is',
    pacer:
      "The supervising lines are Pacer's; a template for `HEAD` keeps the rest of its `global`, `defaults` and further sections, and is given what a reload needs",
    why: 'a reload that fails is worse than a line that is missing',
  },
  {
    marathonLb: 'Labels may hold any configuration text',
    pacer:
      'A template in a label may hold only lines of its own section; what goes beyond is rejected, with that reason',
    why: 'a label could open a `program` section and run code as root',
  },
  {
    marathonLb: '`/_haproxy_getconfig` shows passwords; `/_mlb_signal/*` is for everybody who reaches 9090',
    pacer:
      'Passwords are masked unless `--getconfig-secrets`; the signals are taken from this machine, from `--signal-networks`, and with a token of `--status-token-file`',
    why: 'the port is open on most networks',
  },
  {
    marathonLb: 'SIGTERM ends every connection at once, and the health check answers 200 until then',
    pacer:
      'The health check fails first, for `--stop-delay` seconds; then connections end, for `--stop-timeout`',
    why: 'each restart of a node cost its users their requests',
  },
  {
    marathonLb: 'Requests are logged to the syslog of the container',
    pacer: 'They are logged where `--syslog-socket` says; nowhere without it',
    why: 'a busy node logs more than most keep',
    flag: 'syslog-socket',
  },
];
