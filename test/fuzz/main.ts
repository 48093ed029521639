/** `npm run fuzz -- --runs N`: ends with 1 where a document crashed something or brought in a line that is not its own. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { fuzz } from './fuzz.ts';

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '100000' }, seed: { type: 'string', default: '1' } },
});
const runs = Number(values.runs);
const began = performance.now();
const findings = fuzz(runs, Number(values.seed), (done) => {
  if (done % 10_000 === 0) console.log(`${done} documents`);
});
const seconds = (performance.now() - began) / 1000;
const folder = join(import.meta.dirname, 'found');
for (const { seed, wrong, document } of findings.slice(0, 20)) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${seed}.json`), `${JSON.stringify(document, null, 1)}\n`);
  console.log(`seed ${seed}: ${wrong}`);
}
console.log(
  `${runs} documents from seed ${values.seed} in ${seconds.toFixed(0)} s: ${findings.length === 0 ? 'nothing found' : `${findings.length} found; the first are in ${folder}`}`,
);
process.exitCode = findings.length === 0 ? 0 : 1;
