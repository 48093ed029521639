/** Looks at an operator's template at start, with a service as any other: what is wrong with it is not an app's fault. */
import type { BackendName } from '../../core/model/ids.ts';
import { writeFragment } from '../../core/templates/fragment.ts';
import { templateSpec, type TemplateName } from '../../core/model/template-names.ts';
import {
  fillTemplate,
  textValue,
  wordsValue,
  type PlaceholderData,
} from '../../core/templates/placeholders.ts';
import type { Override } from '../../core/model/replaced.ts';
import { headOf } from '../../core/templates/section-head.ts';
import { readServerText } from '../../core/templates/server-text.ts';
import type { Translated } from '../../core/templates/service-override.ts';
import { PacerError } from '../../errors.ts';
import { frontendText } from './operator-section.ts';

const backend = 'sample_10000' as BackendName;

/** Templates of frontends of all. */
const frontends: ReadonlySet<TemplateName> = new Set([
  'HTTP_FRONTEND_HEAD',
  'HTTPS_FRONTEND_HEAD',
  'HTTP_FRONTEND_APPID_HEAD',
]);

/** Of placeholders whose value is more than any word. */
const samples: PlaceholderData = {
  backend: textValue(backend),
  hostname: textValue('www.example.com'),
  path: wordsValue('/path'),
  balance: wordsValue('roundrobin'),
  sslCert: wordsValue(' ssl crt /etc/ssl/cert.pem'),
  sslCerts: wordsValue('crt /etc/ssl/cert.pem'),
  bindOptions: wordsValue(''),
  bindOpts: wordsValue(''),
  healthCheckPath: textValue('/health'),
  healthCheckPortOptions: wordsValue(' port 8080'),
  proxypath: textValue('/path'),
  rootpath: textValue('/path'),
  redirpath: textValue('/path'),
};

/** @returns what was translated @throws PacerError OPERATOR_TEMPLATE_INVALID */
export function checkOverride(override: Override): string[] {
  const { name, template, place } = override;
  const { placeholders, section = 'backend' } = templateSpec(name);
  const data = {
    ...Object.fromEntries((placeholders === 'raw' ? [] : placeholders).map((it) => [it, textValue('10')])),
    ...samples,
  };
  const invalid = ({ reason, remedy }: { reason: string; remedy: string }) =>
    new PacerError('OPERATOR_TEMPLATE_INVALID', `${place}: ${reason}`, remedy);
  const said = (translated: readonly Translated[]) =>
    translated.map(({ from, to }) => `${place}: HAProxy has removed "${from}"; it is written as "${to}"`);
  if (name === 'BACKEND_SERVER_OPTIONS') {
    const found = readServerText(template, { cookie: '', check: ' check', other: '' });
    if ('reason' in found) throw invalid(found);
    const others = writeFragment(found.others, { section: 'backend', guard: undefined });
    if (!others.ok) throw invalid(others);
    return said(others.translated);
  }
  if (frontends.has(name)) frontendText(override, data);
  const head = headOf(name, { backend, mode: 'http' });
  const written = writeFragment(fillTemplate(template, data), { section, head, guard: undefined });
  if (!written.ok) throw invalid({ ...written, remedy: written.remedy.replaceAll(backend, '{backend}') });
  return said(written.translated);
}
