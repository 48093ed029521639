/** What was found, as people, programs, code scanners and GitHub read it. */
import { diagnosticCatalogue } from '../../core/model/diagnostic-codes.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { wrap } from '../terminal/table.ts';
import { oneLine } from '../terminal/text.ts';
import { counted } from '../terminal/words.ts';
import type { Finding, LintResult } from './finding.ts';

export const formats = ['human', 'json', 'sarif', 'github'] as const;
export type Format = (typeof formats)[number];

const looks = { error: 'red', warning: 'yellow', notice: 'dim' } as const;

export function human({ name, findings, outcomes }: LintResult, out: Terminal): string {
  const lines = findings.map((finding) => {
    const { position, severity, appId, label, portIndex, code, reason, remedy } = finding;
    const place = position === undefined ? name : `${name}:${position.line}:${position.column}`;
    const what = oneLine(label ?? (portIndex === undefined ? '' : `port ${portIndex}`));
    return `${place} ${out.paint(looks[severity], severity)} ${out.paint('bold', appId)} ${what}\n${wrap(`${reason}; ${remedy} [${code}]`, out, '    ')}`;
  });
  const exposed = outcomes.map(({ appId, portIndex, service, reason }) =>
    service === undefined
      ? `  ${appId} port ${portIndex}: ${oneLine(reason)}\n`
      : `  ${appId} port ${portIndex}: ${service.where.join(', ')}\n`,
  );
  const count = (severity: Finding['severity']) => findings.filter((it) => it.severity === severity).length;
  const [errors, warnings] = [count('error'), count('warning')];
  const summary = `${counted(errors, 'error')}, ${counted(warnings, 'warning')} in ${counted(new Set(outcomes.map(({ appId }) => appId)).size, 'app')}`;
  const colour = errors > 0 ? 'red' : warnings > 0 ? 'yellow' : 'green';
  return [...lines, ...exposed, `${out.paint(colour, summary)}\n`].join('');
}

export function json({ name, findings, outcomes }: LintResult): string {
  return `${JSON.stringify({ name, findings, apps: outcomes }, null, 2)}\n`;
}

/** Workflow commands of GitHub Actions. [github] docs: workflow-commands-for-github-actions */
export function github({ name, isFile, findings }: LintResult): string {
  const levels = { error: 'error', warning: 'warning', notice: 'notice' } as const;
  const text = (value: string) => value.replace(/%/g, '%25').replace(/\r/g, '%0D').replace(/\n/g, '%0A');
  const property = (value: string) => text(value).replace(/:/g, '%3A').replace(/,/g, '%2C');
  return findings
    .map(({ severity, position, appId, label, reason, remedy, code }) => {
      const place = [
        ...(isFile ? [`file=${property(name)}`] : []),
        ...(isFile && position !== undefined ? [`line=${position.line}`, `col=${position.column}`] : []),
        `title=${property(code)}`,
      ];
      const about = label === undefined ? appId : `${appId} ${label}`;
      return `::${levels[severity]} ${place.join(',')}::${text(`${about}: ${reason}; ${remedy}`)}\n`;
    })
    .join('');
}

/** [SARIF] 2.1.0, as GitHub's and others' code scanning takes it. */
export function sarif({ name, findings }: LintResult, version: string): string {
  const levels = { error: 'error', warning: 'warning', notice: 'note' } as const;
  const codes = [...new Set(findings.map(({ code }) => code))].sort();
  const rules = codes.map((id) => ({
    id,
    shortDescription: { text: diagnosticCatalogue[id].means },
    help: { text: diagnosticCatalogue[id].remedy },
  }));
  const results = findings.map(({ code, severity, appId, label, reason, remedy, position }) => ({
    ruleId: code,
    ruleIndex: codes.indexOf(code),
    level: levels[severity],
    message: { text: `${appId}${label === undefined ? '' : ` ${label}`}: ${reason}; ${remedy}` },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: encodeURI(name) },
          region: { startLine: position?.line ?? 1, startColumn: position?.column ?? 1 },
        },
        logicalLocations: [{ fullyQualifiedName: appId, ...(label === undefined ? {} : { name: label }) }],
      },
    ],
    // The same finding keeps its identity when lines move.
    partialFingerprints: { 'pacer/v1': [code, appId, label ?? ''].join(' ') },
  }));
  const driver = { name: 'pacer lint', version, rules };
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [{ tool: { driver }, results }],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}
