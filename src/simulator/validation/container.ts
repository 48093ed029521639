/** The container of an app: its image, its ports and its volumes. */
import { isObject, listOf, objectOf, stringOf, type Json } from '../definitions/json.ts';
import { areUnique, type Report } from './report.ts';

export function checkContainer(app: Json, report: Report): void {
  const { container } = app;
  if (!isObject(container)) return;
  checkImage(container, report);
  checkMappings(container, listOf(app['networks']).map(objectOf), report);
  checkLinuxInfo(container['linuxInfo'], '/container/linuxInfo', report);
  for (const [index, item] of listOf(container['volumes']).entries())
    checkVolume(objectOf(item), `/container/volumes(${index})`, report);
}

/** Whether it names an image, so that it says by itself what is run. */
export function hasImage(container: unknown): boolean {
  const { type, docker, appc } = objectOf(container);
  return isObject(docker) ? !isObject(appc) : isObject(appc) && type === 'MESOS';
}

function checkImage({ type, docker, appc }: Json, report: Report): void {
  if (type !== 'MESOS' && !isObject(docker)) report.fail('/container/docker', 'not defined');
  if (isObject(docker)) {
    report.expect(stringOf(docker['image']) !== '', '/container/docker/image', 'must not be empty');
    const isSupported = type === 'MESOS' || docker['pullConfig'] === undefined;
    const error = 'pullConfig is not supported with Docker containerizer';
    report.expect(isSupported, '/container/docker/pullConfig', error);
  }
  if (isObject(docker) && isObject(appc))
    report.fail('/container', 'mesos containers should specify, at most, a single image type');
}

function checkMappings(container: Json, networks: readonly Json[], report: Report): void {
  const path = '/container/portMappings';
  const mappings = listOf(container['portMappings']).map(objectOf);
  const named = mappings.flatMap(({ name }) => (typeof name === 'string' ? [name] : []));
  report.expect(areUnique(named), path, 'Port names must be unique.');
  const known = networks.flatMap(({ name }) => (typeof name === 'string' ? [name] : []));
  const several = networks.filter(({ mode }) => mode === 'container').length > 1;
  for (const [index, { hostPort, networkNames }] of mappings.entries()) {
    const names = listOf(networkNames);
    report.expect(
      !several || hostPort === undefined || names.length === 1,
      `${path}(${index})`,
      'networkNames must be a single item list when hostPort is specified and more than 1 container network is defined',
    );
    for (const [place, name] of names.entries()) {
      const error = `is not one of (${known.join(',')})`;
      report.expect(known.includes(String(name)), `${path}(${index})/networkNames(${place})`, error);
    }
  }
}

/** @param info of an app's container, or of a pod's */
export function checkLinuxInfo(info: unknown, path: string, report: Report): void {
  const { seccomp, ipcInfo } = objectOf(info);
  if (isObject(seccomp)) {
    const isNamed = typeof seccomp['profileName'] === 'string';
    const isUnconfined = seccomp['unconfined'] === true;
    const error = `Seccomp unconfined ${isNamed ? 'can NOT be true when Profile is' : 'must be true when Profile is NOT'} defined`;
    report.expect(isNamed !== isUnconfined, `${path}/seccomp`, error);
  }
  const { mode, shmSize } = objectOf(ipcInfo);
  report.expect(
    mode !== 'SHARE_PARENT' || shmSize === undefined,
    `${path}/ipcInfo`,
    'ipcInfo shmSize can NOT be set when mode is SHARE_PARENT',
  );
}

function checkVolume(volume: Json, path: string, report: Report): void {
  const containerPath = stringOf(volume['containerPath']);
  const { persistent, mode } = volume;
  if (!isObject(persistent)) {
    report.expect(containerPath !== '', `${path}/containerPath`, 'must not be empty');
    return;
  }
  report.expect(
    !['', '.', '..'].includes(containerPath),
    `${path}/containerPath`,
    'can not be one of (.,..)',
  );
  report.expect(!containerPath.includes('/'), `${path}/containerPath`, 'value must not contain "/"');
  report.expect(mode === undefined || mode === 'RW', `${path}/mode`, 'got RO, expected RW');
  const { type = 'root', size, maxSize, constraints } = persistent;
  const isPositive = typeof size === 'number' && size > 0;
  report.expect(isPositive, `${path}/persistent/size`, `got ${String(size)}, expected more than 0`);
  const at = `${path}/persistent`;
  const isRoot = type === 'root' && listOf(constraints).length > 0;
  report.expect(!isRoot, at, 'Constraints on root volumes are not supported');
  report.expect(maxSize === undefined || type === 'mount', at, 'Only mount volumes can have maxSize');
  const isLarger = typeof maxSize !== 'number' || typeof size !== 'number' || maxSize > size;
  report.expect(isLarger, at, 'Max size must be larger than size');
}
