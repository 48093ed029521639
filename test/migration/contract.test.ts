/** Nothing that marathon-lb documents is without a test here, or without a row among the differences. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { labelRows } from '../../src/core/labels/reference.ts';
import { templates } from '../../src/core/model/template-names.ts';
import { differences } from '../../src/settings/marathon-lb-differences.ts';
import { marathonLbFlags } from '../../src/settings/marathon-lb-flags.ts';
import { readCase } from '../support/render.ts';
import * as contract from './marathon-lb/contract.ts';
import type { Evidence } from './marathon-lb/contract.ts';

const root = join(import.meta.dirname, '..', '..');
const folder = join(root, 'test', 'golden', 'cases');
const cases = new Map(
  readdirSync(folder)
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => [name.slice(0, -'.yaml'.length), readCase(join(folder, name))]),
);

/** `HAPROXY_{n}_NAME` → the values it has in goldens. */
const labels = new Map<string, string[]>();
for (const { apps } of cases.values())
  for (const app of apps as { labels?: Record<string, string> }[])
    for (const [name, value] of Object.entries(app.labels ?? {})) {
      const key = name.replace(/^HAPROXY_\d+_/, 'HAPROXY_{n}_');
      labels.set(key, [...(labels.get(key) ?? []), value]);
    }
const files = new Map<string, string[]>();
for (const { templates: own = {} } of cases.values())
  for (const [name, text] of Object.entries(own)) files.set(name, [...(files.get(name) ?? []), text]);

const documented = new Set(labelRows().map(({ label }) => label));

/** What is missing of it; '' where it is there. */
function missing(evidence: Evidence): string {
  if ('golden' in evidence) return cases.has(evidence.golden) ? '' : `no golden case ${evidence.golden}`;
  if ('difference' in evidence) {
    const found = differences.some(({ marathonLb }) => marathonLb.startsWith(evidence.difference));
    return found ? '' : `no difference "${evidence.difference}"`;
  }
  const [file, title] = evidence.test;
  const text = readFileSync(join(root, file), 'utf8');
  const isTitle = ["'", '"', '`'].some((quote) => text.includes(`${quote}${title}${quote}`));
  const isSkipped = new RegExp(`(?:skip|todo)\\(\\s*['"\`]${literally(title)}`).test(text);
  return isTitle && !isSkipped ? '' : `no test "${title}" in ${file}`;
}

const literally = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

test.each([
  ...contract.appLabels.map((name) => `HAPROXY_${name}`),
  ...contract.portLabels.map((name) => `HAPROXY_{n}_${name}`),
])('the label %s is documented, and is in a golden', (label) => {
  expect([...documented]).toContain(label);
  expect(labels.get(label) ?? []).not.toEqual([]);
});

describe('the template', () => {
  test.each(Object.keys(contract.operatorTemplates))('%s is taken from a file, in a golden', (name) => {
    expect(files.get(`HAPROXY_${name}`) ?? []).not.toEqual([]);
  });

  test.each(Object.keys(contract.portTemplates))('%s is taken from a label, in a golden', (name) => {
    expect(labels.get(`HAPROXY_{n}_${name}`) ?? []).not.toEqual([]);
  });

  test('is one that Pacer knows, and no other is taken for marathon-lb’s', () => {
    const theirs = [...Object.keys(contract.operatorTemplates), ...Object.keys(contract.portTemplates)];
    expect(theirs.sort()).toEqual(Object.keys(templates).sort());
  });

  test.each(Object.entries({ ...contract.operatorTemplates, ...contract.portTemplates }))(
    '%s takes the placeholders that it has in marathon-lb',
    (name, placeholders) => {
      const { placeholders: known } = templates[name as keyof typeof templates];
      expect(placeholders.filter((it) => known === 'raw' || !known.some((one) => one === it))).toEqual([]);
    },
  );
});

test('each placeholder is filled in a golden', () => {
  const texts = [...labels.values(), ...files.values()].flat().join('\n');
  const all = Object.values({ ...contract.operatorTemplates, ...contract.portTemplates }).flat();
  expect([...new Set(all)].filter((name) => !new RegExp(`\\{${name}[}[.]`).test(texts))).toEqual([]);
});

test('each flag is known, and none is left out', () => {
  expect(Object.keys(contract.flags).sort()).toEqual(marathonLbFlags.map(({ flag }) => flag).sort());
});

test.each([
  ...Object.entries(contract.flags).map(([name, it]) => [`--${name}`, [it]] as const),
  ...Object.entries(contract.variables).map(([name, it]) => [name, [it]] as const),
  ...Object.entries(contract.endpoints).map(([name, it]) => [name, [it]] as const),
  ...Object.entries(contract.behaviour),
])('%s has a test, or is among the differences', (_, evidence) => {
  expect(evidence.map(missing).filter((it) => it !== '')).toEqual([]);
});
