/** Law: no value of any label brings a line, a section or a word into the configuration that is not its service's own. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readConfiguration } from '../support/configuration.ts';
import {
  anAppOf,
  broughtIn,
  exampleOf,
  honest,
  isTemplateLabel,
  labelNames,
  through,
  usual,
} from './document.ts';
import { hostileValues } from './values.ts';

const noise = fc.string({
  unit: fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...Array.from(' \t\n\r\0"\'\\#$%{}[],:/.*-=aZ0')) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }) },
  ),
  maxLength: 60,
});
const valueOf = (label: string) =>
  fc.oneof(
    noise,
    fc.tuple(fc.constant(exampleOf(label)), noise).map((parts) => parts.join('')),
    fc
      .tuple(
        noise,
        fc.constantFrom(...Object.values(hostileValues).filter(({ length }) => length < 1000)),
        noise,
      )
      .map((parts) => parts.join('')),
  );
const labelled = fc
  .uniqueArray(fc.constantFrom(...labelNames), { minLength: 1, maxLength: 4 })
  .chain((labels) =>
    fc.tuple(...labels.map((label) => valueOf(label).map((value): [string, string] => [label, value]))),
  );

test('for any labels with any values', () => {
  fc.assert(
    fc.property(labelled, (labels) => {
      const app = anAppOf('/hostile', { ...usual, ...Object.fromEntries(labels) });
      const saysTemplates = labels.some(([label]) => isTemplateLabel(label));
      expect(broughtIn(through([...honest, app]), saysTemplates)).toEqual([]);
    }),
    { numRuns: 1500 },
  );
});

/** Labels whose value becomes one word, or a known number of them, whatever is in it. */
const oneWord = [
  'HAPROXY_0_SSL_CERT',
  'HAPROXY_0_HTTP_BACKEND_REDIR',
  'HAPROXY_0_HTTP_BACKEND_REVPROXY_PATH',
  'HAPROXY_0_BIND_ADDR',
] as const;

test.each(oneWord)('%s is as many words as when it means well, whatever it says', (label) => {
  const shape = (value: string) => {
    const { rendering } = through([
      anAppOf('/one', { ...usual, [label]: value }, { portDefinitions: [{ port: 64_103 }] }),
    ]);
    return readConfiguration(String(rendering.files.get('haproxy.cfg'))).map(({ name, lines }) => [
      name,
      lines.map((words) => words.length),
    ]);
  };
  const [well, without] = [shape(exampleOf(label)), shape('')];
  fc.assert(
    fc.property(valueOf(label), (value) => {
      const made = shape(value);
      expect(
        [well, without, []].some((one) => JSON.stringify(one) === JSON.stringify(made)) ||
          made.length < well.length,
      ).toBe(true);
    }),
    { numRuns: 300 },
  );
});
