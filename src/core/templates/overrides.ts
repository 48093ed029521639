/** Which templates hold for one service: a label's before the operator's. */
import type { Template } from '../model/replaced.ts';
import { isEmptyText } from './empty.ts';
import { withUnixBreaks } from './fragment.ts';
import type { FragmentSource, TemplateContext } from './context.ts';
import { ruleFor } from '../policy/policy.ts';
import type { GuardContext } from '../guard/guard.ts';
import type { Objection } from '../guard/objection.ts';
import { isTemplateName, templateSpec, type TemplateName } from '../model/template-names.ts';
import { rawTemplate, readTemplate, type TemplateFault } from './placeholders.ts';
import type { ServiceOverride } from './service-override.ts';

/** A template as its name asks for: raw, or with its placeholders. */
export function readOverride(name: TemplateName, text: string): Template | TemplateFault {
  const { placeholders } = templateSpec(name);
  const lines = withUnixBreaks(text);
  return placeholders === 'raw' ? rawTemplate(lines) : readTemplate(lines, placeholders);
}

/** What is wrong with a label, and whether the service can do without it. */
export type LabelFault = (severity: 'error' | 'warning', label: string, about: Objection) => void;

export function overridesOf(
  { definition, labels }: FragmentSource,
  context: TemplateContext,
  fault: LabelFault,
): Map<TemplateName, ServiceOverride> {
  const overrides = new Map<TemplateName, ServiceOverride>();
  for (const [name, override] of context.overrides)
    overrides.set(name, { ...override, byLabel: false, guard: undefined });
  const names = Object.keys(labels).filter(isTemplateName);
  if (names.length === 0) return overrides;
  const policy = context.policy();
  const rule = ruleFor(policy, definition.appId, 'labelTemplates');
  const mode = rule?.value ?? context.labelTemplates;
  const guard = mode === 'own-section' ? guardOf(definition, context) : undefined;
  const hostsRule = mode === 'own-section' ? ruleFor(policy, definition.appId, 'vhosts') : undefined;
  for (const name of names) {
    const place = `HAPROXY_${definition.portIndex}_${name}`;
    const reject = (about: Objection) => {
      fault('error', place, about);
    };
    const isEmpty = isEmptyText(labels[name] ?? '');
    // Other templates may have server lines, so that none for tasks is meant.
    if (isEmpty && templateSpec(name).empty.kind === 'own' && name !== 'BACKEND_SERVER_OPTIONS') {
      fault('warning', place, emptyHasNoEffect);
      continue;
    }
    // Closing a port of one's own takes no text.
    if (isEmpty && mode === 'off' && templateSpec(name).empty.kind === 'closes') continue;
    if (mode === 'off') {
      const remedy = 'drop the label, or ask the operator for a template';
      const where = rule === undefined ? 'here' : `by the policy for ${rule.prefix}`;
      reject({ reason: `templates in labels are not allowed ${where}`, remedy });
      continue;
    }
    if (!isEmpty && hostsRule !== undefined && templateSpec(name).section === 'shared') {
      reject({
        reason: `the policy for ${hostsRule.prefix} says which hosts are allowed, and a template for all could claim any`,
        remedy: `drop the label and name hosts with HAPROXY_${definition.portIndex}_VHOST`,
      });
      continue;
    }
    const template = readOverride(name, labels[name] ?? '');
    if ('reason' in template) {
      const { line, reason, remedy } = template;
      reject({ reason: line === 1 ? reason : `line ${line}: ${reason}`, remedy });
    } else overrides.set(name, { name, template, place, byLabel: true, guard });
  }
  return overrides;
}

export const emptyHasNoEffect: Objection = {
  reason: 'it is empty, which means the same as no label',
  remedy: 'drop the label; docs/templates.md has what an empty template means',
};

const guardOf = (
  { appId, servicePort, certificate, bindOptions }: FragmentSource['definition'],
  { fileFolders, certificateFolders, policy, ownAddresses = [] }: TemplateContext,
): GuardContext => ({
  ...{ servicePort, fileFolders, ownAddresses },
  certificateFolders: ruleFor(policy(), appId, 'certificates')?.value ?? certificateFolders,
  knownFiles: [
    ...(certificate === undefined ? [] : [certificate]),
    ...bindOptions.certificates,
    ...bindOptions.files,
  ],
});
