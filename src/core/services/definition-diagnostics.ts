/** What may be wrong between the labels and ports of one app, in the words of the person who wrote them. */
import type { Diagnostic } from '../model/diagnostic.ts';
import type { AppId } from '../model/ids.ts';
import { looksIntoRequests } from '../labels/balance.ts';
import type { PortLabelValues } from '../labels/table.ts';

interface About {
  readonly appId: AppId;
  readonly portIndex: number;
}

export const portIsUdp = (about: About): Diagnostic => ({
  code: 'PORT_UDP',
  severity: 'notice',
  ...about,
  reason: 'the port is UDP, which HAProxy does not forward',
  remedy: 'expose a TCP port',
});

export const noServicePort = (about: About): Diagnostic => ({
  code: 'PORT_MISSING',
  severity: 'error',
  ...about,
  reason: 'the port has no service port',
  remedy: `set HAPROXY_${about.portIndex}_PORT, or a servicePort in the port mapping`,
});

/** A service with hosts does without a listener of its own: on ports 80 and 443 its hosts are all that was meant. */
export const portIsReserved = (
  about: About,
  servicePort: number,
  what: string,
  hosts: readonly string[],
): Diagnostic => {
  const reason = `service port ${servicePort} is ${what}`;
  const remedy = `choose another one with HAPROXY_${about.portIndex}_PORT`;
  const [host] = hosts;
  return host === undefined
    ? { code: 'PORT_RESERVED', severity: 'error', ...about, reason, remedy }
    : {
        ...{ code: 'PORT_RESERVED', severity: 'warning', ...about },
        reason: `${reason}, so the service has no listener of its own and is served by ${host}${hosts.length > 1 ? ' and its other hosts' : ''}`,
        remedy: `${remedy} if clients need a port of its own, or drop HAPROXY_${about.portIndex}_PORT`,
      };
};

/** HAProxy refuses a listener that is to speak TLS and has no certificate. */
export function tlsWithoutCertificate(about: About, values: PortLabelValues): Diagnostic[] {
  const { SSL_CERT, BIND_OPTIONS: options } = values;
  const given =
    SSL_CERT !== undefined || options?.words.some((word) => word === 'crt' || word === 'crt-list');
  if (options === undefined || given === true || !options.words.includes('ssl')) return [];
  return [
    {
      ...{ code: 'LABEL_INVALID', severity: 'error', ...about },
      label: `HAPROXY_${about.portIndex}_BIND_OPTIONS`,
      reason: 'ssl is said, and no certificate is named',
      remedy: `add HAPROXY_${about.portIndex}_SSL_CERT, or crt and a path`,
    },
  ];
}

/** Of two apps that take turns, each has the other's port as its alternative: without a label the port moves. */
export const portAlternates = (about: About, servicePort: number): Diagnostic => ({
  code: 'PORT_ALTERNATES',
  severity: 'warning',
  ...about,
  reason: `service port ${servicePort} is the alternative one (HAPROXY_DEPLOYMENT_ALT_PORT), so the port moves with each deploy`,
  remedy: `set HAPROXY_${about.portIndex}_PORT to the port that clients use, in both apps`,
});

const onlyHttp = [
  'VHOST',
  'AUTH',
  'STICKY',
  'USE_HSTS',
  'REDIRECT_TO_HTTPS',
  'HTTP_BACKEND_PROXYPASS_PATH',
  'HTTP_BACKEND_REVPROXY_PATH',
  'HTTP_BACKEND_REDIR',
] as const satisfies readonly (keyof PortLabelValues)[];

export function needHttp(about: About, values: PortLabelValues, mode: 'http' | 'tcp'): Diagnostic[] {
  if (mode === 'http') return [];
  const asked: (keyof PortLabelValues)[] = onlyHttp.filter(
    (name) => values[name] !== undefined && values[name] !== false,
  );
  if (values.BALANCE !== undefined && looksIntoRequests(values.BALANCE)) asked.push('BALANCE');
  return asked.map((name): Diagnostic => {
    // Without its guard the service would be open to everyone, so it is held; the others are only missing.
    const severity = name === 'AUTH' ? 'error' : 'warning';
    const label = `HAPROXY_${about.portIndex}_${name}`;
    const remedy = `set HAPROXY_${about.portIndex}_MODE to http, or drop the label`;
    return {
      code: 'LABEL_WITHOUT_EFFECT',
      severity,
      ...about,
      label,
      reason: 'it has no meaning in tcp mode',
      remedy,
    };
  });
}

export function pathWithoutVhost(about: About): Diagnostic {
  const label = `HAPROXY_${about.portIndex}_PATH`;
  const remedy = `add HAPROXY_${about.portIndex}_VHOST, or drop the label`;
  return {
    code: 'LABEL_WITHOUT_EFFECT',
    severity: 'warning',
    ...about,
    label,
    reason: 'a path has no effect without a vhost',
    remedy,
  };
}

export function keptNotice(appId: AppId, portIndex?: number): Diagnostic {
  const reason = 'the service is kept at its last good version';
  return {
    code: 'SERVICE_KEPT',
    severity: 'warning',
    appId,
    ...(portIndex === undefined ? {} : { portIndex }),
    reason,
    remedy: 'correct what is named above',
  };
}
