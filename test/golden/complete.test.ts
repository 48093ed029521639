/** No label and no template without a golden. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { labelRows } from '../../src/core/labels/reference.ts';
import { templates } from '../../src/core/model/template-names.ts';
import { readCase } from '../support/render.ts';

const folder = join(import.meta.dirname, 'cases');
const cases = readdirSync(folder)
  .filter((name) => name.endsWith('.yaml'))
  .map((name) => readCase(join(folder, name)));

/** With `{n}` for the index of a port, as the reference writes it. */
const labels = new Set(
  cases
    .flatMap(({ apps }) => apps as { labels?: Record<string, string> }[])
    .flatMap((app) => Object.keys(app.labels ?? {}))
    .map((name) => name.replace(/^HAPROXY_\d+_/, 'HAPROXY_{n}_')),
);
const files = new Set(cases.flatMap(({ templates: own = {} }) => Object.keys(own)));

test('every label of the reference is in a golden', () => {
  expect(
    labelRows()
      .map(({ label }) => label)
      .filter((label) => !labels.has(label)),
  ).toEqual([]);
});

test.each(Object.entries(templates))('the template %s is in a golden', (name, { perPort }) => {
  // What one port may have of its own is shown as the label that replaces it.
  if (perPort) expect([...labels]).toContain(`HAPROXY_{n}_${name}`);
  else expect([...files]).toContain(`HAPROXY_${name}`);
});
