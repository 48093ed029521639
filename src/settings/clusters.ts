/** `clusters:` in the settings file: several Marathons, each with a name and the settings to reach it. */
import { nearest } from '../core/collections/nearest.ts';
import type { MarathonCluster } from '../core/model/marathon-access.ts';
import { PacerError } from '../errors.ts';
import { accessKeys, accessOf, type AccessSettings } from './access.ts';
import type { SettingSpec } from './spec.ts';
import { settingsTable } from './table.ts';

type Clusters = readonly [MarathonCluster, ...MarathonCluster[]];

/** The name may become the first segment of app ids. It begins with a letter, so that YAML keeps the order. */
const nameShape = /^[a-z](?:[a-z0-9-]*[a-z0-9])?$/;

/** @throws PacerError SETTINGS_INVALID, SETTINGS_UNKNOWN_KEY, or the error of a file that is named */
export function clustersOf(written: unknown): Clusters {
  const entries = Object.entries(mapping(written, 'clusters'));
  const clusters = entries.map(([name, settings]): MarathonCluster => {
    const where = `clusters.${name}`;
    if (!nameShape.test(name))
      throw invalid(
        `${where}: the name of a cluster consists of lower-case letters, digits and dashes, and begins with a letter`,
      );
    return { name, access: accessOf(accessSettings(mapping(settings, where), where)) };
  });
  const [first, ...more] = clusters;
  if (first === undefined) throw invalid('clusters: is empty');
  return [first, ...more];
}

function accessSettings(given: Readonly<Record<string, unknown>>, where: string): AccessSettings {
  const known = new Map<string, (typeof accessKeys)[number]>(
    accessKeys.map((key) => [settingsTable[key].flag, key]),
  );
  const values: Record<string, unknown> = {};
  for (const name of Object.keys(given)) {
    if (known.has(name)) continue;
    const guess = nearest(name, known.keys());
    throw new PacerError(
      'SETTINGS_UNKNOWN_KEY',
      `${name} is not a setting of a cluster (${where})`,
      guess === undefined ? `it may have ${[...known.keys()].join(', ')}` : `did you mean ${guess}?`,
    );
  }
  for (const [name, key] of known) {
    const spec: SettingSpec = settingsTable[key];
    const raw = given[name] ?? (key === 'marathon' ? undefined : spec.default);
    if (raw === undefined) {
      if (key === 'marathon') throw invalid(`${where} has no \`marathon\``);
      continue;
    }
    const result = spec.schema.safeParse(raw);
    if (!result.success)
      throw invalid(`${where}.${name}: ${result.error.issues.map(({ message }) => message).join(', ')}`);
    values[key] = result.data;
  }
  return values as unknown as AccessSettings;
}

function mapping(value: unknown, where: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw invalid(`${where} in the settings file is not a mapping`);
}

const invalid = (message: string) =>
  new PacerError('SETTINGS_INVALID', message, 'write `clusters: {east: {marathon: "http://m1:8080"}, …}`');
