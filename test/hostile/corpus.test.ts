/**
 * Every label with every hostile value, alone among apps that mean well: it is refused with a diagnostic that names
 * it, or harmless. Nothing but its own sections differs, and HAProxy accepts what is served.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeDiagnostic } from '../../src/core/model/diagnostic.ts';
import { certificates, checkRendering } from '../support/render.ts';
import {
  anAppOf,
  broughtIn,
  exampleOf,
  honest,
  isTemplateLabel,
  labelNames,
  through,
  throughPreflight,
  usual,
} from './document.ts';
import { hostileValues } from './values.ts';

interface Case {
  readonly label: string;
  readonly what: string;
  readonly value: string;
}

const cases: readonly Case[] = labelNames.flatMap((label) =>
  Object.entries(hostileValues).flatMap(([what, value]) => [
    { label, what, value },
    { label, what: `${what}, behind what is right`, value: `${exampleOf(label)}${value}` },
  ]),
);

let pems: Awaited<ReturnType<typeof certificates>>;
beforeAll(async () => {
  pems = await certificates(['default.pem']);
});
afterAll(() => pems.remove());

test('there are thousands of cases, each label and each value', () => {
  expect(cases.length).toBeGreaterThan(3000);
});

test.each(labelNames)('%s brings nothing into the configuration that is not its own', (label) => {
  const isTemplate = isTemplateLabel(label);
  const wrong: string[] = [];
  for (const { what, value } of cases.filter((it) => it.label === label)) {
    const app = anAppOf('/hostile', { ...usual, [label]: value });
    const outcome = through([...honest, app]);
    const { diagnostics, backends } = outcome;
    const complain = (text: string) => wrong.push(`${what}: ${text}`);
    for (const text of broughtIn(outcome, isTemplate)) complain(text);
    if (diagnostics.some(({ appId }) => appId !== '/hostile')) complain('it is told of somebody else');
    const isServed = backends.has('/hostile');
    const errors = diagnostics.filter(({ severity }) => severity === 'error');
    const names = /GROUP$|ENABLED$/.test(label) || errors.length > 0;
    if (!isServed && !names) complain('it is left out without a word');
    for (const it of errors) {
      if (it.label === undefined && it.portIndex === undefined) complain('no label or port is named');
      if (it.remedy === '') complain('no remedy is given');
      if (it.label !== undefined && it.label !== label) complain(`${it.label} is blamed`);
      const text = describeDiagnostic(it);
      if (text.length > 1500 || /[\u0000-\u001f\u007f-\u009f]/.test(text))
        complain(`said as ${JSON.stringify(text.slice(0, 300))}`);
    }
  }
  expect(wrong).toEqual([]);
});

test('all that are left to serve are accepted by HAProxy in one configuration', async () => {
  const served = cases
    .filter(({ label }) => !isTemplateLabel(label) && label !== 'HAPROXY_GROUP')
    .map(({ label, value }, i) => anAppOf(`/h-${i}`, { HAPROXY_0_VHOST: `h${i}.example`, [label]: value }));
  const some = await throughPreflight([...honest, ...served]);
  expect(some.backends.size).toBeGreaterThan(100);
  expect(checkRendering(some.rendering, pems.directory)).toBe('');
});
