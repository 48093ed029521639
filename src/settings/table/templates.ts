/** Templates: the operator's, and what templates in labels may contain. */
import { define } from '../spec.ts';
import { list, oneOf, text } from '../values.ts';

/** Rows of the settings table. */
export const templatesSettings = {
  templates: define({
    flag: 'templates',
    argument: 'dir',
    schema: text,
    doc: "templates instead of Pacer's own: HAPROXY_<NAME> as for marathon-lb, or <fragment>.hbs",
  }),
  labelTemplates: define({
    flag: 'label-templates',
    argument: 'off|own-section|trusted',
    schema: oneOf('off', 'own-section', 'trusted'),
    default: 'own-section',
    doc: "templates in labels: refused; lines of the service's own sections only; or any text",
  }),
  labelFiles: define({
    flag: 'label-files',
    argument: 'dir...',
    schema: list,
    default: '/etc/haproxy/errors',
    doc: 'where templates in labels may name pages, lists and maps',
  }),
  labelCertificates: define({
    flag: 'label-certificates',
    argument: 'dir...',
    schema: list,
    doc: 'where labels may name certificates; by default HAPROXY_<n>_SSL_CERT and _BIND_OPTIONS anywhere, templates in /etc/ssl',
  }),
  policy: define({
    flag: 'policy',
    argument: 'file',
    schema: text,
    doc: 'what the apps below each prefix of ids may claim: hosts, ports, modes, templates, certificates, how much; read again when it changes',
  }),
} as const;
