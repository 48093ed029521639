/** Fields of Marathon 1.4 and older, which are taken in place of today's and not beside them. */
import { canonical, isObject, listOf, objectOf, type Json } from '../definitions/json.ts';
import { areUnique, Report } from './report.ts';

/** What a request says by itself, before anything is filled in: 422 "Object is not valid". */
export function checkOldFields(app: Json): void {
  const report = new Report();
  const docker = objectOf(objectOf(app['container'])['docker']);
  const isDocker = isObject(app['container']) && (app['container']['type'] ?? 'DOCKER') === 'DOCKER';
  checkDocker(docker, isDocker, report);
  const { ipAddress } = app;
  const networks = listOf(app['networks']);
  const [ports, definitions] = [listOf(app['ports']), listOf(app['portDefinitions'])];
  const discovers = isObject(objectOf(ipAddress)['discovery']);
  report.expect(
    !(isDocker && discovers),
    '/ipAddress',
    'ipAddress/discovery is not allowed for Docker containers',
  );
  report.expect(
    !isFilled(app['uris']) || !isFilled(app['fetch']),
    '/uris',
    'may not be set in conjunction with fetch',
  );
  report.expect(
    docker['network'] === undefined || networks.length === 0,
    '/',
    'must not specify both container.docker.network and networks',
  );
  report.expect(
    !isObject(ipAddress) || networks.length === 0,
    '/',
    'must not specify both networks and ipAddress',
  );
  report.expect(areUnique(ports.filter((port) => port !== 0)), '/', 'ports must be unique');
  report.expect(
    !isObject(ipAddress) || (ports.length === 0 && definitions.length === 0),
    '/',
    'cannot specify both an IP address and port',
  );
  const same = canonical(definitions.map((item) => objectOf(item)['port'] ?? 0)) === canonical(ports);
  report.expect(
    !Array.isArray(app['ports']) || !Array.isArray(app['portDefinitions']) || same,
    '/',
    'cannot specify both ports and port definitions',
  );
  report.throwIfInvalid();
}

const isFilled = (value: unknown): boolean => listOf(value).length > 0;

function checkDocker(docker: Json, isDocker: boolean, report: Report): void {
  const refused = isDocker ? ['credential'] : ['credential', 'network', 'parameters', 'portMappings'];
  for (const field of refused) {
    const value = docker[field];
    const isEmpty = value === undefined || value === null || (Array.isArray(value) && value.length === 0);
    report.expect(isEmpty, `/container/docker/${field}`, 'must be empty');
  }
}
