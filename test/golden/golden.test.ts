import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { certificates, checkRendering, readCase, renderCase, showCase } from '../support/render.ts';

const folder = join(import.meta.dirname, 'cases');
const names = readdirSync(folder)
  .filter((name) => name.endsWith('.yaml'))
  .map((name) => name.slice(0, -'.yaml'.length))
  .sort();

let pems: Awaited<ReturnType<typeof certificates>>;
beforeAll(async () => {
  pems = await certificates(['default.pem', 'app.pem']);
});
afterAll(() => {
  pems.remove();
});

test('there are at least forty golden cases', () => {
  expect(names.length).toBeGreaterThanOrEqual(40);
});

describe.each(names)('%s', (name) => {
  const golden = readCase(join(folder, `${name}.yaml`));

  test(golden.about, async () => {
    await expect(showCase(golden)).toMatchFileSnapshot(join(folder, `${name}.out`));
  });

  test('is accepted by haproxy -c without a warning', () => {
    expect(checkRendering(renderCase(golden).rendering, pems.directory)).toBe('');
  });
});
