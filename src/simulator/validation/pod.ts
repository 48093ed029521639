/** A pod, as Marathon judges it: 422 "Object is not valid". */
import { isObject, listOf, numberOf, objectOf, type Json } from '../definitions/json.ts';
import { checkEnvironment, checkId, checkNetworks } from './app.ts';
import { checkLinuxInfo } from './container.ts';
import { checkMostInstances } from './instances.ts';
import { areUnique, Report } from './report.ts';
import { checkAcceptedRoles, checkConstraints, checkRole } from './scheduling.ts';

export function checkPod(pod: Json, id: string): void {
  const report = new Report();
  const containers = listOf(pod['containers']).map(objectOf);
  checkId(id, report);
  report.expect(containers.length > 0, '/containers', 'must not be empty');
  report.expect(areUnique(containers.map(({ name }) => name)), '/containers', 'container names are unique');
  checkEnvironment(pod['environment'], '/environment', report);
  checkNetworks(pod, report);
  checkRole(pod['role'], id, report);
  const { placement } = objectOf(pod['scheduling']);
  const { constraints, acceptedResourceRoles } = objectOf(placement);
  checkPlacement(constraints, report);
  checkAcceptedRoles(acceptedResourceRoles, '/scheduling/placement/acceptedResourceRoles', report);
  const { instances } = objectOf(pod['scaling']);
  const error = `got ${String(instances)}, expected 0 or more`;
  report.expect(numberOf(instances, 1) >= 0, '/scaling/instances', error);
  checkMostInstances(numberOf(instances, 1), '/scaling/instances', report);
  const isConfined = objectOf(pod['linuxInfo'])['seccomp'] !== undefined;
  const unsupported = 'Seccomp configuration on executor level is not supported';
  report.expect(!isConfined, '/linuxInfo/seccomp', unsupported);
  checkLinuxInfo({ ipcInfo: objectOf(pod['linuxInfo'])['ipcInfo'] }, '/linuxInfo', report);
  checkVolumes(pod, containers, report);
  for (const [index, container] of containers.entries())
    checkContainer(container, `/containers(${index})`, modeOf(pod), report);
  checkEndpoints(containers, report);
  report.throwIfInvalid();
}

const modeOf = (pod: Json): unknown => objectOf(listOf(pod['networks'])[0])['mode'];

/** Constraints of a pod are objects. */
function checkPlacement(constraints: unknown, report: Report): void {
  const lists = listOf(constraints).map((item) => {
    const { fieldName, operator, value } = objectOf(item);
    return [fieldName, operator, ...(value === undefined ? [] : [value])];
  });
  checkConstraints(lists, '/scheduling/placement/constraints', report);
}

function checkVolumes(pod: Json, containers: readonly Json[], report: Report): void {
  const volumes = listOf(pod['volumes']).map(objectOf);
  const mounted = containers.flatMap((container) =>
    listOf(container['volumeMounts']).map((mount) => objectOf(mount)['name']),
  );
  report.expect(areUnique(volumes.map(({ name }) => name)), '/volumes', 'volume names are unique');
  for (const [index, { name }] of volumes.entries()) {
    const error = 'volume must be referenced by at least one container';
    report.expect(mounted.includes(name), `/volumes(${index})`, error);
  }
}

function checkContainer(container: Json, path: string, mode: unknown, report: Report): void {
  checkEnvironment(container['environment'], `${path}/environment`, report);
  checkLinuxInfo(container['linuxInfo'], `${path}/linuxInfo`, report);
  const endpoints = listOf(container['endpoints']).map(objectOf);
  for (const [index, { hostPort, containerPort, protocol }] of endpoints.entries()) {
    const at = `${path}/endpoints(${index})`;
    if (mode === 'host') {
      const needed = 'is required when using host-mode networking';
      report.expect(hostPort !== undefined, `${at}/hostPort`, needed);
      const refused = 'is not allowed when using host-mode networking';
      report.expect(containerPort === undefined, `${at}/containerPort`, refused);
    }
    if (mode === 'container') {
      const needed = 'is required when using container-mode networking';
      report.expect(containerPort !== undefined, `${at}/containerPort`, needed);
    }
    const twice = 'Duplicate protocols within the same endpoint are not allowed';
    report.expect(areUnique(listOf(protocol)), `${at}/protocol`, twice);
  }
  if (isObject(container['healthCheck']))
    checkHealth(container['healthCheck'], endpoints, `${path}/healthCheck`, report);
}

function checkHealth(check: Json, endpoints: readonly Json[], path: string, report: Report): void {
  const kinds = ['http', 'tcp', 'exec'].filter((kind) => check[kind] !== undefined);
  report.expect(kinds.length === 1, path, 'Only one of http, tcp, or command may be specified');
  for (const kind of kinds.filter((it) => it !== 'exec')) {
    const { endpoint } = objectOf(check[kind]);
    const isKnown = endpoints.some(({ name }) => name === endpoint);
    report.expect(isKnown, `${path}/${kind}/endpoint`, 'contained in the container endpoints');
  }
}

function checkEndpoints(containers: readonly Json[], report: Report): void {
  const all = containers.flatMap((container) => listOf(container['endpoints']).map(objectOf));
  const ports = (field: string) => all.map((it) => it[field]).filter((port) => port !== undefined);
  report.expect(areUnique(all.map(({ name }) => name)), '/', 'Endpoint names are unique');
  report.expect(areUnique(ports('containerPort')), '/', 'Container ports are unique');
  const hostPorts = ports('hostPort').filter((port) => port !== 0);
  report.expect(areUnique(hostPorts), '/', 'Host ports are unique');
}
