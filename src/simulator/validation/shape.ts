/** The shape of a definition: types, words of a closed list and ranges, which the reader of the JSON checks first. */
import { isObject, listOf, objectOf, type Json } from '../definitions/json.ts';
import { Report } from './report.ts';

const wrongType = 'error.expected.';
const unknownWord = 'error.unknown.enum.literal';

type Shape = 'jsnumber' | 'jsobject' | 'jsarray' | 'jsstring';

const shapes: Readonly<Record<string, Shape>> = {
  id: 'jsstring',
  cmd: 'jsstring',
  args: 'jsarray',
  instances: 'jsnumber',
  cpus: 'jsnumber',
  mem: 'jsnumber',
  disk: 'jsnumber',
  backoffSeconds: 'jsnumber',
  labels: 'jsobject',
  env: 'jsobject',
  container: 'jsobject',
  upgradeStrategy: 'jsobject',
  networks: 'jsarray',
  portDefinitions: 'jsarray',
  healthChecks: 'jsarray',
  constraints: 'jsarray',
  dependencies: 'jsarray',
};

const words = {
  killSelection: ['YOUNGEST_FIRST', 'OLDEST_FIRST'],
  protocol: ['HTTP', 'HTTPS', 'TCP', 'COMMAND', 'MESOS_HTTP', 'MESOS_HTTPS', 'MESOS_TCP'],
  ipProtocol: ['IPV4', 'IPV6'],
  engine: ['DOCKER', 'MESOS'],
  network: ['HOST', 'CONTAINER', 'CONTAINER/BRIDGE'],
  ipc: ['PRIVATE', 'SHARE_PARENT'],
} as const;

/** An app or a part of one (PATCH): 422 "Invalid JSON". */
export function checkShape(app: Json): void {
  const report = new Report();
  for (const [field, shape] of Object.entries(shapes)) {
    const value = app[field];
    if (value === undefined || value === null) continue;
    report.expect(hasShape(value, shape), `/${field}`, wrongType + shape);
  }
  for (const [label, value] of Object.entries(objectOf(app['labels'])))
    report.expect(typeof value === 'string', `/labels/${label}`, `${wrongType}jsstring`);
  checkWords(app, report);
  for (const field of ['minimumHealthCapacity', 'maximumOverCapacity'])
    checkShare(objectOf(app['upgradeStrategy'])[field], `/upgradeStrategy/${field}`, report);
  report.throwIfMalformed();
}

/** The same of a pod. */
export function checkPodShape(pod: Json): void {
  const report = new Report();
  const scheduling = objectOf(pod['scheduling']);
  const { killSelection } = scheduling;
  checkWord(killSelection, words.killSelection, '/scheduling/killSelection', report);
  for (const field of ['minimumHealthCapacity', 'maximumOverCapacity'])
    checkShare(objectOf(scheduling['upgrade'])[field], `/scheduling/upgrade/${field}`, report);
  checkNetworks(pod, report);
  report.throwIfMalformed();
}

function hasShape(value: unknown, shape: Shape): boolean {
  if (shape === 'jsarray') return Array.isArray(value);
  if (shape === 'jsobject') return isObject(value);
  return typeof value === shape.slice(2);
}

function checkWords(app: Json, report: Report): void {
  checkWord(app['killSelection'], words.killSelection, '/killSelection', report);
  const container = objectOf(app['container']);
  checkWord(container['type'], words.engine, '/container/type', report);
  const { mode } = objectOf(objectOf(container['linuxInfo'])['ipcInfo']);
  checkWord(mode, words.ipc, '/container/linuxInfo/ipcInfo/mode', report);
  checkNetworks(app, report);
  for (const [index, item] of listOf(app['healthChecks']).entries()) {
    const { protocol, ipProtocol } = objectOf(item);
    checkWord(protocol, words.protocol, `/healthChecks(${index})/protocol`, report);
    checkWord(ipProtocol, words.ipProtocol, `/healthChecks(${index})/ipProtocol`, report);
  }
}

function checkNetworks(definition: Json, report: Report): void {
  for (const [index, item] of listOf(definition['networks']).entries())
    checkWord(objectOf(item)['mode'], words.network, `/networks(${index})/mode`, report);
}

/** [marathon] The generated readers take a word in any case. */
function checkWord(value: unknown, known: readonly string[], path: string, report: Report): void {
  if (value === undefined || value === null) return;
  report.expect(typeof value === 'string' && known.includes(value.toUpperCase()), path, unknownWord);
}

function checkShare(value: unknown, path: string, report: Report): void {
  if (typeof value !== 'number') return;
  report.expect(value >= 0, path, 'error.min');
  report.expect(value <= 1, path, 'error.max');
}
