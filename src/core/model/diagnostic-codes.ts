/**
 * Every kind of diagnostic: a stable code for tools, what it means, and what to do. docs/errors.md is made from this.
 */
export const diagnosticCatalogue = {
  LABEL_INVALID: {
    means: 'The value of a label cannot be read, is too long, or holds a control character.',
    remedy: 'Write the label as the message says; `pacer labels` has an example of each.',
  },
  LABEL_ITEM_LEFT_OUT: {
    means: 'One item of the list in a label cannot be used. It is left out, and the others serve.',
    remedy: 'Correct or drop the item that the message names.',
  },
  LABEL_ITEM_CHANGED: {
    means:
      'One item of the list in a label is read as something else than is written, such as a host without its port.',
    remedy: 'Write the item as the message says.',
  },
  LABEL_EMPTY: {
    means:
      'A label that protects or hides a port is empty. That means the same as no label, for every label, so the default holds.',
    remedy: 'Drop the label if that is meant, or give it a value.',
  },
  LABEL_UNKNOWN: {
    means: 'A label begins with HAPROXY_ and is none that Pacer knows, so it has no effect.',
    remedy: 'Correct its spelling (the message names the nearest label), or drop it.',
  },
  LABEL_NO_PORT: {
    means: 'The number in a label is the index of a port that the app does not have.',
    remedy: 'Count the ports of the definition from 0, or define the port.',
  },
  LABEL_NOT_APPLIED: {
    means: 'A label of marathon-lb that this version understands and does not apply.',
    remedy: 'Expect the default behaviour.',
  },
  LABEL_WITHOUT_EFFECT: {
    means:
      'A label that means nothing together with the others: one for HTTP on a TCP service, a path without a host.',
    remedy: 'Add what it needs (HAPROXY_<n>_MODE, HAPROXY_<n>_VHOST), or drop it.',
  },
  TEMPLATE_INVALID: {
    means:
      'A template in a label cannot be used: a placeholder that does not exist, a brace without its counterpart, a line that labels may not say, a directive that HAProxy has removed.',
    remedy: 'Fix the template as the message says; docs/templates.md says what each may contain.',
  },
  TEMPLATE_TRANSLATED: {
    means:
      'A template uses a directive that HAProxy has removed; it is written as what means the same today.',
    remedy: 'Nothing; write the new form when you next change the label.',
  },
  DEFINITION_MALFORMED: {
    means: "Marathon's definition of an app, or a part of it, is not what its API promises.",
    remedy: 'Look at the app with GET /v2/apps/<id>; what could be read is used.',
  },
  DEFINITION_TOO_LARGE: {
    means:
      'An app has more labels, tasks, ports, health checks or deployments than Pacer takes of one app; what is beyond is left out, and the rest is served.',
    remedy: 'Keep the app below the limit that the message names; docs/marathon.md lists them all.',
  },
  PORT_UDP: {
    means: 'The port is UDP, which HAProxy does not forward.',
    remedy: 'Expose a TCP port, or set HAPROXY_<n>_ENABLED to false.',
  },
  PORT_MISSING: {
    means: 'The port has no service port, so it cannot be told from others.',
    remedy: 'Set HAPROXY_<n>_PORT, or a servicePort in the port mapping.',
  },
  PORT_RESERVED: {
    means:
      "The service port is one of Pacer's own listeners, so the service gets no listener of its own. With a host it serves by that host (a warning); without one it is rejected.",
    remedy: 'Choose another one with HAPROXY_<n>_PORT.',
  },
  PORT_ALTERNATES: {
    means:
      'An app of a deployment group has no port of its own beside the alternative one, so its port moves.',
    remedy: 'Set HAPROXY_<n>_PORT in both apps of the group.',
  },
  PORT_CONFLICT: {
    means:
      'Two apps want the same service port. The app that served it before has it, else the older one. The other is served by host and app id, without a listener.',
    remedy: 'Give one of them another HAPROXY_<n>_PORT. The message names the owner.',
  },
  PORT_HELD: {
    means: 'A service port cannot be bound on this machine: another process has it, or it may not be bound.',
    remedy:
      'Stop the process that the message names, or choose another HAPROXY_<n>_PORT. Pacer checks it again.',
  },
  ROUTE_CONFLICT: {
    means:
      'Two apps claim the same host and path with the same weight. The app that served it before has it, else the older one. Or a deployment group is named as another app: what asks for that app id gets the app.',
    remedy:
      'Choose another host or path, or give one a larger HAPROXY_<n>_BACKEND_WEIGHT; or give the group another name.',
  },
  HOST_GUARDED: {
    means:
      'Another service claims the same host and has HAPROXY_<n>_AUTH, allowed networks or HAPROXY_<n>_REDIRECT_TO_HTTPS, which hold for all requests for the host, as in marathon-lb. So they hold for this service too, when it is asked by that host.',
    remedy:
      'Nothing, if that is meant. Otherwise set HAPROXY_<n>_AUTH_SCOPE to service, or give the service its own. The message names the other one.',
  },
  TLS_CONFLICT: {
    means:
      'With --group-https-by-vhost, two apps with one host say different things of its TLS; the one that asks clients for certificates has it, else the app that served it before, else the older one.',
    remedy:
      'Give both the same HAPROXY_<n>_SSL_CERT and HAPROXY_<n>_BIND_OPTIONS. The message names the winner.',
  },
  POLICY_FORBIDS: {
    means:
      "A label claims what the operator's policy (`--policy`, `--label-certificates`) does not allow this app.",
    remedy: 'Use what the message says is allowed, or ask the operator. docs/policy.md has the rules.',
  },
  POLICY_LIMITS: {
    means: "A service has more tasks than the operator's policy allows it servers, so some get no traffic.",
    remedy: 'Run fewer instances, or ask the operator for more.',
  },
  FILE_MISSING: {
    means: 'A certificate or another file that a label names is missing or unreadable on this machine.',
    remedy:
      'Put the file there, readable for Pacer and HAProxy, or correct the label. Pacer looks again by itself.',
  },
  FILE_KEPT: {
    means:
      'A certificate or another file that a label names is broken or gone. The service uses the last good copy, which Pacer keeps in its state directory.',
    remedy: 'Put a good file there, or correct the label. Pacer notices by itself; nothing needs a restart.',
  },
  DESCRIPTORS_SHORT: {
    means: 'The servers of the service need more file descriptors than HAProxy has left.',
    remedy:
      'Raise the limit of open files (LimitNOFILE=, ulimit -n) and restart HAProxy, or lower --maxconn.',
  },
  CHECK_REDUCED: {
    means: 'HAProxy checks the servers in a simpler way than Marathon; the message says which and why.',
    remedy: 'Nothing, where Marathon judging health is enough; else as the message says. See docs/health.md.',
  },
  GROUP_CLOSED: {
    means:
      'An app names a deployment group that belongs to an app of another folder, or whose hosts, ports or protection (user, networks, client certificates) cannot be shared with it. It serves on its own, or its tasks get no traffic.',
    remedy:
      'Choose a group of your own, or ask the operator to name the group under `groups` in the policy. docs/policy.md has the rules.',
  },
  GROUP_CROWDED: {
    means:
      'A third app names a deployment group that has two apps already; the two that started first serve.',
    remedy: 'Remove one of the three, or give it a HAPROXY_DEPLOYMENT_GROUP of its own.',
  },
  HAPROXY_REFUSES: {
    means: 'HAProxy does not accept the configuration that the labels of this service lead to.',
    remedy: "Fix the labels of that port; the message contains HAProxy's own words.",
  },
  SERVICE_WAITS: {
    means: 'HAProxy refuses a configuration without naming a service, and this new one may be the reason.',
    remedy:
      'Wait: Pacer is looking for the service that HAProxy refuses. If this stays, correct the app that was deployed with it.',
  },
  DERIVE_FAILED: {
    means:
      'A fault of Pacer: working out the services of one app failed. They serve on as before, without tasks that have ended; all other apps are up to date.',
    remedy: 'Report it with the labels of the app. Pacer tries again by itself.',
  },
  SERVICE_KEPT: {
    means: 'Something is wrong with the new version of a service, so its last good version serves on.',
    remedy: 'Fix what the other diagnostics of the app name.',
  },
} as const satisfies Record<string, { readonly means: string; readonly remedy: string }>;

export type DiagnosticCode = keyof typeof diagnosticCatalogue;
