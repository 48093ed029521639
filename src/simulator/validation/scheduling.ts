/** Where and how an app may run: constraints, residency, roles. */
import { isObject, listOf, objectOf, type Json } from '../definitions/json.ts';
import type { Report } from './report.ts';

const operators = 'operator must be one of the following UNIQUE, CLUSTER, GROUP_BY, LIKE, MAX_PER or UNLIKE';

/** By operator: what is wrong with its value. */
const objections: Readonly<Record<string, (value: string | undefined) => string | undefined>> = {
  UNIQUE: (value) => (value === undefined ? undefined : 'UNIQUE does not accept a value'),
  CLUSTER: (value) => (value === undefined ? 'Missing value' : undefined),
  GROUP_BY: (value) =>
    value === undefined || isInteger(value)
      ? undefined
      : 'GROUP BY must define an integer value or else no value at all',
  MAX_PER: (value) =>
    value !== undefined && isInteger(value) ? undefined : 'MAX_PER requires an integer value',
  LIKE: pattern,
  UNLIKE: pattern,
  IS: (value) => (value === undefined ? 'Missing value' : undefined),
};

export function checkConstraints(constraints: unknown, path: string, report: Report): void {
  for (const [index, item] of listOf(constraints).entries()) {
    const words = listOf(item).map(String);
    const [, operator = '', value] = words;
    const error =
      words.length < 2 || words.length > 3
        ? 'Each constraint must have either 2 or 3 fields'
        : Object.hasOwn(objections, operator)
          ? objections[operator]?.(value)
          : operators;
    if (error !== undefined) report.fail(`${path}(${index})`, error);
  }
}

const isInteger = (text: string): boolean => /^[-+]?\d+$/.test(text);

function pattern(value: string | undefined): string | undefined {
  if (value === undefined || value === '')
    return 'LIKE and UNLIKE require a non-empty, regular expression value';
  try {
    new RegExp(value);
    return undefined;
  } catch {
    return 'is not a valid regular expression';
  }
}

/** [marathon] An app with persistent volumes is resident: it is never above its number, and never taken for lost. */
export function checkResidency(app: Json, report: Report): void {
  const volumes = listOf(objectOf(app['container'])['volumes']).map(objectOf);
  const keepsData = volumes.some(({ persistent }) => isObject(persistent));
  const { residency, unreachableStrategy, upgradeStrategy } = app;
  if (residency !== undefined && !keepsData)
    report.fail('/', 'App must contain persistent volumes and define residency');
  if (!keepsData) return;
  const over = objectOf(upgradeStrategy)['maximumOverCapacity'];
  const path = '/upgradeStrategy/maximumOverCapacity';
  report.expect(over === undefined || over === 0, path, `got ${String(over)}, expected 0.0`);
  report.expect(
    !isObject(unreachableStrategy),
    '/',
    'unreachableStrategy must be disabled for resident tasks',
  );
}

/** [marathon] Marathon's own role, and that of the group at the top, may be taken. */
export function checkRole(role: unknown, id: string, report: Report): void {
  if (typeof role !== 'string') return;
  const [, top = '', ...below] = id.split('/');
  const valid = below.length > 0 ? ['*', top] : ['*'];
  report.expect(valid.includes(role), '/role', `got ${role}, expected one of: ${valid.join(', ')}`);
}

export function checkAcceptedRoles(roles: unknown, path: string, report: Report): void {
  report.expect(!Array.isArray(roles) || roles.length > 0, path, 'must not be empty');
}
