/** Labels that interact, in each other's company: every two in a golden, every three accepted by HAProxy. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  checksOf,
  describeInteraction,
  interactions,
  labelsOf,
  neighbourLabels,
  type Interaction,
} from '../support/interactions.ts';
import { certificates, checkRendering, renderCase, showCase, type GoldenCase } from '../support/render.ts';

let pems: Awaited<ReturnType<typeof certificates>>;
beforeAll(async () => {
  pems = await certificates(['default.pem', 'app.pem']);
});
afterAll(() => {
  pems.remove();
});

const secrets = { passwordHash: '$6$salt$hash/.', certificate: '/certificates/app.pem' };

function appOf(id: string, port: number, labels: Record<string, string>, checks: readonly object[]) {
  return {
    id,
    labels: { HAPROXY_GROUP: 'external', ...labels },
    networks: [{ mode: 'host' }],
    portDefinitions: [{ port }],
    healthChecks: checks,
    tasks: [{ id: `${id.slice(1)}.1`, host: '10.0.0.1', ports: [port + 10_000], state: 'TASK_RUNNING' }],
  };
}

const appsOf = (it: Interaction) => [
  appOf(`/r${it.n}`, 10_000 + it.n, labelsOf(it, secrets), checksOf(it)),
  ...(it.neighbour ? [appOf(`/s${it.n}`, 11_000 + it.n, neighbourLabels(it), [])] : []),
];

describe.each([
  ['interactions', false],
  ['interactions-grouped-https', true],
] as const)('%s', (name, groupHttpsByVhost) => {
  const caseOf = (rows: readonly Interaction[]): GoldenCase => ({
    about: rows.map(describeInteraction).join('\n# '),
    settings: groupHttpsByVhost ? { groupHttpsByVhost } : {},
    apps: rows.flatMap(appsOf),
    show: 'listeners',
  });

  test('every two of them, as text', async () => {
    await expect(showCase(caseOf(interactions(2)))).toMatchFileSnapshot(
      join(import.meta.dirname, `${name}.out`),
    );
  });

  test('every three of them are accepted by haproxy -c without a warning, and nobody is left out', () => {
    const { rendering, diagnostics } = renderCase(caseOf(interactions(3)));
    // Neighbours are told what holds for them, too.
    expect(diagnostics.filter((it) => !it.startsWith('notice: /s'))).toEqual([]);
    expect(checkRendering(rendering, pems.directory)).toBe('');
  });
});
