/** The labels of one app, read into typed values with a diagnostic for each that does not parse. */
import { hasUnprintable } from '../model/config-token.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import { byCodePoint, type AppId } from '../model/ids.ts';
import { nearest } from '../collections/nearest.ts';
import { shown, type OddItem } from './parsed.ts';
import type { TemplateName } from '../model/template-names.ts';
import {
  knownLabels,
  readLabelName,
  specOf,
  type AppLabelValues,
  type LabelSpec,
  type PortLabelValues,
} from './table.ts';

/** Longer values are refused, but for lists and for fragments. No name, path, address or hash is longer. */
export const longestValue = 2048;
/** Of one app; the last one says how many more there are. */
export const mostWarnings = 20;

export interface Labels {
  readonly app: AppLabelValues;
  /** By port index. */
  readonly ports: ReadonlyMap<number, PortLabelValues>;
  /** By port index: the texts of templates, which are read where they are used. */
  readonly fragments: ReadonlyMap<number, Readonly<Partial<Record<TemplateName, string>>>>;
  readonly diagnostics: readonly Diagnostic[];
}

export function readLabels(
  appId: AppId,
  labels: Readonly<Record<string, string>>,
  portCount: number,
): Labels {
  const app: Record<string, unknown> = {};
  const ports = new Map<number, Record<string, unknown>>();
  const fragments = new Map<number, Partial<Record<TemplateName, string>>>();
  const diagnostics: Diagnostic[] = [];

  for (const label of Object.keys(labels)
    .filter((name) => name.startsWith('HAPROXY_'))
    .sort(byCodePoint)) {
    const value = labels[label] ?? '';
    const name = readLabelName(label);
    const about = { appId, label, ...('index' in name ? { portIndex: name.index } : {}) };
    if (name.kind === 'unknown') {
      diagnostics.push({ code: 'LABEL_UNKNOWN', severity: 'warning', ...about, ...unknownLabel(label) });
      continue;
    }
    if (name.kind !== 'app' && name.index >= portCount) {
      diagnostics.push({
        code: 'LABEL_NO_PORT',
        severity: 'warning',
        ...about,
        ...noSuchPort(name.index, portCount),
      });
      continue;
    }
    if (name.kind === 'fragment') {
      fragments.set(name.index, { ...fragments.get(name.index), [name.name]: value });
      continue;
    }
    const spec = specOf(name);
    if (isEmpty(value, spec)) {
      if (spec.emptied !== undefined)
        diagnostics.push({ code: 'LABEL_EMPTY', severity: 'warning', ...about, ...empty(spec.emptied) });
      continue;
    }
    const result = unfit(value, spec) ?? spec.parse(value);
    if (!result.ok) {
      diagnostics.push({
        code: 'LABEL_INVALID',
        severity: 'error',
        ...about,
        ...(spec.secret === true ? {} : { value: shown(value) }),
        reason: result.reason,
        remedy: result.remedy,
      });
      continue;
    }
    diagnostics.push(...(result.items ?? []).map((item) => ({ ...about, ...oddItem(item) })));
    if (!spec.applied)
      diagnostics.push({ code: 'LABEL_NOT_APPLIED', severity: 'warning', ...about, ...notApplied(label) });
    if (name.kind === 'app') app[name.name] = result.value;
    else ports.set(name.index, { ...ports.get(name.index), [name.name]: result.value });
  }
  return { app, ports, fragments, diagnostics: withFewWarnings(appId, diagnostics) };
}

/** Errors decide what is served; of the others a few tell what is wrong with thousands. */
function withFewWarnings(appId: AppId, diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const warnings = diagnostics.filter(({ severity }) => severity !== 'error');
  if (warnings.length <= mostWarnings) return diagnostics;
  const shown = new Set(warnings.slice(0, mostWarnings - 1));
  const kept = diagnostics.filter((one) => one.severity === 'error' || shown.has(one));
  return [
    ...kept,
    {
      ...{ code: 'LABEL_WITHOUT_EFFECT', severity: 'warning', appId },
      reason: `${warnings.length - shown.size} more labels have no effect`,
      remedy: 'correct or drop those that are named, then look again',
    },
  ];
}

/** marathon-lb's rule: a label without a value is not set. */
const isEmpty = (value: string, { list }: LabelSpec<unknown>): boolean =>
  (list === 'names' ? value.replaceAll(',', '') : value).trim() === '';

const empty = (meaning: string): { reason: string; remedy: string } => ({
  reason: `it is empty, which means the same as no label: ${meaning}`,
  remedy: 'drop the label if that is meant, or give it a value',
});

const oddItem = ({ severity, item, reason, remedy }: OddItem) => ({
  ...({ code: severity === 'error' ? 'LABEL_ITEM_LEFT_OUT' : 'LABEL_ITEM_CHANGED', severity } as const),
  ...{ value: shown(item), reason: severity === 'error' ? `${reason}, so it is left out` : reason, remedy },
});

function unfit(
  value: string,
  { list }: LabelSpec<unknown>,
): { ok: false; reason: string; remedy: string } | undefined {
  if (list !== undefined) return undefined;
  if (value.length > longestValue) {
    return {
      ok: false,
      reason: `the value has ${value.length} characters`,
      remedy: `write at most ${longestValue}`,
    };
  }
  if (hasUnprintable(value.trim())) {
    return {
      ok: false,
      reason: 'the value has a line break or another control character',
      remedy: 'write it in one line of printable characters',
    };
  }
  return undefined;
}

function unknownLabel(label: string): { reason: string; remedy: string } {
  const index = Number(/^HAPROXY_(\d{1,4})_/.exec(label)?.[1] ?? 0);
  const guess = nearest(label, knownLabels(index));
  return {
    reason: 'no such label is known, so it has no effect',
    remedy: guess === undefined ? 'see the label reference, or drop it' : `did you mean ${guess}?`,
  };
}

function noSuchPort(index: number, portCount: number): { reason: string; remedy: string } {
  const has = portCount === 1 ? '1 port' : `${portCount} ports`;
  return {
    reason: `the app has ${has}, so there is no port with index ${index}`,
    remedy: portCount === 0 ? 'define a port' : `write an index from 0 to ${portCount - 1}`,
  };
}

function notApplied(label: string): { reason: string; remedy: string } {
  return {
    reason: `${label} is understood, but this version of Pacer does not apply it yet`,
    remedy: 'expect the default behaviour',
  };
}
