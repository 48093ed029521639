/** What the templates of a service are made from. Types only. */
import type { HealthCheck } from '../model/model.ts';
import type { LabelTemplates, Policy } from '../policy/policy.ts';
import type { PlainDefinition } from './data.ts';
import type { TemplateName } from '../model/template-names.ts';
import type { Override } from '../model/replaced.ts';

export interface TemplateContext {
  /** The operator's, for all ports. */
  readonly overrides: ReadonlyMap<TemplateName, Override>;
  /** What `default-server` says in the operator's HEAD. */
  readonly serverDefaults: readonly string[];
  /** What labels may hold by default, where no policy says otherwise. */
  readonly labelTemplates: LabelTemplates;
  /** Where labels may name files, and by default certificates. */
  readonly fileFolders: readonly string[];
  readonly certificateFolders: readonly string[];
  readonly policy: () => Policy;
  /** Of this machine; they are no servers for labels to name. */
  readonly ownAddresses?: readonly string[];
}

export interface FragmentSource {
  readonly definition: PlainDefinition;
  /** The check that the definition's was made from. */
  readonly check: HealthCheck | undefined;
  /** As the labels have them. */
  readonly labels: Readonly<Partial<Record<TemplateName, string>>>;
}
