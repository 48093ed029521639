/** The templates that a label may replace for one port, as `HAPROXY_{n}_<NAME>`. */
import { templateNames, templateSpec, type TemplateName } from '../model/template-names.ts';

export const labelFragments: readonly TemplateName[] = templateNames.filter(
  (name) => templateSpec(name).perPort,
);
