/** Law: no value of any label brings a line, a section or a word into the configuration that is not its service's own. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mayStand, sharedKeywords } from '../../src/core/templates/keywords.ts';
import { isTemplateName } from '../../src/core/templates/names.ts';
import { readConfiguration } from '../support/configuration.ts';
import { injected } from '../support/injection.ts';
import { anAppOf, exampleOf, honest, labelNames, through, usual, usualKeywords } from './document.ts';
import { hostileValues } from './values.ts';

const alone = through(honest);
const plain = usualKeywords();

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
      const { rendering, backends } = through([...honest, app]);
      const templates = labels.some(([label]) => isTemplateName(label.replace(/^HAPROXY_(?:0_)?/, '')));
      const wrong = injected(alone.rendering.files, rendering.files, {
        backends: backends.get('/hostile') ?? [],
        may: (kind, keyword) =>
          plain.get(kind)?.has(keyword) === true ||
          (templates &&
            (kind === 'frontend' || kind === 'backend' || kind === 'userlist') &&
            mayStand(keyword, kind)),
        shared: new Set(templates ? sharedKeywords : []),
      });
      expect(wrong).toEqual([]);
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
