/** A complete app, as Marathon judges it: 422 "Object is not valid". */
import { normalizeApp } from '../definitions/definition.ts';
import { isValidId } from '../definitions/ids.ts';
import { listOf, numberOf, objectOf, stringMapOf, stringOf, type Json } from '../definitions/json.ts';
import { checkContainer, hasImage } from './container.ts';
import { checkMostInstances } from './instances.ts';
import { areUnique, Report } from './report.ts';
import { checkAcceptedRoles, checkConstraints, checkResidency, checkRole } from './scheduling.ts';

/** @param app as it was posted, or as it is after a change */
export function checkApp(app: Json, id: string): void {
  const report = new Report();
  // Defaults are filled in before Marathon judges, so that a check without an index is about the first port.
  const full = normalizeApp(app, id);
  checkId(id, report);
  for (const field of ['instances', 'cpus', 'mem', 'disk', 'backoffSeconds'])
    report.expect(numberOf(app[field], 0) >= 0, `/${field}`, 'got value, expected 0.0 or more');
  checkMostInstances(numberOf(app['instances'], 1), '/instances', report);
  checkProgram(app, full, report);
  checkEnvironment(app['env'], '/env', report);
  checkNetworks(app, report);
  checkContainer({ ...app, container: full['container'] }, report);
  checkPortDefinitions(listOf(full['portDefinitions']).map(objectOf), report);
  checkHealthChecks(full, report);
  checkConstraints(app['constraints'], '/constraints', report);
  checkResidency(app, report);
  checkRole(app['role'], id, report);
  checkAcceptedRoles(app['acceptedResourceRoles'], '/acceptedResourceRoles', report);
  const isSingle = stringMapOf(app['labels'])['MARATHON_SINGLE_INSTANCE_APP'] === 'true';
  const error = 'Single instance app may only have one instance';
  report.expect(!isSingle || numberOf(app['instances'], 1) <= 1, '/', error);
  report.throwIfInvalid();
}

const reserved = ['restart', 'tasks', 'versions', '.', '..'];

export function checkId(id: string, report: Report): void {
  if (!isValidId(id))
    report.fail(
      '/id',
      "must fully match regular expression '^(([a-z0-9]|[a-z0-9][a-z0-9\\-]*[a-z0-9])\\.)*...$'",
    );
  const error = `must not end with any of the following reserved keywords: ${reserved.join(', ')}`;
  report.expect(!reserved.includes(id.split('/').at(-1) ?? ''), '/id', error);
}

function checkProgram({ cmd, args }: Json, { container }: Json, report: Report): void {
  const [hasCmd, hasArgs] = [typeof cmd === 'string', listOf(args).length > 0];
  const saysWhat = hasCmd !== hasArgs || (!hasCmd && hasImage(container));
  const error = "AppDefinition must either contain one of 'cmd' or 'args', and/or a 'container'.";
  report.expect(saysWhat, '/', error);
  report.expect(cmd !== '', '/', 'must not be an empty string');
}

export function checkEnvironment(env: unknown, path: string, report: Report): void {
  for (const [index, name] of Object.keys(objectOf(env)).entries())
    report.expect(name !== '', `${path}/keys(${index})`, 'must not be empty');
}

export function checkNetworks(app: Json, report: Report): void {
  const networks = listOf(app['networks']).map(objectOf);
  const modes = networks.map(({ mode }) => stringOf(mode, 'container'));
  const named = (mode: string) => networks.filter(({ name }, i) => modes[i] === mode && isGiven(name));
  const names = networks.flatMap(({ name }) => (isGiven(name) ? [name] : []));
  const path = '/networks';
  report.expect(named('host').length === 0, path, 'Host networks may not have names or labels');
  report.expect(named('container/bridge').length === 0, path, 'Bridge networks may not have names');
  report.expect(areUnique(names), path, 'Duplicate networks are not allowed');
  const isOneKind = modes.length <= 1 || modes.every((mode) => mode === 'container');
  const kinds = 'May specify a single host network, single bridge network, or else 1-to-n container networks';
  report.expect(isOneKind, path, kinds);
  const container = objectOf(app['container']);
  const hasMappings = listOf(container['portMappings']).length > 0;
  const old = objectOf(container['docker'])['network'] !== undefined || app['ipAddress'] !== undefined;
  const isHost = modes.length === 0 ? !old : modes.includes('host');
  report.expect(!isHost || !hasMappings, '/', 'portMappings are not allowed with host-networking');
  const isElsewhere = modes.some((mode) => mode !== 'host');
  const hasDefinitions = listOf(app['portDefinitions']).length > 0;
  report.expect(
    !isElsewhere || !hasDefinitions,
    '/',
    'portDefinitions are only allowed with host-networking',
  );
  const isDocker = 'docker' in container && (container['type'] ?? 'DOCKER') === 'DOCKER';
  const several = modes.filter((mode) => mode === 'container').length > 1;
  const single = 'may only specify a single container network when using the Docker container engine';
  report.expect(!isDocker || !several, '/', single);
}

const isGiven = (value: unknown): boolean => typeof value === 'string' && value !== '';

function checkPortDefinitions(definitions: readonly Json[], report: Report): void {
  const names = definitions.flatMap(({ name }) => (typeof name === 'string' ? [name] : []));
  report.expect(areUnique(names), '/portDefinitions', 'Port names must be unique.');
  const ports = definitions.map(({ port }) => port).filter((port) => port !== 0);
  report.expect(areUnique(ports), '/portDefinitions', 'Ports must be unique.');
  for (const [index, port] of definitions.map((it) => numberOf(it['port'], 0)).entries())
    report.expect(
      port >= 0 && port <= 65_535,
      `/portDefinitions(${index})/port`,
      'must be between 0 and 65535',
    );
}

function portCountOf(app: Json): number {
  const mappings = listOf(objectOf(app['container'])['portMappings']);
  return (mappings.length > 0 ? mappings : listOf(app['portDefinitions'])).length;
}

function checkHealthChecks(app: Json, report: Report): void {
  const count = portCountOf(app);
  const checks = listOf(app['healthChecks']).map(objectOf);
  const isDocker = objectOf(app['container'])['type'] === 'DOCKER';
  for (const [index, { protocol, portIndex, port, ipProtocol }] of checks.entries()) {
    const path = `/healthChecks(${index})`;
    const isMarathons = ['HTTP', 'HTTPS', 'TCP'].includes(String(protocol));
    const leads = typeof portIndex === 'number' ? portIndex >= 0 && portIndex < count : port !== undefined;
    report.expect(
      !isMarathons || leads,
      path,
      'Health check port indices must address an element of the ports array or container port mappings.',
    );
    const takesIpv6 = isDocker && String(protocol).startsWith('MESOS_');
    report.expect(
      ipProtocol === 'IPv4' || takesIpv6,
      path,
      'IPv6 can only be used for container type DOCKER and Mesos http/https/tcp health checks',
    );
  }
  const byMesos = checks.filter(({ protocol }) => String(protocol).startsWith('MESOS_'));
  report.expect(byMesos.length <= 1, '/', 'AppDefinition can contain at most one Mesos health check');
}
