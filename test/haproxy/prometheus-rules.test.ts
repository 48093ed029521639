/** The alert rules that ship: only metrics that exist, expressions that Prometheus takes, something to do for each. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { createMetrics } from '../../src/observe/metrics.ts';

const file = join(import.meta.dirname, '../../haproxy/prometheus-rules.yaml');

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string };
}

const { groups } = parse(readFileSync(file, 'utf8')) as { groups: { name: string; rules: Rule[] }[] };
const rules = groups.flatMap((group) => group.rules);

const metrics = createMetrics({
  services: () => 0,
  servers: () => 0,
  places: () => [],
  spareBackends: () => undefined,
  unresolvedHosts: () => 0,
  diagnostics: () => ({ error: 0, warning: 0, notice: 0 }),
  clusters: () => [],
  hashes: () => ({ desired: 'a.b', running: 'c.d' }),
  state: () => 'ready',
  withheldChangeServers: () => 0,
  inSync: () => true,
  runtimeCommands: () => 0,
  oldWorkers: () => 0,
  oldWorkerConnections: () => 0,
});

test.each(rules.map((rule) => [rule.alert, rule] as const))('%s', async (_, rule) => {
  const known = new Set(
    [...(await metrics.text()).matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name]) => name),
  );
  const names = rule.expr.match(/\b(?:pacer_\w+|up)\b/g) ?? [];
  expect(names.length).toBeGreaterThan(0);
  for (const name of names) if (name !== 'up') expect(known).toContain(name.replace(/_bucket$/, ''));
  const open = rule.expr.match(/[([{]/g)?.length ?? 0;
  expect(rule.expr.match(/[)\]}]/g)?.length ?? 0).toBe(open);
  expect(rule.for ?? '1m').toMatch(/^\d+[smh]$/);
  expect(['page', 'warning']).toContain(rule.labels.severity);
  expect(rule.annotations.summary).not.toBe('');
  expect(rule.annotations.description).toMatch(/\.$/);
});

test('each alert has a different name', () => {
  expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
});

test('Prometheus itself accepts the rules, if promtool is installed', async ({ skip }) => {
  const { failed, stdout, stderr, code } = await execa('promtool', ['check', 'rules', file], {
    reject: false,
  });
  if (code === 'ENOENT') skip('promtool is not installed');
  expect(failed, stdout + stderr).toBe(false);
});

test('the desired and the running hash are metrics', async () => {
  const text = await metrics.text();
  expect(text).toContain('pacer_configuration_info{state="desired",hash="a.b"} 1');
  expect(text).toContain('pacer_configuration_info{state="running",hash="c.d"} 1');
});
