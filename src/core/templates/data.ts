/** What the placeholders of a service's templates stand for, and which templates a service uses at all. */
import type { HealthCheck } from '../model/model.ts';
import type { Server, ServiceDefinition } from '../model/service.ts';
import type { TemplateName } from '../model/template-names.ts';
import { textValue, wordsValue, type PlaceholderData, type PlaceholderValue } from './placeholders.ts';
import { writeWord } from '../guard/words.ts';

/** A definition before its templates: what they are made from. */
export type PlainDefinition = Omit<ServiceDefinition, 'fragments'>;

/** The data of each use of a template; none where the service has no use for it. */
export function usesOf(
  name: TemplateName,
  definition: PlainDefinition,
  check: HealthCheck | undefined,
): readonly PlaceholderData[] {
  const { mode, auth, rewrite, allowedNetworks } = definition;
  const when = (used: boolean, data: PlaceholderData = {}) => (used ? [data] : []);
  const backend = textValue(definition.backend);
  const isHttp = mode === 'http';
  const hostname = textValue(definition.vhosts.join(','));
  const checkKind = definition.check?.kind === 'connect' ? 'tcp' : 'http';
  const checked = (kind: 'http' | 'tcp') =>
    check === undefined || definition.check === undefined || checkKind !== kind
      ? []
      : [checkData(check, definition.check)];
  switch (name) {
    case 'USERLIST_HEAD':
      return auth === undefined
        ? []
        : [{ backend, user: textValue(auth.user), passwd: textValue(auth.passwordHash) }];
    case 'FRONTEND_HEAD':
      return when(definition.listens, frontendData(definition));
    case 'FRONTEND_BACKEND_GLUE':
      return when(definition.listens, { backend });
    case 'BACKEND_HEAD':
      return [{ backend, mode: textValue(mode), balance: wordsValue(definition.balance.words.join(' ')) }];
    case 'BACKEND_HTTP_OPTIONS':
      return when(isHttp);
    case 'BACKEND_HSTS_OPTIONS':
      return when(definition.hsts);
    case 'BACKEND_STICKY_OPTIONS':
      return when(definition.sticky || definition.sticksByTemplate === true);
    case 'BACKEND_HTTP_HEALTHCHECK_OPTIONS':
    case 'BACKEND_SERVER_HTTP_HEALTHCHECK_OPTIONS':
      return checked('http');
    case 'BACKEND_TCP_HEALTHCHECK_OPTIONS':
    case 'BACKEND_SERVER_TCP_HEALTHCHECK_OPTIONS':
      return checked('tcp');
    case 'HTTP_BACKEND_PROXYPASS_GLUE':
      return rewrite.stripPath === undefined ? [] : [{ hostname, proxypath: textValue(rewrite.stripPath) }];
    case 'HTTP_BACKEND_REVPROXY_GLUE':
      return rewrite.locationPath === undefined
        ? []
        : [{ hostname, rootpath: textValue(rewrite.locationPath) }];
    case 'HTTP_BACKEND_REDIR':
      return rewrite.rootRedirect === undefined
        ? []
        : [{ hostname, redirpath: textValue(rewrite.rootRedirect) }];
    case 'HTTP_BACKEND_NETWORK_ALLOWED_ACL':
    case 'TCP_BACKEND_NETWORK_ALLOWED_ACL':
      return name.startsWith('HTTP') === isHttp
        ? allowedNetworks.map((network) => ({ network_allowed: textValue(network) }))
        : [];
    case 'HTTP_BACKEND_ACL_ALLOW_DENY':
    case 'TCP_BACKEND_ACL_ALLOW_DENY':
      return when(name.startsWith('HTTP') === isHttp && allowedNetworks.length > 0);
    default:
      return [];
  }
}

function frontendData(definition: PlainDefinition): PlaceholderData {
  const { backend, bindAddress, servicePort, mode, certificate, bindOptions } = definition;
  const address = bindAddress.includes(':') ? `[${bindAddress}]` : bindAddress;
  return {
    backend: textValue(backend),
    bindAddr: textValue(address),
    servicePort: textValue(servicePort),
    mode: textValue(mode),
    sslCert: wordsValue(certificate === undefined ? '' : ` ssl crt ${writeWord(certificate)}`),
    bindOptions: wordsValue(bindOptions.words.map((word) => ` ${writeWord(word)}`).join('')),
  };
}

function checkData(check: HealthCheck, used: NonNullable<ServiceDefinition['check']>): PlaceholderData {
  const fields: Record<string, string> = {
    protocol: check.protocol,
    path: check.path,
    portIndex: String(check.portIndex ?? 0),
    port: String(check.port ?? ''),
    intervalSeconds: String(check.intervalSeconds),
    timeoutSeconds: String(check.timeoutSeconds),
    gracePeriodSeconds: String(check.gracePeriodSeconds),
    maxConsecutiveFailures: String(check.maxConsecutiveFailures),
  };
  const healthCheck: PlaceholderValue = { kind: 'text', text: JSON.stringify(fields), fields };
  return {
    healthCheck,
    healthCheckPortIndex: textValue(check.portIndex ?? 0),
    healthCheckPort: textValue(used.port ?? ''),
    healthCheckProtocol: textValue(check.protocol),
    healthCheckPath: textValue(used.path),
    healthCheckTimeoutSeconds: textValue(used.timeout),
    healthCheckIntervalSeconds: textValue(used.interval),
    healthCheckGracePeriodSeconds: textValue(check.gracePeriodSeconds),
    healthCheckMaxConsecutiveFailures: textValue(check.maxConsecutiveFailures),
    healthCheckFalls: textValue(used.fall),
    healthCheckPortOptions: wordsValue(used.port === undefined ? '' : ` port ${used.port}`),
  };
}

/** What stands for a server; the options of its check are words that are ready. */
export function serverData(
  server: Pick<Server, 'name' | 'id' | 'host' | 'address' | 'port'>,
  options: { readonly cookie: string; readonly check: string; readonly other: string },
): PlaceholderData {
  const bracketed = server.address.includes(':') ? `[${server.address}]` : server.address;
  return {
    serverName: textValue(server.name),
    serverId: textValue(server.id),
    host: textValue(server.host),
    host_ipv4: textValue(bracketed),
    port: textValue(server.port),
    cookieOptions: wordsValue(options.cookie),
    healthCheckOptions: wordsValue(options.check),
    otherOptions: wordsValue(options.other),
  };
}
